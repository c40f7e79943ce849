/*
 * What is sent is what is received: sizes, order and content, between sides that are really two.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "session.h"

static const size_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 55, 56, 57, 63, 64, 65, 127, 128, 1023,
	1024, 1025, 4095, 4096, 4097, 65535, 65536, 65537, 1 << 20, 4 << 20};

enum { SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0]), SIZE_ROUNDS = 3 };

/* What both sides of a check must agree on. */
struct plan {
	void (*converse)(struct side *side, const struct plan *plan);
	size_t bytes;
	uint64_t count;
};

static void other(struct side *side)
{
	const struct plan *plan = side->argument;

	hello(side, side->side == 0 ? 1 : 0);
	if (!cell_failed(side->cell))
		plan->converse(side, plan);
	ledger_close(&side->heard, side->cell);
}

static void converse_with(struct cell *cell, const struct transport_options *options,
	unsigned my_side, const struct plan *plan)
{
	static struct session session;

	if (!session_start(&session, cell, options, my_side, other, plan))
		return;
	other(&session.mine);
	session_end(&session);
}

/* There and back. */
static bool round_trip(struct side *side, size_t there, size_t back, bool last)
{
	if (side->side == 0)
		return say(side, there, last) && hear(side, back);
	return hear(side, there) && say(side, back, last);
}

static void converse_sizes(struct side *side, const struct plan *plan)
{
	size_t most = plan->bytes;

	at(side->cell, side->side, "sizes");
	for (unsigned i = 0; i < SIZE_COUNT && sizes[i] <= most; i++)
		for (int round = 0; round < SIZE_ROUNDS; round++)
			if (!round_trip(side, sizes[i], sizes[i], false))
				return;
	for (size_t n = most > 1 ? most - 1 : most; n <= most; n++)
		if (!round_trip(side, n, n, false))
			return;
}

void check_sizes(struct cell *cell)
{
	struct plan plan = {.converse = converse_sizes, .bytes = cell->message_max_bytes};
	struct transport_options options = cell_options(cell, plan.bytes);

	converse_with(cell, &options, 0, &plan);
	/* Once more with a channel that is no larger than it must be. */
	plan.bytes = options.message_max_bytes = cell_bytes(cell, 64);
	if (!cell_failed(cell))
		converse_with(cell, &options, 1, &plan);
}

/* Small ones mostly, with large ones among them: both sides draw the same numbers. */
static size_t draw_size(uint64_t *random, size_t most)
{
	uint64_t draw = pattern_random(random);
	size_t cap = draw % 16 == 0 ? most : draw % 4 == 0 ? 8192 : 256;

	if (cap > most)
		cap = most;
	return 1 + (size_t)(pattern_random(random) % cap);
}

/* Windows of three messages in one direction, then in the other: a mechanism may hold only one
 * message, but never loses its place in the stream. */
static void converse_mixed(struct side *side, const struct plan *plan)
{
	uint64_t random = side->cell->seed;
	int64_t end = clock_ns() + side->cell->budget_ns;
	int window = side->cell->transport->capabilities & TRANSPORT_LOSSY ? 1 : 3;

	at(side->cell, side->side, "mixed sizes");
	for (uint64_t i = 0; i < plan->count; i++) {
		for (int w = 0; w < 2 * window; w++) {
			size_t n = draw_size(&random, plan->bytes);
			bool mine = (w < window) == (side->side == 0);
			if (mine ? !say(side, n, false) : !hear(side, n))
				return;
		}
		/* The hub decides when it has been enough, and says so in one byte. */
		unsigned char more = i + 1 < plan->count && clock_ns() < end;
		struct channel *channel = side->channel;
		int r = side->side == 0 ? channel->transport->send(channel->state, &more, 1)
					: channel->transport->recv(channel->state, &more, 1);
		if (r < 0)
			found(side->cell, "failed", "side %u: %s", side->side, error_message(r));
		if (r < 0 || !more)
			return;
	}
}

void check_mixed_sizes(struct cell *cell)
{
	struct plan plan = {
		.converse = converse_mixed,
		.bytes = cell_bytes(cell, 256 << 10),
		.count = 500,
	};
	struct transport_options options = cell_options(cell, plan.bytes);

	converse_with(cell, &options, 0, &plan);
}

static void converse_pingpong(struct side *side, const struct plan *plan)
{
	int64_t end = clock_ns() + side->cell->budget_ns;

	at(side->cell, side->side, "ping-pong");
	for (uint64_t i = 0; i < plan->count && !side->heard.saw_last; i++) {
		/* Smaller messages cannot say that they are the last. */
		bool last = i + 1 == plan->count || (i % 8 == 7 && clock_ns() > end);
		if (side->side == 1)
			last = false;
		if (!round_trip(side, plan->bytes, plan->bytes, last))
			return;
		if (last && plan->bytes >= PATTERN_HEADER_BYTES)
			break;
	}
	if (side->side == 0)
		snprintf(side->cell->board->note, NOTE_MAX, "%lu round trips",
			(unsigned long)side->sent.sequence);
}

/* Each way; both are within the limit of a check. */
#define STREAM_BUDGET_NS (9 * NS_PER_S)

/* Messages without room for a header are fewer, as no clock can end them. */
static struct plan plan_of(const struct cell *cell, size_t bytes, uint64_t count)
{
	struct plan plan = {.bytes = cell_bytes(cell, bytes), .count = count};

