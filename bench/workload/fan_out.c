/*
 * fan_out: one sender, N receivers at the one object that they share; each message is received by
 * one of them, whichever takes it first. One iteration is N messages, so the figures are per N
 * messages and the rates per message. The time ends when all receivers together have everything.
 */
#include "workload/shared_end.h"

const struct workload workload_fan_out = {
	.name = "fan_out",
	.summary = "one sender, N receivers that share the messages",
	.unit = "message one way",
	.direction = "one way",
	.throughput = true,
	.all_end = true,
	.family = &family_transport,
	.needs = TRANSPORT_MANY_RECEIVERS,
	.needs_size = true,
	.params = {{PARAM_RECEIVERS, "2 4"}},
	.operations = shared_end_messages,
	.run = shared_end_run,
	.conclude = shared_end_conclude,
};
