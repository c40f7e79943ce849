/*
 * many_to_many: N senders and M receivers at one object; each message is received by one of the
 * receivers. One iteration is N * M messages: every sender sends M. The time begins with the first
 * sender and ends when all receivers together have everything.
 */
#include "workload/shared_end.h"

const struct workload workload_many_to_many = {
	.name = "many_to_many",
	.summary = "N senders, M receivers that share the messages",
	.unit = "message one way",
	.direction = "one way",
	.throughput = true,
	.all_end = true,
	.family = &family_transport,
	.needs = TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS,
	.needs_size = true,
	.params = {{PARAM_SENDERS, "2 4"}, {PARAM_RECEIVERS, "2 4"}},
	.operations = shared_end_messages,
	.run = shared_end_run,
	.conclude = shared_end_conclude,
};
