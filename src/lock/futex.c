/*
 * futex: words in shared memory and the bare system call, nothing else: who has to wait sleeps at
 * once. The least that a lock, a signal or a barrier costs which never burns a CPU; and it knows no
 * holder, so one that is killed keeps it for ever.
 */
#include "lock/area.h"
#include "lock/word.h"

enum { NEVER_SPIN = 0 };

struct cell {
	_Atomic uint32_t word;
	int64_t value;
};

static int futex_open(void *state, const struct lock_options *options)
{
	return area_open(state, options);
}

static int futex_acquire(void *state)
{
	struct cell *cell = area_lock(state);

	word_acquire(&cell->word, NEVER_SPIN);
	return 0;
}

static int futex_release(void *state)
{
	struct cell *cell = area_lock(state);

	word_release(&cell->word);
	return 0;
}

static int futex_post(void *state, unsigned to)
{
	word_post(area_signal(state, to));
	return 0;
}

static int futex_take(void *state)
{
	const struct area *area = state;

	word_wait(area_signal(state, area->side), NEVER_SPIN);
	return 0;
}

static int futex_arrive(void *state)
{
	const struct area *area = state;

	word_arrive(area_arrivals(state), area_generation(state), area->sides, NEVER_SPIN);
	return 0;
}

static int futex_add(void *state, int64_t n)
{
	struct cell *cell = area_lock(state);

	return area_add(futex_acquire, futex_release, state, &cell->value, n);
}

static int futex_value(void *state, int64_t *ret_value)
{
	struct cell *cell = area_lock(state);

	return area_value(futex_acquire, futex_release, state, &cell->value, ret_value);
}

const struct lock lock_futex = {
	.name = "futex",
	.summary = "bare futex words, without spinning",
	.capabilities =
		LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_BARRIER | LOCK_COUNTER,
	.state_bytes = sizeof(struct area),
	.open = futex_open,
	.attach = area_attach,
	.acquire = futex_acquire,
	.release = futex_release,
	.post = futex_post,
	.wait = futex_take,
	.arrive = futex_arrive,
	.add = futex_add,
	.value = futex_value,
	.close = area_close,
};
