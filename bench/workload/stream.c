/*
 * stream: side 1 sends as fast as side 0 receives; one iteration is one message, one way. The time
 * runs from the first send to the moment when the receiver has everything: a clock that stops at
 * the last write measures buffers. A sample is the time between two arrivals.
 */
#include "workload/one_way.h"

const struct workload workload_stream = {
	.name = "stream",
	.summary = "messages one way, until the receiver has them all",
	.unit = "message one way",
	.direction = "one way",
	.throughput = true,
	.family = &family_transport,
	.needs_size = true,
	.run = one_way_run,
};
