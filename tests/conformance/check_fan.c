/*
 * Many senders and one hub: every message arrives whole, each sender's in order; and the death of
 * one sender does not stop the others.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "os/futex.h"
#include "session.h"

enum { SENDERS = 4, MESSAGES_EACH = 5000, GO_LIMIT_MS = 5000 };

static void send_many(struct side *side)
{
	const size_t bytes = *(const size_t *)side->argument;
	int64_t end = clock_ns() + side->cell->budget_ns;
	bool last = false;

	at(side->cell, side->side, "send to the hub");
	for (int i = 0; i < MESSAGES_EACH && !last && !cell_failed(side->cell); i++) {
		last = i + 1 == MESSAGES_EACH || (i % 16 == 15 && clock_ns() > end);
		if (!say(side, bytes, last))
			return;
	}
}

/* Sender 1 says one word and waits to be killed; the others wait for that. */
static void send_after_death(struct side *side)
{
	const size_t bytes = *(const size_t *)side->argument;
	struct cell *cell = side->cell;
	int64_t end = deadline_after_ms(GO_LIMIT_MS);

	if (side->side == 1) {
		at(cell, 1, "asleep, to be killed");
		say(side, bytes, false);
		for (;;)
			pause();
	}
	at(cell, side->side, "wait for the death of sender 1");
	while (atomic_load(&cell->board->go) == 0)
		if (futex_wait(&cell->board->go, 0, end) == -ETIMEDOUT)
			return;
	send_many(side);
}

struct hub {
	struct session *session;
	struct ledger ledgers[SENDERS + 1];
	unsigned finished;
};

static bool hub_take(struct hub *hub, size_t bytes)
{
	struct side *side = &hub->session->mine;
	struct cell *cell = side->cell;
	int r = side->channel->transport->recv(side->channel->state, side->in, bytes);

	if (r < 0) {
		found(cell, "failed", "the hub: recv with %u of %u senders done: %s", hub->finished,
			SENDERS, error_message(r));
		return false;
	}
	progress(cell, 0);
	uint32_t sender = pattern_sender(side->in);
	if (sender < 1 || sender > SENDERS) {
		found(cell, "corrupted", "the hub received a message that names side %u", sender);
		return false;
	}
	struct ledger *ledger = &hub->ledgers[sender];
	bool was_last = ledger->saw_last;
	ledger_take(ledger, cell, 0, side->in, bytes);
	if (ledger->saw_last && !was_last)
		hub->finished++;
	return !cell_failed(cell);
}

static void hub_init(struct hub *hub, struct session *session)
{
	*hub = (struct hub){.session = session};
	for (unsigned i = 1; i <= SENDERS; i++)
		hub->ledgers[i].next =
			(struct pattern_key){.seed = session->cell->seed, .sender = i};
}

static void hub_close(struct hub *hub)
{
	struct cell *cell = hub->session->cell;

	for (unsigned i = 1; i <= SENDERS; i++) {
		int32_t tid = atomic_load(&cell->board->where[i].tid);
		ledger_close(&hub->ledgers[i], cell);
		if (!cell_failed(cell) && hub->ledgers[i].next.tid != (uint32_t)tid)
			found(cell, "stranger", "messages of side %u came from thread %u, not %d",
				i, hub->ledgers[i].next.tid, tid);
	}
}

static void fan_in(struct cell *cell, size_t bytes)
{
	static struct session session;
	static struct hub hub;
	struct transport_options options = cell_options(cell, bytes);

	options.sides = SENDERS + 1;
	if (!session_start(&session, cell, &options, 0, send_many, &bytes))
		return;
	hub_init(&hub, &session);
	at(cell, 0, "recv from many senders");
	while (hub.finished < SENDERS && hub_take(&hub, bytes))
		;
	hub_close(&hub);
	if (!cell_failed(cell) && !cell->threads &&
		(cell->transport->capabilities & TRANSPORT_SEES_DEATH)) {
		at(cell, 0, "recv when all senders have left");
		int r = session.mine.channel->transport->recv(
			session.mine.channel->state, session.mine.in, bytes);
		if (r != -EPIPE)
			found(cell, "passed",
				"the hub: recv when all senders have left gives %d, not -EPIPE", r);
	}
	session_end(&session);
}

static size_t largest_shared(const struct cell *cell)
{
	size_t most = cell->transport->shared_message_max_bytes;

	return most && most < cell->message_max_bytes ? most : cell->message_max_bytes;
}

void check_many_senders(struct cell *cell)
{
	size_t most = largest_shared(cell);
	size_t bytes[] = {16, 64, 4096, 100000};

	cell->budget_ns /= 2;
	if (most < PATTERN_HEADER_BYTES) {
		snprintf(cell->board->note, NOTE_MAX,
			"not done: a message of %zu bytes cannot name its sender", most);
		return;
	}
	for (unsigned i = 0; i < sizeof(bytes) / sizeof(bytes[0]) && !cell_failed(cell); i++) {
		bool is_too_large = bytes[i] > most;
		fan_in(cell, is_too_large ? most : bytes[i]);
		if (is_too_large)
			return;
	}
}

void check_one_sender_dies(struct cell *cell)
{
	static struct session session;
	static struct hub hub;
	size_t bytes = 32;
	struct transport_options options = cell_options(cell, bytes);

	if (largest_shared(cell) < bytes)
		return;
	cell->budget_ns /= 2;
	options.sides = SENDERS + 1;
	if (!session_start(&session, cell, &options, 0, send_after_death, &bytes))
		return;
	hub_init(&hub, &session);
	at(cell, 0, "recv from sender 1");
	if (hub_take(&hub, bytes)) {
		session_kill(&session, 1);
		hub.finished++;
		atomic_store(&cell->board->go, 1);
		futex_wake(&cell->board->go, SENDERS);
		at(cell, 0, "recv after the death of sender 1");
		while (hub.finished < SENDERS && hub_take(&hub, bytes))
			;
		hub_close(&hub);
	}
	session_end(&session);
}
