#pragma once
/*
 * Waiting for a word in shared memory, or for a descriptor: the one way to do it.
 */
#include <stdint.h>

/* How a side waits. SPIN_THEN_PARK, the default, knows whether the peer runs on another CPU and
 * spins only where that can pay, for a bounded time learned from how long waits last. */
enum waiter_strategy {
	WAITER_SPIN_THEN_PARK,
	WAITER_SPIN,
	WAITER_YIELD,
	WAITER_PARK,
	WAITER_STRATEGY_COUNT,
};
