/*
 * A decorator around pipe, or around sequenced packets where there are many receivers. Every 97th
 * message, from the 40th on, is dropped, sent twice, held back
 * behind later ones, or has a bit flipped; the echo reads back what it sent itself, as a program
 * does that benchmarks a pipe with one process.
 *
 * The others fail in what is not a message: overrun writes behind the receiver's buffer, deaf
 * hangs when its peer dies, leaky keeps a descriptor, litter leaves a file.
 */
#include "mutant.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "os/fd.h"

enum { FIRST = 40, PERIOD = 97, INNER_STATE_MAX = 512, HELD_MAX = 64, SHARED_HELD_FOR = 20 };

enum mode { NONE, DROP, DUPLICATE, REORDER, CORRUPT, SELF_ECHO, OVERRUN, DEAF, LEAKY, LITTER };

struct mutant_state {
	enum mode mode;
	const struct transport *inner;
	unsigned held_for; /* so many messages overtake the one that is held back */
	unsigned overtaken;
	unsigned long sent, received;
	int echo[2];
	size_t held_bytes;
	unsigned char held[HELD_MAX];
	_Alignas(64) unsigned char inner_state[INNER_STATE_MAX];
};

extern const struct transport transport_pipe, transport_socketpair_seqpacket;

static int open_as(void *data, const struct transport_options *options, enum mode mode,
	const struct transport *inner)
{
	struct mutant_state *state = data;
	char path[512];

	assert(inner->state_bytes <= INNER_STATE_MAX);
	state->mode = mode;
	state->inner = inner;
	state->held_for = inner == &transport_pipe ? 1 : SHARED_HELD_FOR;
	state->echo[0] = state->echo[1] = -1;
	if (mode == LITTER) {
		const char *directory = getenv("TMPDIR");
		snprintf(path, sizeof(path), "%s/litter", directory ? directory : "/tmp");
		int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		fd_close(&fd);
	}
	return trace(inner->open(state->inner_state, options));
}

static int attach(void *data, unsigned side)
{
	struct mutant_state *state = data;

	if (state->mode == SELF_ECHO && pipe2(state->echo, O_CLOEXEC) < 0)
		return trace(-errno);
	return trace(state->inner->attach(state->inner_state, side));
}

static int corrupt(struct mutant_state *state, const void *message, size_t n)
{
	unsigned char *copy = malloc(n);

	if (!copy)
		return trace(-ENOMEM);
	memcpy(copy, message, n);
	copy[n - 1] ^= 0x10;
	int r = state->inner->send(state->inner_state, copy, n);
	free(copy);
	return trace(r);
}

/* Lets the next messages overtake this one. */
static int hold(struct mutant_state *state, const void *message, size_t n)
{
	if (n > HELD_MAX)
		return trace(state->inner->send(state->inner_state, message, n));
	memcpy(state->held, message, n);
	state->held_bytes = n;
	state->overtaken = 0;
	return 0;
}

static int send_mutated(struct mutant_state *state, const void *message, size_t n)
{
	int r;

	switch (state->mode) {
	case DROP:
		return 0;
	case DUPLICATE:
		r = state->inner->send(state->inner_state, message, n);
		return r < 0 ? trace(r) : trace(state->inner->send(state->inner_state, message, n));
	case CORRUPT:
		return corrupt(state, message, n);
	case REORDER:
		return hold(state, message, n);
	default:
		return trace(state->inner->send(state->inner_state, message, n));
	}
}

static int send(void *data, const void *message, size_t n)
{
	struct mutant_state *state = data;
	unsigned long i = state->sent++;

	if (state->mode == SELF_ECHO)
		return fd_write_full(state->echo[1], message, n);
	if (i >= FIRST && (i - FIRST) % PERIOD == 0)
		return trace(send_mutated(state, message, n));
	int r = state->inner->send(state->inner_state, message, n);
	if (r >= 0 && state->held_bytes > 0 && ++state->overtaken == state->held_for) {
		r = state->inner->send(state->inner_state, state->held, state->held_bytes);
		state->held_bytes = 0;
	}
	return trace(r);
}

