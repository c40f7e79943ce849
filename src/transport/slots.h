#pragma once
/*
 * What the mechanisms with a payload in shared memory have in common: per direction a small ring
 * of slots, each for one message of up to options.message_max_bytes. They differ in their tokens
 * only, that is, in how one side tells the other "a slot is full" and "a slot is empty" and how
 * that one sleeps until then; so their results compare the notifications.
 *
 * Four counting tokens: full and empty of each direction. A sender takes an empty, writes the next
 * slot and puts a full; the receiver the other way round. There are capacity_bytes (by default
 * 256 KiB) of slots per direction, but at least 2, so that both sides can work at once, and at
 * most 64. A message of another size than recv() asked for is dropped with -EMSGSIZE.
 *
 * Who dies is found by the board of peer.h: takers sleep in slices of PEER_SLICE_MS. A sender
 * whose peer is gone still finds the empty slots that are left before it says -EPIPE.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/shm.h"
#include "transport/peer.h"
#include "transport/transport.h"

enum {
	SLOTS_TO_HUB_FULL,
	SLOTS_TO_HUB_EMPTY,
	SLOTS_FROM_HUB_FULL,
	SLOTS_FROM_HUB_EMPTY,
	SLOTS_TOKENS,
};

enum { SLOTS_CELL_BYTES = 128, SLOTS_COUNT_MAX = 64 };

/* What a member is made of. */
struct slots_tokens {
	/* Takes one; sleeps for at most timeout_ms, 0 only looks. -ETIMEDOUT, -EINTR; anything
	 * else is fatal. What was put must be found at the latest after the sleep, also when the
	 * putter was killed before it could wake. */
	int (*take)(void *state, unsigned token, int timeout_ms);
	int (*put)(void *state, unsigned token);
};

/* The first field of a member's state. */
struct slots {
	struct peer peer;
	struct shm memory; /* the tokens' cells, then the slots to the hub, then those from it */
	const struct slots_tokens *tokens;
	size_t slot_bytes;
	unsigned slot_count, side;
	uint32_t next_in, next_out;
	bool threads, attached;
	bool peer_gone; /* was found to be: send() says so from then on, whatever slots are free */
};

/* Geometry only; how many bytes of shared memory it needs, zeroed, in slots->memory. */
size_t slots_init(struct slots *slots, const struct transport_options *options,
	const struct slots_tokens *tokens);

/* slots_init(), and anonymous shared memory, and the board. */
int slots_open(struct slots *slots, const struct transport_options *options,
	const struct slots_tokens *tokens);

/* A token's own 128 bytes of shared memory, zeroed by the opener. */
void *slots_cell(const struct slots *slots, unsigned token);

/* The count that a token starts with. */
unsigned slots_initial(const struct slots *slots, unsigned token);

/* False in a thread's copy, which must not release what it shares. */
bool slots_owns(const struct slots *slots);

/* The members of struct transport; `state` begins with a struct slots. */
int slots_attach(void *state, unsigned side);
int slots_send(void *state, const void *message, size_t n);
int slots_recv(void *state, void *message, size_t n);
int slots_borrow(void *state, size_t n, void **ret_message);
int slots_commit(void *state, size_t n);
int slots_peek(void *state, size_t n, const void **ret_message);
int slots_release(void *state, size_t n);
void slots_close(void *state);

#define SLOTS_CAPABILITIES                                                                \
	(TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES | TRANSPORT_BORROW | \
		TRANSPORT_SEES_DEATH)

/* What all of them fill in alike; the member adds name, summary, state_bytes, open and close. */
#define SLOTS_MEMBERS                                                                           \
	.capabilities = SLOTS_CAPABILITIES, .attach = slots_attach, .send = slots_send,         \
	.recv = slots_recv, .borrow = slots_borrow, .commit = slots_commit, .peek = slots_peek, \
	.release = slots_release
