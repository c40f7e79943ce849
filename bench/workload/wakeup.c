/*
 * wakeup: the pair is idle for a gap, then side 0 sends one message and waits for the answer; one
 * iteration is one such round trip, and only that is measured. What a single, occasional message
 * costs: the peer has gone to sleep, its CPU perhaps into an idle state, and caches have cooled.
 * A hot ping-pong hides all three. Every sample is one round trip: the clock's cost (some ten ns)
 * is nothing beside a wake-up.
 */
#include "harness/cell.h"
#include "workload/loop.h"

/* The time is spent in gaps: so many round trips, whatever the clock says. */
#define WAKEUP_BUDGET_NS (60 * NS_PER_MS)
enum { WAKEUP_MIN = 3, WAKEUP_MAX = 400 };

static uint64_t iterations(const struct cell *cell)
{
	int64_t n = WAKEUP_BUDGET_NS / cell->params[PARAM_GAP];

	return (uint64_t)(n < WAKEUP_MIN ? WAKEUP_MIN : n > WAKEUP_MAX ? WAKEUP_MAX : n);
}

static int initiate(struct load *load)
{
	const struct transport *transport = load->channel->transport;
	void *state = load->channel->state;
	int64_t next = clock_ns();

	load->begin_ns = next;
	for (uint64_t i = 0; i < load->iterations; i++) {
		next += load->params[PARAM_GAP];
		clock_sleep_until(next);
		loop_write(load, load->touch, i);
		uint64_t before = cycles_now();
		int r = transport->send(state, load->message, load->size_bytes);
		if (r >= 0)
			r = transport->recv(state, load->message, load->size_bytes);
		if (r < 0)
			return r;
		int64_t ps = cycles_to_ps(cycles_now() - before);
		loop_read(load, load->touch);
		if (load->hist)
			hist_record(load->hist, ps, 1);
		load->busy_ns += ps / 1000;
		next = clock_ns();
	}
	load->end_ns = clock_ns();
	return 0;
}

static int wakeup_run(struct load *load)
{
	return load->side == 0 ? initiate(load) : loop_answer(load, load->touch);
}

const struct workload workload_wakeup = {
	.name = "wakeup",
	.summary = "a round trip after the pair has been idle for a gap",
	.unit = "round trip after the gap",
	.direction = "round trip",
	.family = &family_transport,
	.needs_size = true,
	.params = {{PARAM_GAP, "10us 100us 1ms 10ms 100ms 1s"}},
	.iterations = iterations,
	.run = wakeup_run,
};
