/*
 * pingpong: side 0 sends a message and waits for the answer of the same size; one iteration is one
 * round trip. The latency of a pair that is always awake: what a message costs after a pause is
 * `wakeup`.
 */
#include "workload/loop.h"

static inline __attribute__((always_inline)) int initiate(struct load *load, enum touch touch)
{
	const struct loop_calls call = loop_calls(load);
	uint64_t number = 0;
	int r;

	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		loop_write(load, touch, ++number);
		r = call.send(call.state, call.message, call.n);
		if (r < 0)
			return r;
		r = call.recv(call.state, call.message, call.n);
		if (r < 0)
			return r;
		loop_read(load, touch);
	});
	load->end_ns = clock_ns();
	return 0;
}

static int pingpong_run(struct load *load)
{
	return load->side == 0 ? LOOP_BY_TOUCH(initiate, load) : LOOP_BY_TOUCH(loop_answer, load);
}

const struct workload workload_pingpong = {
	.name = "pingpong",
	.summary = "a message there and back",
	.unit = "round trip",
	.direction = "round trip",
	.family = &family_transport,
	.needs_size = true,
	.run = pingpong_run,
};
