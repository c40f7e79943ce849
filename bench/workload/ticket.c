/*
 * ticket: a sale of few tickets to many buyers, each a process or thread of its own. The measured
 * time is from the opening of the office until the last buyer has left, without their start; those
 * that cannot be there at once come in waves. An operation is one buyer's visit.
 */
#include "harness/cell.h"
#include "harness/scenario.h"

static uint64_t visits(const struct cell *cell)
{
	return (uint64_t)cell->params[PARAM_BUYERS];
}

/* Some hundred starts are enough for a process run. */
static uint64_t iterations(const struct cell *cell)
{
	int64_t n = 100 / cell->params[PARAM_BUYERS];

	return n < 1 ? 1 : (uint64_t)n;
}

const struct workload workload_ticket = {
	.name = "ticket",
	.summary = "few tickets, many buyers: oversold without a lock, never with",
	.unit = "sale",
	.direction = "per operation",
	.family = &family_scenario,
	.needs = SCENARIO_TICKET,
	.params = {{PARAM_BUYERS, "10 100 1000"}, {PARAM_TICKETS, "5"}, {PARAM_LOCK, "on off"}},
	.operations = visits,
	.iterations = iterations,
	.run = scenario_run,
};
