/*
 * futex_spin: as futex, but who has to wait looks at the word for 100 turns (some 2.5 us) before
 * it sleeps, wherever the holder runs. Enough for sections shorter than a wake-up, and a waste
 * where the holder is on the same CPU, or is not running.
 */
#include "lock/area.h"
#include "lock/word.h"

enum { SPINS = 100 };

struct cell {
	_Atomic uint32_t word;
	int64_t value;
};

static int futex_spin_open(void *state, const struct lock_options *options)
{
	return area_open(state, options);
}

static int futex_spin_acquire(void *state)
{
	struct cell *cell = area_lock(state);

	word_acquire(&cell->word, SPINS);
	return 0;
}

static int futex_spin_release(void *state)
{
	struct cell *cell = area_lock(state);

	word_release(&cell->word);
	return 0;
}

static int futex_spin_post(void *state, unsigned to)
{
	word_post(area_signal(state, to));
	return 0;
}

static int futex_spin_take(void *state)
{
	const struct area *area = state;

	word_wait(area_signal(state, area->side), SPINS);
	return 0;
}

static int futex_spin_arrive(void *state)
{
	const struct area *area = state;

	word_arrive(area_arrivals(state), area_generation(state), area->sides, SPINS);
	return 0;
}

static int futex_spin_add(void *state, int64_t n)
{
	struct cell *cell = area_lock(state);

	return area_add(futex_spin_acquire, futex_spin_release, state, &cell->value, n);
}

static int futex_spin_value(void *state, int64_t *ret_value)
{
	struct cell *cell = area_lock(state);

	return area_value(futex_spin_acquire, futex_spin_release, state, &cell->value, ret_value);
}

const struct lock lock_futex_spin = {
	.name = "futex_spin",
	.summary = "bare futex words, after 100 turns of spinning",
	.capabilities =
		LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_BARRIER | LOCK_COUNTER,
	.state_bytes = sizeof(struct area),
	.open = futex_spin_open,
	.attach = area_attach,
	.acquire = futex_spin_acquire,
	.release = futex_spin_release,
	.post = futex_spin_post,
	.wait = futex_spin_take,
	.arrive = futex_spin_arrive,
	.add = futex_spin_add,
	.value = futex_spin_value,
	.close = area_close,
};