	if (plan.bytes < PATTERN_HEADER_BYTES && plan.count > 2000)
		plan.count = 2000;
	return plan;
}

void check_pingpong(struct cell *cell)
{
	struct plan plan = plan_of(cell, 64, 50000);
	struct transport_options options = cell_options(cell, plan.bytes);

	plan.converse = converse_pingpong;
	converse_with(cell, &options, 0, &plan);
}

static void stream_out(struct side *side, const struct plan *plan)
{
	int64_t end = clock_ns() + side->cell->budget_ns;
	bool last = false;

	at(side->cell, side->side, "send of a stream");
	for (uint64_t i = 0; i < plan->count && !last; i++) {
		last = i + 1 == plan->count || (i % 8 == 7 && clock_ns() > end);
		if (plan->bytes < PATTERN_HEADER_BYTES)
			last = false;
		if (!say(side, plan->bytes, last) || cell_failed(side->cell))
			return;
	}
}

static void stream_in(struct side *side, const struct plan *plan)
{
	at(side->cell, side->side, "recv of a stream");
	for (uint64_t i = 0; i < plan->count && !side->heard.saw_last; i++)
		if (!hear(side, plan->bytes))
			return;
}

static void converse_stream(struct side *side, const struct plan *plan)
{
	/* The hub is first the receiver. */
	if (side->side == 0)
		stream_in(side, plan);
	else
		stream_out(side, plan);
	if (cell_failed(side->cell))
		return;
	if (side->side == 0)
		stream_out(side, plan);
	else
		stream_in(side, plan);
	if (side->side == 0)
		snprintf(side->cell->board->note, NOTE_MAX, "%lu messages in, %lu out",
			(unsigned long)side->heard.next.sequence,
			(unsigned long)side->sent.sequence);
}

/* 10^5 messages, half of them each way, however slow the transport is. */
void check_stream(struct cell *cell)
{
	struct plan plan = plan_of(cell, 32, 50000);
	struct transport_options options = cell_options(cell, plan.bytes);

	if (!cell->is_brief)
		cell->budget_ns = STREAM_BUDGET_NS;
	plan.converse = converse_stream;
	converse_with(cell, &options, 0, &plan);
}

/* Every way to wait that the transport says it honours. */
void check_waits(struct cell *cell)
{
	struct plan plan = plan_of(cell, 64, 2000);
	struct transport_options options = cell_options(cell, plan.bytes);
	bool lossy = cell->transport->capabilities & TRANSPORT_LOSSY;

	cell->budget_ns /= 8;
	for (int wait = 0; wait < WAITER_STRATEGY_COUNT && !cell_failed(cell); wait++) {
		options.wait = (enum waiter_strategy)wait;
		plan.converse = converse_pingpong;
		converse_with(cell, &options, 0, &plan);
		plan.converse = converse_stream;
		if (!lossy && !cell_failed(cell))
			converse_with(cell, &options, 0, &plan);
	}
}

/* Buffers smaller and larger than the messages: a transport works with them, or says that it
 * does not. */
void check_capacity(struct cell *cell)
{
	static const size_t capacities[] = {1, 4096, 100000, 1 << 20};
	static struct channel channel;

	cell->budget_ns /= 8;
	for (unsigned i = 0; i < 2 * sizeof(capacities) / sizeof(capacities[0]); i++) {
		struct plan plan = plan_of(cell, i % 2 ? 10000 : 48, 5000);
		struct transport_options options = cell_options(cell, plan.bytes);
		plan.converse = converse_stream;
		options.capacity_bytes = capacities[i / 2];
		at(cell, 0, "open with a capacity");
		int r = channel_open(&channel, cell->transport, &options);
		channel_close(&channel);
		if (r < 0 && !strstr(error_message(r), cell->transport->name))
			found(cell, "failed",
				"refuses a capacity of %zu bytes without its name: %s",
				options.capacity_bytes, error_message(r));
		if (cell_failed(cell))
			return;
		if (r >= 0)
			converse_with(cell, &options, 0, &plan);
	}
}

/* With boundaries, the receiver of another size is told so. Whether the message is gone then, or
 * still there, is the transport's affair; so this is all that is said on the channel. */
static void converse_boundaries(struct side *side, const struct plan *plan)
{
	struct cell *cell = side->cell;
	struct channel *channel = side->channel;

	at(cell, side->side, "recv of another size");
	if (side->side == 1) {
		try_say(side, side->buffer_bytes / 2);
		return;
	}
	int r = channel->transport->recv(channel->state, side->in, plan->bytes);
	if (r >= 0)
		found(cell, "passed", "recv of %zu bytes took a message of %zu", plan->bytes,
			side->buffer_bytes / 2);
	else if (r == -EPIPE)
		found(cell, "failed", "recv of another size says that the peer is gone");
}

void check_boundaries(struct cell *cell)
{
	struct plan plan = {.converse = converse_boundaries};
	struct transport_options options = cell_options(cell, cell_bytes(cell, 64));

	if (options.message_max_bytes < 4) {
		snprintf(cell->board->note, NOTE_MAX, "not done: messages of %zu bytes at most",
			options.message_max_bytes);
		return;
	}
	plan.bytes = options.message_max_bytes / 4;
	converse_with(cell, &options, 0, &plan);
	plan.bytes = options.message_max_bytes;
	if (!cell_failed(cell))
		converse_with(cell, &options, 0, &plan);
}
