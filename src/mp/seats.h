#pragma once
/*
 * Where those who wait for an object sleep, and where those who wake them were last seen: the
 * inside of semaphore.h, event.h and so on. Nothing here is for users.
 */
#include "mp/base.h"

/* Each half is a struct waiter_seat (os/waiter.h). */
struct mp_seats_ {
	_Alignas(64) unsigned char waiting_[64];
	unsigned char notifying_[64];
};