static int recv(void *data, void *message, size_t n)
{
	struct mutant_state *state = data;

	if (state->mode == SELF_ECHO)
		return fd_read_full(state->echo[0], message, n);
	int r = state->inner->recv(state->inner_state, message, n);
	while (r == -EPIPE && state->mode == DEAF)
		pause();
	if (r >= 0 && state->mode == OVERRUN && state->received++ == FIRST)
		((unsigned char *)message)[n] = 0;
	return trace(r);
}

static void close_mutant(void *data)
{
	struct mutant_state *state = data;

	if (state->mode == SELF_ECHO) {
		fd_close(&state->echo[0]);
		fd_close(&state->echo[1]);
	}
	if (state->mode == LEAKY && dup(STDERR_FILENO) < 0)
		return;
	state->inner->close(state->inner_state);
}

#define OPEN_OF(NAME, MODE, INNER)                                                   \
	static int NAME##_open(void *state, const struct transport_options *options) \
	{                                                                            \
		return open_as(state, options, MODE, INNER);                         \
	}
#define OPEN_AS(NAME, MODE) OPEN_OF(NAME, MODE, &transport_pipe)
#define OPEN_SHARED_AS(NAME, MODE) OPEN_OF(NAME##_shared, MODE, &transport_socketpair_seqpacket)
OPEN_AS(none, NONE)
OPEN_AS(drop, DROP)
OPEN_AS(duplicate, DUPLICATE)
OPEN_AS(reorder, REORDER)
OPEN_AS(corrupt, CORRUPT)
OPEN_AS(self_echo, SELF_ECHO)
OPEN_AS(overrun, OVERRUN)
OPEN_AS(deaf, DEAF)
OPEN_AS(leaky, LEAKY)
OPEN_AS(litter, LITTER)
OPEN_SHARED_AS(none, NONE)
OPEN_SHARED_AS(drop, DROP)
OPEN_SHARED_AS(duplicate, DUPLICATE)
OPEN_SHARED_AS(reorder, REORDER)
OPEN_SHARED_AS(corrupt, CORRUPT)

/* clang-format off */
#define MUTANT_OF(NAME, OPEN, MORE, CHECK, FINDING)                                \
	{                                                                          \
		.transport = {                                                     \
			.name = "mutant_" NAME,                                    \
			.summary = "mutated: " NAME,                               \
			.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD |     \
					TRANSPORT_SEES_DEATH | (MORE),             \
			.state_bytes = sizeof(struct mutant_state),                \
			.open = OPEN,                                              \
			.attach = attach,                                          \
			.send = send,                                              \
			.recv = recv,                                              \
			.close = close_mutant,                                     \
		},                                                                 \
		.check = CHECK, .finding = FINDING                                 \
	}
#define MUTANT(NAME, CHECK, FINDING) MUTANT_OF(#NAME, NAME##_open, 0, CHECK, FINDING)
#define MUTANT_SHARED(NAME, FINDING)                                               \
	MUTANT_OF(#NAME "_shared", NAME##_shared_open,                             \
		TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS, "many_receivers", FINDING)
/* clang-format on */

const struct mutant mutants[] = {
	MUTANT(none, NULL, NULL),
	MUTANT(drop, "stream", "lost"),
	MUTANT(drop, "pingpong", "hang"),
	MUTANT(duplicate, "stream", "duplicated"),
	MUTANT(duplicate, "pingpong", "duplicated"),
	MUTANT(reorder, "stream", "reordered"),
	MUTANT(corrupt, "stream", "corrupted"),
	MUTANT(corrupt, "sizes", "corrupted"),
	MUTANT(self_echo, "stream", "self_echo"),
	MUTANT(self_echo, "sizes", "self_echo"),
	MUTANT(overrun, "pingpong", "corrupted"),
	MUTANT(deaf, "death_in_recv", "hang"),
	MUTANT(leaky, "lifecycle", "leak"),
	MUTANT(litter, "lifecycle", "leak"),
	MUTANT_OF("none_shared", none_shared_open,
		TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS, NULL, NULL),
	MUTANT_SHARED(drop, "lost"),
	MUTANT_SHARED(duplicate, "duplicated"),
	MUTANT_SHARED(reorder, "reordered"),
	MUTANT_SHARED(corrupt, "corrupted"),
	{.transport = {.name = NULL}},
};
