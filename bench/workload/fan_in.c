/*
 * fan_in: N senders, one receiver, over the one object that they share; one iteration is one
 * message of every sender, so the figures are per N messages and the rates per message. Subjects
 * must keep the messages of several senders whole (MANY_SENDERS).
 */
#include "harness/cell.h"
#include "workload/one_way.h"

static uint64_t senders(const struct cell *cell)
{
	return (uint64_t)cell->params[PARAM_SENDERS];
}

const struct workload workload_fan_in = {
	.name = "fan_in",
	.summary = "N senders, one receiver",
	.unit = "message one way",
	.direction = "one way",
	.throughput = true,
	.family = &family_transport,
	.needs = TRANSPORT_MANY_SENDERS,
	.needs_size = true,
	.params = {{PARAM_SENDERS, "2 4"}},
	.operations = senders,
	.run = one_way_run,
};
