#pragma once
/*
 * A decorator: a transport that works as `pipe` does, but whose side 0 is busy for DELAY_NS before
 * each send. An honest instrument shows just that much more.
 */
#include "transport/transport.h"

#define DELAY_NS INT64_C(10000)

extern const struct transport transport_delay;
