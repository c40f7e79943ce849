/*
 * spinlock: test and test-and-set with a pause, as everybody writes it. Who waits reads its own
 * copy of the line until it changes, and never sleeps: nothing is faster while every side has a
 * CPU of its own, and on a shared one each wait burns the rest of a time slice. It hangs, at full
 * load, when the holder dies.
 */
#include <stdatomic.h>

#include "lock/area.h"
#include "os/waiter.h"

struct cell {
	_Atomic uint32_t is_held;
	int64_t value;
};

static int spinlock_open(void *state, const struct lock_options *options)
{
	return area_open(state, options);
}

static int spinlock_acquire(void *state)
{
	struct cell *cell = area_lock(state);

	while (atomic_exchange_explicit(&cell->is_held, 1, memory_order_acquire))
		while (atomic_load_explicit(&cell->is_held, memory_order_relaxed))
			waiter_pause();
	return 0;
}

static int spinlock_release(void *state)
{
	struct cell *cell = area_lock(state);

	atomic_store_explicit(&cell->is_held, 0, memory_order_release);
	return 0;
}

static int spinlock_post(void *state, unsigned to)
{
	_Atomic uint32_t *is_given = area_signal(state, to);

	atomic_store_explicit(is_given, 1, memory_order_release);
	return 0;
}

/* At most one signal is outstanding: taking it needs no read-modify-write. */
static int spinlock_wait(void *state)
{
	const struct area *area = state;
	_Atomic uint32_t *is_given = area_signal(state, area->side);

	while (!atomic_load_explicit(is_given, memory_order_acquire))
		waiter_pause();
	atomic_store_explicit(is_given, 0, memory_order_relaxed);
	return 0;
}

/* As word_arrive(), without the kernel. */
static int spinlock_arrive(void *state)
{
	const struct area *area = state;
	_Atomic uint32_t *arrivals = area_arrivals(state), *generation = area_generation(state);
	uint32_t mine = atomic_load_explicit(generation, memory_order_relaxed);

	if (atomic_fetch_add_explicit(arrivals, 1, memory_order_acq_rel) + 1 == area->sides) {
		atomic_store_explicit(arrivals, 0, memory_order_relaxed);
		atomic_store_explicit(generation, mine + 1, memory_order_release);
		return 0;
	}
	while (atomic_load_explicit(generation, memory_order_acquire) == mine)
		waiter_pause();
	return 0;
}

static int spinlock_add(void *state, int64_t n)
{
	struct cell *cell = area_lock(state);

	return area_add(spinlock_acquire, spinlock_release, state, &cell->value, n);
}

static int spinlock_value(void *state, int64_t *ret_value)
{
	struct cell *cell = area_lock(state);

	return area_value(spinlock_acquire, spinlock_release, state, &cell->value, ret_value);
}

const struct lock lock_spinlock = {
	.name = "spinlock",
	.summary = "test-and-set words, spinning for ever",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_BARRIER |
			LOCK_COUNTER | LOCK_SPINS,
	.state_bytes = sizeof(struct area),
	.open = spinlock_open,
	.attach = area_attach,
	.acquire = spinlock_acquire,
	.release = spinlock_release,
	.post = spinlock_post,
	.wait = spinlock_wait,
	.arrive = spinlock_arrive,
	.add = spinlock_add,
	.value = spinlock_value,
	.close = area_close,
};
