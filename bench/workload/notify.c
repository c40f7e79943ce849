/*
 * notify: one side posts a signal to the other and waits for its answer: events, conditions and
 * semaphores as programs use them to wake each other. One iteration is one round trip, two posts
 * and two waits.
 */
#include "lock/lock.h"
#include "workload/loop.h"

static int initiate(struct load *load)
{
	int (*post)(void *, unsigned) = load->lock->post;
	int (*wait)(void *) = load->lock->wait;
	void *state = load->state;

	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = post(state, 1);
		if (r >= 0)
			r = wait(state);
		if (r < 0)
			return r;
	});
	load->end_ns = clock_ns();
	return 0;
}

static int answer(struct load *load)
{
	int (*post)(void *, unsigned) = load->lock->post;
	int (*wait)(void *) = load->lock->wait;
	void *state = load->state;

	for (uint64_t i = 0; i < load->iterations; i++) {
		int r = wait(state);
		if (r >= 0)
			r = post(state, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

static int notify_run(struct load *load)
{
	return load->side == 0 ? initiate(load) : answer(load);
}

const struct workload workload_notify = {
	.name = "notify",
	.summary = "a signal there and one back",
	.unit = "round trip",
	.direction = "round trip",
	.family = &family_lock,
	.needs = LOCK_SIGNAL,
	.sides = 2,
	.run = notify_run,
};
