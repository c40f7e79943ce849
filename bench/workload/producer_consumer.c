/*
 * producer_consumer: the caller produces items, consumers consume them, and all come to an end. The
 * measured time is from the first item until the last consumer has got its sentinel, or join() has
 * returned; a sample is the time of a put, or the mean of a batch.
 */
#include <string.h>

#include "harness/cell.h"
#include "harness/scenario.h"

static const char *unfit(const struct cell *cell)
{
	if (cell->params[PARAM_CONSUMERS] > SCENARIO_CREW_MAX)
		return "there are at most 250 consumers";
	if (cell->params[PARAM_END] == PARAM_END_JOIN &&
		strcmp(cell->subject.name, "mp_joinable_queue") != 0)
		return "it has no join()";
	return NULL;
}

const struct workload workload_producer_consumer = {
	.name = "producer_consumer",
	.summary = "one producer, many consumers, ended by sentinels or by join()",
	.unit = "item",
	.direction = "one way",
	.family = &family_scenario,
	.needs = SCENARIO_CONSUMERS,
	.throughput = true,
	.params = {{PARAM_CONSUMERS, "1 4 16"}, {PARAM_END, "sentinel join"}},
	.unfit = unfit,
	.run = scenario_run,
};
