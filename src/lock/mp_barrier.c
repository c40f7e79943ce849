/*
 * mp_barrier: libmp's barrier. Each party holds a place while it waits, so that the others learn of
 * its death; the last to come opens the next round.
 */
#include "base/error.h"
#include "lock/area.h"
#include "mp/barrier.h"

static int subject_open(void *state, const struct lock_options *options)
{
	const struct area *area = state;
	int r = area_open_bytes(state, options, mp_barrier_size(options->sides));

	if (r >= 0)
		r = mp_barrier_init(area->memory.data, options->sides);
	return trace(r);
}

static int arrive(void *state)
{
	const struct area *area = state;
	int r = mp_barrier_wait(area->memory.data, MP_FOREVER);

	/* Else how many came before. */
	return r < 0 ? r : 0;
}

const struct lock lock_mp_barrier = {
	.name = "mp_barrier",
	.summary = "libmp's barrier",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_BARRIER,
	.state_bytes = sizeof(struct area),
	.open = subject_open,
	.attach = area_attach,
	.arrive = arrive,
	.close = area_close,
};
