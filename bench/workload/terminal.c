/*
 * terminal: workers write pages of lines to one terminal. The measured time is from the first line
 * until the caller has read the last one; a sample is the time between two lines, or the mean of
 * those that came together.
 */
#include "harness/cell.h"
#include "harness/scenario.h"

/* A line of each would hardly be a chance to come between two others. */
static uint64_t lines(const struct cell *cell)
{
	return (uint64_t)cell->params[PARAM_WORKERS] * SCENARIO_PAGE_LINES;
}

const struct workload workload_terminal = {
	.name = "terminal",
	.summary = "workers write lines to one place: torn without a lock, whole with",
	.unit = "line",
	.direction = "one way",
	.family = &family_scenario,
	.needs = SCENARIO_TERMINAL,
	.throughput = true,
	.params = {{PARAM_WORKERS, "4"}, {PARAM_LOCK, "on off"}},
	.operations = lines,
	.run = scenario_run,
};
