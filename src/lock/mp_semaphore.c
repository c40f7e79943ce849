/*
 * mp_semaphore: libmp's semaphores, one with the value 1 as a lock, one for each side as its
 * signal. They wait as all of libmp does: spin where that can pay, then sleep. A semaphore has no
 * holder: who dies inside keeps it.
 */
#include "base/error.h"
#include "lock/area.h"
#include "mp/semaphore.h"

struct cells {
	struct mp_semaphore lock;
	int64_t value;
	struct mp_semaphore signals[];
};

static struct cells *cells_of(void *state)
{
	const struct area *area = state;

	return area->memory.data;
}

static int subject_open(void *state, const struct lock_options *options)
{
	struct cells *cells;
	int r = area_open_bytes(
		state, options, sizeof(*cells) + options->sides * sizeof(cells->signals[0]));

	if (r < 0)
		return trace(r);
	cells = cells_of(state);
	r = mp_semaphore_init(&cells->lock, 1);
	for (unsigned i = 0; i < options->sides && r >= 0; i++)
		r = mp_semaphore_init(&cells->signals[i], 0);
	return trace(r);
}

static int acquire(void *state)
{
	return mp_semaphore_acquire(&cells_of(state)->lock);
}

static int release(void *state)
{
	return mp_semaphore_release(&cells_of(state)->lock);
}

static int post(void *state, unsigned to)
{
	return mp_semaphore_release(&cells_of(state)->signals[to]);
}

static int take(void *state)
{
	const struct area *area = state;

	return mp_semaphore_acquire(&cells_of(state)->signals[area->side]);
}

static int add(void *state, int64_t n)
{
	return area_add(acquire, release, state, &cells_of(state)->value, n);
}

static int value(void *state, int64_t *ret_value)
{
	return area_value(acquire, release, state, &cells_of(state)->value, ret_value);
}

const struct lock lock_mp_semaphore = {
	.name = "mp_semaphore",
	.summary = "libmp's semaphores",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_COUNTER,
	.state_bytes = sizeof(struct area),
	.open = subject_open,
	.attach = area_attach,
	.acquire = acquire,
	.release = release,
	.post = post,
	.wait = take,
	.add = add,
	.value = value,
	.close = area_close,
};
