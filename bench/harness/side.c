#include "harness/side.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "os/futex.h"
#include "topo/bind.h"

int side_init(struct side *side)
{
	struct side_report *report = &side->board->reports[side->index];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (side->cell->size_bytes + page - 1) / page * page;

	int r = bind_cpu(side->topo, side->cpu);
	if (r < 0)
		return trace(r);
	side->message = aligned_alloc(page, bytes);
	if (!side->message)
		return fail(-ENOMEM, "no memory for a message of %zu bytes", bytes);
	/* Touched now, so that no page fault is measured. */
	memset(side->message, (int)side->index, bytes);
	report->facts.pid = getpid();
	report->facts.tid = gettid();
	report->facts.wanted_cpu = side->cpu;
	r = channel_attach(side->channel, side->index);
	if (r < 0)
		return trace(r);
	atomic_store(&report->ready, 1);
	futex_wake(&report->ready, 1);
	return 0;
}

void side_deinit(struct side *side)
{
	channel_close(side->channel);
	free(side->message);
	side->message = NULL;
}

/* ---- the exchange of patterns, outside the timed part ---- */

/* The bytes that side `from` sends: the first one tells the sender even in a message of 1 byte, the
 * others are a stream keyed by seed and sender (splitmix64, Steele et al. 2014). */
static void pattern_fill(unsigned char *bytes, size_t n, uint64_t seed, unsigned from)
{
	uint64_t state = seed + from * UINT64_C(0xd1342543de82ef95), word = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % sizeof(word) == 0) {
			state += UINT64_C(0x9e3779b97f4a7c15);
			word = state;
			word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
			word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
			word ^= word >> 31;
		}
		bytes[i] = (unsigned char)(word >> (8 * (i % sizeof(word))));
	}
	bytes[0] = (unsigned char)(seed + from);
}

static int send_pattern(struct side *side)
{
	pattern_fill(side->message, side->cell->size_bytes, side->board->seed, side->index);
	int r = side->channel->transport->send(
		side->channel->state, side->message, side->cell->size_bytes);
	return r < 0 ? fail(r, "sending the pattern: %s", error_message(r)) : 0;
}

/* Receives one message and finds which of the senders first … last it is from. */
static int recv_pattern(struct side *side, unsigned first, unsigned last, bool seen[])
{
	size_t n = side->cell->size_bytes;
	unsigned char *expected = malloc(n);

	if (!expected)
		return fail(-ENOMEM, "no memory for a pattern of %zu bytes", n);
	memset(side->message, 0, n);
	int r = side->channel->transport->recv(side->channel->state, side->message, n);
	if (r < 0)
		r = fail(r, "receiving the pattern: %s", error_message(r));
	unsigned from = first;
	for (; r >= 0 && from <= last; from++) {
		pattern_fill(expected, n, side->board->seed, from);
		if (!seen[from] && memcmp(expected, side->message, n) == 0)
			break;
	}
	if (r >= 0 && from > last)
		r = fail(-EBADMSG,
			"the payload is not what was sent: side %u got %zu bytes that no sender "
			"made",
			side->index, n);
	else if (r >= 0)
		seen[from] = true;
	free(expected);
	return r;
}

static int verify(struct side *side)
{
	bool seen[TRANSPORT_SIDES_MAX] = {false};
	unsigned sides = cell_sides(side->cell);
	int r = 0;

	if (side->channel->transport->capabilities & TRANSPORT_BASELINE)
		return 0;
	if (side->index != 0) {
		r = send_pattern(side);
		if (r >= 0 && sides == 2)
			r = recv_pattern(side, 0, 0, seen);
		return r;
	}
	for (unsigned i = 1; r >= 0 && i < sides; i++)
		r = recv_pattern(side, 1, sides - 1, seen);
	if (r >= 0 && sides == 2)
		r = send_pattern(side);
	return r;
}

/* ---- the workload ---- */

static void put_fact(void *context, const char *name, double value)
{
	struct session_side *facts = context;

	assert(facts->fact_count < SESSION_FACTS_MAX);
	snprintf(facts->facts[facts->fact_count].name, SESSION_FACT_NAME_MAX, "%s", name);
	facts->facts[facts->fact_count++].value = value;
}

