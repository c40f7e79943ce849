/*
 * submit_idle: as submit, after the pool was idle for a gap: its workers have gone to sleep, their
 * CPUs perhaps into an idle state. Only the round trip is measured, each as a sample of its own.
 */
#include <errno.h>

#include "base/error.h"
#include "harness/cell.h"
#include "pool/pool.h"
#include "workload/loop.h"

/* The time is spent in gaps: so many round trips, whatever the clock says. */
#define IDLE_BUDGET_NS (60 * NS_PER_MS)
enum { IDLE_MIN = 3, IDLE_MAX = 400 };

static uint64_t next(uint64_t argument)
{
	return argument + 1;
}

static uint64_t iterations(const struct cell *cell)
{
	int64_t n = IDLE_BUDGET_NS / cell->params[PARAM_GAP];

	return (uint64_t)(n < IDLE_MIN ? IDLE_MIN : n > IDLE_MAX ? IDLE_MAX : n);
}

static int run(struct load *load)
{
	const struct pool *pool = load->pool;
	int64_t begin = clock_ns();
	uint64_t result = 0;

	load->begin_ns = begin;
	for (uint64_t i = 0; i < load->iterations; i++) {
		clock_sleep_until(begin + load->params[PARAM_GAP]);
		uint64_t before = cycles_now();
		int r = pool->run(load->state, next, result, &result);
		int64_t ps = cycles_to_ps(cycles_now() - before);
		if (r < 0)
			return trace(r);
		if (load->hist)
			hist_record(load->hist, ps, 1);
		load->busy_ns += ps / 1000;
		begin = clock_ns();
	}
	load->end_ns = clock_ns();
	return result == load->iterations ? 0 : fail(-EPROTO, "a task was lost, or done twice");
}

const struct workload workload_submit_idle = {
	.name = "submit_idle",
	.summary = "one task there and back, after the pool has been idle for a gap",
	.unit = "round trip after the gap",
	.direction = "round trip",
	.family = &family_pool,
	.needs = POOL_RUN,
	.params = {{PARAM_GAP, "100us 1ms 10ms"}, {PARAM_WORKERS, "2"}},
	.iterations = iterations,
	.run = run,
};
