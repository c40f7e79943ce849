/*
 * Many receivers at one end: every message arrives at exactly one of them, whole, and each of them
 * gets a sender's messages in order; and the death of one receiver does not stop the others.
 *
 * The receivers book together, in shared memory, how often each message was seen. Which of them
 * gets how many is up to them; so the last sender to finish sends an end mark for each.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "os/futex.h"
#include "session.h"

enum {
	RECEIVERS = 3,
	SENDERS = 2,
	MESSAGES_EACH = 1000,
	MESSAGES_EACH_LARGE = 200,
	LARGE_BYTES = 10000,
	BYTES_MIN = 32,
	GO_LIMIT_MS = 5000,
	VICTIM = 1, /* a receiver */
};

/* An end mark's sequence number. */
#define MARK UINT64_C(0xffffffff)

/* In shared memory. */
struct books {
	unsigned senders, marks; /* how many there are; how many are to be sent */
	uint32_t messages;       /* of each sender */
	size_t bytes;
	bool waits_for_go;
	_Atomic unsigned finished; /* senders */
	_Atomic uint8_t seen[SENDERS][MESSAGES_EACH];
};

static struct books *books_open(const struct cell *cell, size_t bytes)
{
	struct books *books = mmap(
		NULL, sizeof(*books), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (books == MAP_FAILED)
		return NULL;
	*books = (struct books){
		.senders = cell->transport->capabilities & TRANSPORT_MANY_SENDERS ? SENDERS : 1,
		.marks = RECEIVERS,
		.messages = bytes < LARGE_BYTES ? MESSAGES_EACH : MESSAGES_EACH_LARGE,
		.bytes = bytes,
	};
	return books;
}

static void books_close(struct books *books)
{
	munmap(books, sizeof(*books));
}

/* Every message of every sender, once. */
static void books_compare(struct books *books, struct cell *cell)
{
	for (unsigned s = 0; s < books->senders && !cell_failed(cell); s++) {
		for (uint32_t i = 0; i < books->messages && !cell_failed(cell); i++) {
			unsigned seen = atomic_load(&books->seen[s][i]);
			if (seen != 1)
				found(cell, seen ? "duplicated" : "lost",
					"message %u of side %u was received %u times", i,
					RECEIVERS + s, seen);
		}
	}
}

/* ---- the sides ---- */

static void wait_for_go(struct side *side)
{
	struct board *board = side->cell->board;
	int64_t end = deadline_after_ms(GO_LIMIT_MS);

	at(side->cell, side->side, "wait for the death of a receiver");
	while (atomic_load(&board->go) == 0)
		if (futex_wait(&board->go, 0, end) == -ETIMEDOUT)
			return;
}

static void send_all(struct side *side, struct books *books)
{
	struct cell *cell = side->cell;

	if (books->waits_for_go)
		wait_for_go(side);
	at(cell, side->side, "send to many receivers");
	for (uint32_t i = 0; i < books->messages && !cell_failed(cell); i++)
		if (!say(side, books->bytes, false))
			return;
	if (atomic_fetch_add(&books->finished, 1) + 1 < books->senders)
		return;
	at(cell, side->side, "send the end marks");
	for (unsigned i = 0; i < books->marks && !cell_failed(cell); i++) {
		side->sent.sequence = MARK;
		if (!say(side, books->bytes, true))
			return;
	}
}

static bool is_plausible(struct side *side, const struct books *books, struct pattern_key *key)
{
	if (!pattern_read(side->in, books->bytes, side->cell->seed, key)) {
		found(side->cell, "corrupted", "side %u received a message that nobody sent",
			side->side);
		return false;
	}
	if (key->sender == side->side) {
		found(side->cell, "self_echo", "side %u hears itself", side->side);
		return false;
	}
	if (key->sender < RECEIVERS || key->sender >= RECEIVERS + books->senders ||
		(key->sequence >= books->messages && key->sequence != MARK)) {
		found(side->cell, "corrupted",
			"side %u received message %" PRIu64 " of side %u, which there is not",
			side->side, key->sequence, key->sender);
		return false;
	}
	return true;
}

static void receive_all(struct side *side, struct books *books)
{
	struct cell *cell = side->cell;
	const struct transport *transport = side->channel->transport;
	uint64_t next[SENDERS] = {0};
	struct pattern_key key;

	at(cell, side->side, "recv beside other receivers");
	while (!cell_failed(cell)) {
		int r = transport->recv(side->channel->state, side->in, books->bytes);
		if (r < 0) {
			found(cell, "failed", "side %u: recv: %s", side->side, error_message(r));
			return;
		}
		progress(cell, side->side);
		if (!is_plausible(side, books, &key) || key.sequence == MARK)
			return;
		unsigned s = key.sender - RECEIVERS;
		atomic_fetch_add(&books->seen[s][key.sequence], 1);
		if (key.sequence < next[s])
			found(cell,
				atomic_load(&books->seen[s][key.sequence]) > 1 ? "duplicated"
									       : "reordered",
				"side %u received message %" PRIu64 " of side %u after %" PRIu64,
				side->side, key.sequence, key.sender, next[s] - 1);
		next[s] = key.sequence + 1;
	}
}

static void run_side(struct side *side)
{
	struct books *books = *(struct books *const *)side->argument;

	if (side->side < RECEIVERS)
		receive_all(side, books);
	else
		send_all(side, books);
}

/* Kills a receiver that waits for messages; only then there are any. */
static void kill_victim(struct cell *cell, struct session *session)
{
	at(cell, 0, "kill a receiver that waits");
	wait_until_stuck(cell->board, VICTIM);
	session_kill(session, VICTIM);
	atomic_store(&cell->board->go, 1);
	futex_wake(&cell->board->go, SENDERS);
}

static void share(struct cell *cell, size_t bytes, bool one_dies)
{
	static struct session session;
	struct transport_options options = cell_options(cell, bytes);
	struct books *books = books_open(cell, bytes);

	if (!books) {
		found(cell, "failed", "no shared memory for the books");
		return;
	}
	if (one_dies) {
		books->waits_for_go = true;
		books->marks--;
	}
	options.receivers = RECEIVERS;
	options.sides = RECEIVERS + books->senders;
	if (session_start(&session, cell, &options, 0, run_side, &books)) {
		if (one_dies)
			kill_victim(cell, &session);
		run_side(&session.mine);
		/* After it all sides have ended. */
		session_end(&session);
		books_compare(books, cell);
	}
	/* Threads that were left behind may still book. */
	if (!cell->threads || !cell_failed(cell))
		books_close(books);
}

void check_many_receivers(struct cell *cell)
{
	static const size_t bytes[] = {BYTES_MIN, 64, 4096, 100000};
	size_t most = cell->transport->shared_message_max_bytes;

	if (most == 0 || most > cell->message_max_bytes)
		most = cell->message_max_bytes;
	if (most < BYTES_MIN) {
		snprintf(cell->board->note, NOTE_MAX,
			"not done: a message of %zu bytes cannot name its sender", most);
		return;
	}
	for (unsigned i = 0; i < sizeof(bytes) / sizeof(bytes[0]) && !cell_failed(cell); i++)
		if (bytes[i] <= most)
			share(cell, bytes[i], false);
}

void check_one_receiver_dies(struct cell *cell)
{
	if (cell->message_max_bytes >= BYTES_MIN)
		share(cell, BYTES_MIN, true);
}
