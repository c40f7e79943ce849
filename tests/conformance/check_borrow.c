/*
 * Messages in place: each of {send, borrow and commit} on one side with each of {recv, peek and
 * release} on the other, of many sizes, so that a ring wraps in every place.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "session.h"

struct way {
	bool borrows, peeks;
};

enum { MESSAGES = 2000 };

static bool place(struct side *side, size_t n)
{
	const struct transport *transport = side->channel->transport;
	void *room = NULL;
	int r = transport->borrow(side->channel->state, n, &room);

	if (r >= 0 && !room) {
		found(side->cell, "failed", "borrow of %zu bytes succeeds without room", n);
		return false;
	}
	if (r >= 0) {
		pattern_fill(room, n, &side->sent);
		r = transport->commit(side->channel->state, n);
	}
	if (r < 0)
		found(side->cell, "failed", "side %u: borrow and commit of %zu bytes: %s",
			side->side, n, error_message(r));
	side->sent.sequence++;
	progress(side->cell, side->side);
	return r >= 0;
}

static bool look(struct side *side, size_t n)
{
	const struct transport *transport = side->channel->transport;
	const void *message = NULL;
	int r = transport->peek(side->channel->state, n, &message);

	if (r >= 0) {
		ledger_take(&side->heard, side->cell, side->side, message, n);
		r = transport->release(side->channel->state, n);
	}
	if (r < 0)
		found(side->cell, "failed", "side %u: peek and release of %zu bytes: %s",
			side->side, n, error_message(r));
	progress(side->cell, side->side);
	return r >= 0 && !cell_failed(side->cell);
}

static bool move(struct side *side, const struct way *way, bool out, size_t n)
{
	if (out)
		return way->borrows ? place(side, n) : say(side, n, false);
	return way->peeks ? look(side, n) : hear(side, n);
}

/* One direction after the other, message by message; the sizes are drawn alike on both sides. */
static void converse(struct side *side)
{
	struct cell *cell = side->cell;
	const struct way *way = side->argument;
	uint64_t random = cell->seed;

	hello(side, 1 - side->side);
	at(cell, side->side,
		way->borrows ? (way->peeks ? "borrow, peek" : "borrow, recv") : "send, peek");
	for (int i = 0; i < MESSAGES && !cell_failed(cell); i++) {
		size_t cap = i % 32 == 0 ? side->buffer_bytes : 300;
		if (cap > side->buffer_bytes)
			cap = side->buffer_bytes;
		size_t n = 1 + (size_t)(pattern_random(&random) % cap);
		if (!move(side, way, side->side == 0, n) || !move(side, way, side->side != 0, n))
			return;
	}
	ledger_close(&side->heard, cell);
}

void check_borrow(struct cell *cell)
{
	static const struct way ways[] = {{true, true}, {true, false}, {false, true}};
	static struct session session;
	struct transport_options options = cell_options(cell, cell_bytes(cell, 20000));
	const struct transport *transport = cell->transport;

	if (!transport->borrow || !transport->commit || !transport->peek || !transport->release) {
		found(cell, "failed", "BORROW without all four of borrow, commit, peek, release");
		return;
	}
	for (unsigned i = 0; i < 3 && !cell_failed(cell); i++) {
		if (!session_start(&session, cell, &options, 0, converse, &ways[i]))
			return;
		converse(&session.mine);
		session_end(&session);
	}
}
