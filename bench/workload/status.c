/*
 * status: a worker's progress is watched, and the worker ended when its time is up. What is
 * measured is how long that takes: from the decision until it is gone and reaped.
 */
#include "harness/cell.h"
#include "harness/scenario.h"

/* Each takes its worker's time. */
static uint64_t iterations(const struct cell *cell)
{
	(void)cell;
	return 5;
}

const struct workload workload_status = {
	.name = "status",
	.summary = "a worker is watched, and ended after its deadline",
	.unit = "worker ended",
	.direction = "per operation",
	.family = &family_scenario,
	.needs = SCENARIO_STATUS,
	.iterations = iterations,
	.run = scenario_run,
};
