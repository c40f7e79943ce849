/*
 * fan_in: N senders, one receiver, over the one object that they share; one iteration is one
 * message of every sender, so the figures are per N messages and the rates per message. Subjects
 * must keep the messages of several senders whole (MANY_SENDERS).
 */
#include "workload/one_way.h"

const struct workload workload_fan_in = {
	.name = "fan_in",
	.summary = "N senders, one receiver",
	.unit = "message one way",
	.direction = "one way",
	.throughput = true,
	.needs_senders = true,
	.needs = TRANSPORT_MANY_SENDERS,
	.run = one_way_run,
};
