/*
 * barrier: all sides arrive, all go on, again and again, with nothing in between. One iteration is
 * one barrier.
 */
#include "lock/lock.h"
#include "workload/loop.h"

static int barrier_run(struct load *load)
{
	int (*arrive)(void *) = load->lock->arrive;
	void *state = load->state;

	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = arrive(state);
		if (r < 0)
			return r;
	});
	load->end_ns = clock_ns();
	return 0;
}

const struct workload workload_barrier = {
	.name = "barrier",
	.summary = "all sides wait for each other",
	.unit = "barrier",
	.direction = "per operation",
	.family = &family_lock,
	.needs = LOCK_BARRIER,
	.params = {{PARAM_CONTENDERS, "2 4"}},
	.run = barrier_run,
};
