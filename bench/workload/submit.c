/*
 * submit: one task that does nothing is handed over, and its result waited for: the round trip of
 * a task through a pool that is always awake. A pool whose caller works may do the task itself,
 * which is then what this measures. After a pause: submit_idle.
 */
#include <errno.h>

#include "base/error.h"
#include "pool/pool.h"
#include "workload/loop.h"

static uint64_t next(uint64_t argument)
{
	return argument + 1;
}

static int run(struct load *load)
{
	const struct pool *pool = load->pool;
	uint64_t result = 0;

	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = pool->run(load->state, next, result, &result);
		if (r < 0)
			return trace(r);
	});
	load->end_ns = clock_ns();
	/* Each task had the result of the one before. */
	return result == load->iterations ? 0 : fail(-EPROTO, "a task was lost, or done twice");
}

const struct workload workload_submit = {
	.name = "submit",
	.summary = "one task that does nothing, there and back",
	.unit = "round trip",
	.direction = "round trip",
	.family = &family_pool,
	.needs = POOL_RUN,
	.params = {{PARAM_WORKERS, "2"}},
	.run = run,
};
