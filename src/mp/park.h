#pragma once
/*
 * How libmp waits: what all its objects share of it. Private to libmp.
 *
 * Each thread has one struct waiter (os/waiter.h), in which it learns how long its waits last: it
 * spins only where that can pay, for a bounded time, then sleeps.
 */
#include "base/clock.h"
#include "mp/base.h"
#include "os/waiter.h"

/* This thread's. */
struct waiter *mp_waiter(void);

/* Whether the machine has more than one CPU: else whoever is waited for cannot run while we spin.
 */
bool mp_spinning_pays(void);

static inline int64_t mp_deadline(int64_t timeout_ns)
{
	return timeout_ns < 0 ? DEADLINE_NEVER : clock_ns() + timeout_ns;
}