static void read_facts(struct side *side, struct session_side *facts)
{
	facts->fact_count = 0;
	if (side->channel->transport->facts)
		side->channel->transport->facts(side->channel->state, put_fact, facts);
}

static int run(struct side *side)
{
	struct side_report *report = &side->board->reports[side->index];
	struct session_side before, *after = &report->facts;
	struct load load = {
		.channel = side->channel,
		.side = side->index,
		.sides = cell_sides(side->cell),
		.iterations = side->board->iterations,
		.size_bytes = side->cell->size_bytes,
		.touch = side->cell->touch,
		.gap_ns = side->cell->gap_ns,
		.message = side->message,
		.hist = side->hist,
		.batch = side->batch ? side->batch : 1,
	};

	read_facts(side, &before);
	usage_read(&before.usage);
	/* The hub goes last: when it begins, the others are about to receive or send. */
	atomic_store(&report->ready, atomic_load(&side->board->turn));
	futex_wake(&report->ready, 1);
	if (side->index == 0)
		for (unsigned i = 1; i < load.sides; i++) {
			struct side_report *other = &side->board->reports[i];
			uint32_t turn = atomic_load(&side->board->turn), seen;
			while ((seen = atomic_load(&other->ready)) != turn &&
				atomic_load(&other->done) != turn)
				futex_wait(&other->ready, seen, deadline_after_ms(100));
		}
	int r = side->cell->workload->run(&load);
	usage_read(&after->usage);
	after->usage = usage_delta(&after->usage, &before.usage);
	read_facts(side, after);
	for (unsigned i = 0; i < after->fact_count; i++)
		after->facts[i].value -= before.facts[i].value;
	report->begin_ns = load.begin_ns;
	report->end_ns = load.end_ns;
	report->busy_ns = load.busy_ns;
	if (r < 0)
		return fail(r, "%s", error_message(r));
	return trace(bind_verify(side->topo, side->cpu));
}

/* The workload once more, under the hardware counters. Never in a timed run: switching them with
 * every change of context costs a pipe's round trip on a virtual machine 40 %. */
static int count(struct side *side)
{
	struct side_report *report = &side->board->reports[side->index];
	struct perf perf = PERF_NULL;

	perf_open(&perf, PERF_HARDWARE, false);
	perf_start(&perf);
	int r = run(side);
	perf_stop(&perf);
	perf_read(&perf, &report->counters);
	perf_close(&perf);
	return trace(r);
}

int side_execute(struct side *side, enum side_command command)
{
	switch (command) {
	case SIDE_VERIFY:
		return trace(verify(side));
	case SIDE_RUN:
		return trace(run(side));
	case SIDE_COUNT:
		return trace(count(side));
	case SIDE_STOP:
		return 0;
	}
	return 0;
}

/* ---- the life of a side ---- */

static void say_done(struct side *side, int r, uint32_t turn)
{
	struct side_report *report = &side->board->reports[side->index];

	report->r = r;
	if (r < 0)
		snprintf(report->message, sizeof(report->message), "%s", error_message(r));
	/* Pairs with side 0's load of `done`: the report is complete before. */
	atomic_store(&report->done, turn);
	futex_wake(&report->done, 1);
	/* Side 0 may still wait for `ready`. */
	futex_wake(&report->ready, 1);
}

int side_main(struct side *side)
{
	enum side_command command = SIDE_RUN;
	uint32_t turn = 0;

	int r = side_init(side);
	if (r < 0) {
		say_done(side, r, UINT32_MAX);
		side_deinit(side);
		return r;
	}
	while (r >= 0 && command != SIDE_STOP) {
		while (atomic_load(&side->board->turn) == turn)
			futex_wait(&side->board->turn, turn, DEADLINE_NEVER);
		turn = atomic_load(&side->board->turn);
		command = side->board->command;
		r = side_execute(side, command);
		say_done(side, r, turn);
	}
	/* Closing tells the peer of an error, too. */
	side_deinit(side);
	return r;
}
