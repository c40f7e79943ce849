/*
 * terminal: workers write lines to one terminal. The measured time is from the first line until the
 * caller has read the last one; a sample is the time between two lines, or the mean of those that
 * came together.
 */
#include "harness/scenario.h"

const struct workload workload_terminal = {
	.name = "terminal",
	.summary = "workers write lines to one place: torn without a lock, whole with",
	.unit = "line",
	.direction = "per operation",
	.family = &family_scenario,
	.needs = SCENARIO_TERMINAL,
	.params = {{PARAM_WORKERS, "4"}, {PARAM_LOCK, "on off"}},
	.run = scenario_run,
};
