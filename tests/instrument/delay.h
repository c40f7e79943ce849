#pragma once
/*
 * A decorator: a transport that works as `shm_spin` does, but whose side 0 is busy for DELAY_NS
 * before each send. An honest instrument shows just that much more. Not over a pipe: the wake-up
 * that follows 10 µs of work really takes 0.3 to 0.5 µs longer than one in a tight loop.
 */
#include "transport/transport.h"

#define DELAY_NS INT64_C(10000)

extern const struct transport transport_delay;
