/*
 * atomic: a counter without a lock, one read-modify-write instruction. The limit of what a shared
 * counter can do; nothing to hold, so nothing to lose when a side dies.
 */
#include <stdatomic.h>

#include "lock/area.h"

static int atomic_open(void *state, const struct lock_options *options)
{
	return area_open(state, options);
}

static int atomic_add(void *state, int64_t n)
{
	_Atomic int64_t *value = area_lock(state);

	/* A counter orders nothing else. */
	atomic_fetch_add_explicit(value, n, memory_order_relaxed);
	return 0;
}

static int atomic_value(void *state, int64_t *ret_value)
{
	_Atomic int64_t *value = area_lock(state);

	*ret_value = atomic_load_explicit(value, memory_order_relaxed);
	return 0;
}

const struct lock lock_atomic = {
	.name = "atomic",
	.summary = "an atomic counter: one instruction",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_COUNTER,
	.state_bytes = sizeof(struct area),
	.open = atomic_open,
	.attach = area_attach,
	.add = atomic_add,
	.value = atomic_value,
	.close = area_close,
};
