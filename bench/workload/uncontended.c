/*
 * uncontended: one side acquires and releases, and nobody else wants it; the lock's line stays in
 * this CPU's cache. What every section pays.
 */
#include "lock/lock.h"
#include "workload/loop.h"

static int uncontended_run(struct load *load)
{
	int (*acquire)(void *) = load->lock->acquire;
	int (*release)(void *) = load->lock->release;
	void *state = load->state;

	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = acquire(state);
		if (r >= 0)
			r = release(state);
		if (r < 0)
			return r;
	});
	load->end_ns = clock_ns();
	return 0;
}

const struct workload workload_uncontended = {
	.name = "uncontended",
	.summary = "acquire and release by one side alone",
	.unit = "acquire and release",
	.direction = "per operation",
	.family = &family_lock,
	.needs = LOCK_MUTEX,
	.sides = 1,
	.run = uncontended_run,
};
