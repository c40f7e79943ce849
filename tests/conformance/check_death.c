/*
 * The peer is gone: killed while we wait for it, killed before we speak, or left in order. The
 * other side is told -EPIPE in time, and first gets all that was sent before.
 *
 * Each check is made twice, so that either side is the one that stays.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "session.h"

enum { LAST_WORDS = 8, SENDS_MAX = 2000000 };

static size_t words_bytes(const struct cell *cell)
{
	return cell_bytes(cell, 32);
}

static void sleep_for_ever(struct side *side)
{
	hello(side, 1 - side->side);
	at(side->cell, side->side, "asleep, to be killed");
	for (;;)
		pause();
}

static void speak_and_sleep(struct side *side)
{
	hello(side, 1 - side->side);
	at(side->cell, side->side, "last words");
	for (int i = 0; i < LAST_WORDS; i++)
		if (!say(side, words_bytes(side->cell), false))
			break;
	for (;;)
		pause();
}

static void speak_and_leave(struct side *side)
{
	hello(side, 1 - side->side);
	at(side->cell, side->side, "last words");
	for (int i = 0; i < LAST_WORDS; i++)
		if (!say(side, words_bytes(side->cell), false))
			break;
}

/* Starts a session whose other side, the victim, runs others(); and greets it. */
static bool start(struct session *session, struct cell *cell, unsigned me, side_function *others)
{
	struct transport_options options = cell_options(cell, cell_bytes(cell, 4096));

	if (!session_start(session, cell, &options, me, others, NULL))
		return false;
	hello(&session->mine, 1 - me);
	if (!cell_failed(cell))
		return true;
	session_end(session);
	return false;
}

static void expect_death(struct cell *cell, unsigned me, const char *call, int r, int64_t since_ns)
{
	int64_t took_ms = (clock_ns() - since_ns) / NS_PER_MS;

	if (r != -EPIPE)
		found(cell, "passed", "side %u: %s after the peer's end gives %d (%s), not -EPIPE",
			me, call, r, r < 0 ? error_message(r) : "success");
	else if (took_ms > DEATH_LIMIT_MS)
		found(cell, "slow", "side %u: %s saw the peer's end after %ld ms", me, call,
			(long)took_ms);
}

/* The supervisor kills the other side when this one blocks. */
static void ask_for_death(struct session *session)
{
	struct board *board = session->cell->board;

	board->survivor = session->mine.side;
	atomic_store(&board->killed_at_ns, 0);
	atomic_store(&board->victim, session->procs[1 - session->mine.side].pid);
}

/* One message may still fit where nobody is told; until the buffer is full, or much too late. */
static int send_until_error(struct session *session, int64_t since_ns)
{
	int r = 0;

	for (int i = 0; i < SENDS_MAX && r >= 0; i++) {
		r = try_say(&session->mine, session->mine.buffer_bytes);
		if (clock_ns() - since_ns > 2 * DEATH_LIMIT_MS * NS_PER_MS)
			break;
	}
	return r;
}

static void after_death(struct session *session, const char *call, int r)
{
	struct cell *cell = session->cell;
	int64_t killed_at_ns = atomic_load(&cell->board->killed_at_ns);

	if (killed_at_ns == 0)
		found(cell, "failed", "side %u: %s gives %d (%s) while the peer lives",
			session->mine.side, call, r, r < 0 ? error_message(r) : "success");
	else
		expect_death(cell, session->mine.side, call, r, killed_at_ns);
	/* And it stays so. */
	at(cell, session->mine.side, "the next recv after the peer's end");
	if (!cell_failed(cell))
		expect_death(cell, session->mine.side, "the next recv",
			try_hear(&session->mine, words_bytes(cell)), clock_ns());
	at(cell, session->mine.side, "the next send after the peer's end");
	int64_t since_ns = clock_ns();
	if (!cell_failed(cell))
		expect_death(cell, session->mine.side, "the next send",
			send_until_error(session, since_ns), since_ns);
	session_kill(session, 1 - session->mine.side);
	session_end(session);
}

void check_death_in_recv(struct cell *cell)
{
	static struct session session;

	for (unsigned me = 0; me < 2 && !cell_failed(cell); me++) {
		if (!start(&session, cell, me, sleep_for_ever))
			return;
		at(cell, me, "recv while the peer is killed");
		ask_for_death(&session);
		after_death(&session, "recv", try_hear(&session.mine, words_bytes(cell)));
	}
}

void check_death_in_send(struct cell *cell)
{
	static struct session session;

	for (unsigned me = 0; me < 2 && !cell_failed(cell); me++) {
		int r = 0;
		if (!start(&session, cell, me, sleep_for_ever))
			return;
		at(cell, me, "send into a full buffer while the peer is killed");
		ask_for_death(&session);
		for (int i = 0; i < SENDS_MAX && r >= 0; i++)
			r = try_say(&session.mine, session.mine.buffer_bytes);
		after_death(&session, "send", r);
	}
}

void check_death_idle(struct cell *cell)
{
	static struct session session;

	for (unsigned me = 0; me < 2 && !cell_failed(cell); me++) {
		if (!start(&session, cell, me, sleep_for_ever))
			return;
		int64_t killed_at_ns = clock_ns();
		session_kill(&session, 1 - me);
		at(cell, me, "send to a peer that was killed");
		int r = send_until_error(&session, killed_at_ns);
		expect_death(cell, me, "send", r, killed_at_ns);
		at(cell, me, "recv from a peer that was killed");
		if (!cell_failed(cell))
			expect_death(cell, me, "recv", try_hear(&session.mine, words_bytes(cell)),
				clock_ns());
		session_end(&session);
	}
}

/* Receives until the end; at least `least` messages, at most one more than that. */
static void drain(struct session *session, uint64_t least, uint64_t most)
{
	struct cell *cell = session->cell;
	unsigned me = session->mine.side;
	int64_t since_ns = clock_ns();
	uint64_t got = 0;
	int r = 0;

	at(cell, me, "recv of what was sent before the peer's end");
	while (r >= 0 && got <= most && !cell_failed(cell)) {
		r = try_hear(&session->mine, words_bytes(cell));
		if (r >= 0)
			got++;
	}
	ledger_close(&session->mine.heard, cell);
	if (got < least || got > most)
		found(cell, "lost", "side %u received %lu messages of the %lu sent before the end",
			me, (unsigned long)got, (unsigned long)least);
	if (!cell_failed(cell))
		expect_death(cell, me, "recv", r, since_ns);
	session_end(session);
}

void check_death_drain(struct cell *cell)
{
	static struct session session;

	for (unsigned me = 0; me < 2 && !cell_failed(cell); me++) {
		struct where *victim = &cell->board->where[1 - me];
		if (!start(&session, cell, me, speak_and_sleep))
			return;
		/* Until it has said all, or as much as fits. */
		wait_until_stuck(cell->board, 1 - me);
		session_kill(&session, 1 - me);
		uint64_t sent = atomic_load(&victim->n);
		drain(&session, sent, sent + 1);
	}
}

void check_leave(struct cell *cell)
{
	static struct session session;

	for (unsigned me = 0; me < 2 && !cell_failed(cell); me++) {
		if (!start(&session, cell, me, speak_and_leave))
			return;
		if (cell->transport->capabilities & TRANSPORT_LOSSY)
			drain(&session, 0, LAST_WORDS);
		else
			drain(&session, LAST_WORDS, LAST_WORDS);
	}
}
