#pragma once
/*
 * One way, any number of senders: the loops of `stream` and `fan_in`. Senders send load->iterations
 * messages each; side 0 receives all of them. The measured time ends when side 0 has everything.
 */
#include "workload/loop.h"

static inline __attribute__((always_inline)) int receive(struct load *load, enum touch touch)
{
	const struct loop_calls call = loop_calls(load);
	uint64_t count = load->iterations * (load->sides - 1);
	int r;

	/* The first sender begins; but who receives from nobody is done before. */
	if (load->channel->transport->capabilities & TRANSPORT_BASELINE)
		load->begin_ns = clock_ns();

	LOOP_BATCHES(load, count, {
		r = call.recv(call.state, call.message, call.n);
		if (r < 0)
			return r;
		loop_read(load, touch);
	});
	load->end_ns = clock_ns();
	return 0;
}

static inline __attribute__((always_inline)) int transmit(struct load *load, enum touch touch)
{
	const struct loop_calls call = loop_calls(load);

	load->begin_ns = clock_ns();
	for (uint64_t i = 0; i < load->iterations; i++) {
		loop_write(load, touch, i);
		int r = call.send(call.state, call.message, call.n);
		if (r < 0)
			return r;
	}
	return 0;
}

static inline int one_way_run(struct load *load)
{
	return load->side == 0 ? LOOP_BY_TOUCH(receive, load) : LOOP_BY_TOUCH(transmit, load);
}
