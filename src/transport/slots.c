#include "transport/slots.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"

enum { LINE_BYTES = 64 };

static const size_t capacity_default_bytes = (size_t)256 << 10;

/* A slot: its line, then the payload.
 *
 * The length says for C what the token has said already: the kernel orders memory, but the
 * language knows nothing of an eventfd. The sender's store of a length releases the payload to the
 * receiver's load; the receiver's store of 0 releases the slot to the sender's load. */
struct slot {
	_Alignas(LINE_BYTES) _Atomic uint64_t length; /* 0: empty */
	_Alignas(LINE_BYTES) unsigned char payload[];
};

size_t slots_init(struct slots *slots, const struct transport_options *options,
	const struct slots_tokens *tokens)
{
	size_t payload = (options->message_max_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	size_t capacity = options->capacity_bytes ?: capacity_default_bytes;
	size_t count = capacity / payload;

	*slots = (struct slots){
		.tokens = tokens,
		.slot_bytes = sizeof(struct slot) + payload,
		.slot_count = count < 2                 ? 2
			      : count > SLOTS_COUNT_MAX ? SLOTS_COUNT_MAX
							: (unsigned)count,
		.threads = options->threads,
	};
	return (size_t)SLOTS_TOKENS * SLOTS_CELL_BYTES + 2 * slots->slot_count * slots->slot_bytes;
}

int slots_open(struct slots *slots, const struct transport_options *options,
	const struct slots_tokens *tokens)
{
	int r = shm_open_anonymous(&slots->memory, slots_init(slots, options, tokens));

	if (r >= 0)
		r = peer_open(&slots->peer, options);
	return trace(r);
}

void *slots_cell(const struct slots *slots, unsigned token)
{
	return (unsigned char *)slots->memory.data + (size_t)token * SLOTS_CELL_BYTES;
}

unsigned slots_initial(const struct slots *slots, unsigned token)
{
	return token == SLOTS_TO_HUB_EMPTY || token == SLOTS_FROM_HUB_EMPTY ? slots->slot_count : 0;
}

bool slots_owns(const struct slots *slots)
{
	return !(slots->threads && slots->attached);
}

int slots_attach(void *state, unsigned side)
{
	struct slots *slots = state;

	slots->side = side;
	slots->attached = true;
	if (slots->threads)
		shm_borrow(&slots->memory);
	return trace(peer_attach(&slots->peer, side, slots->threads));
}

/* The ring in which this side receives, or sends. */
static struct slot *slot_at(const struct slots *slots, bool to_hub, uint32_t position)
{
	size_t index = (to_hub ? 0 : slots->slot_count) + position % slots->slot_count;

	return (struct slot *)((unsigned char *)slots_cell(slots, SLOTS_TOKENS) +
			       index * slots->slot_bytes);
}

static struct slot *slot_out(const struct slots *slots)
{
	return slot_at(slots, slots->side != 0, slots->next_out);
}

static struct slot *slot_in(const struct slots *slots)
{
	return slot_at(slots, slots->side == 0, slots->next_in);
}

static int take(struct slots *slots, unsigned token)
{
	for (;;) {
		int r = slots->tokens->take(slots, token, PEER_SLICE_MS);
		if (r == -EINTR || (r == -ETIMEDOUT && !peer_is_gone(&slots->peer)))
			continue;
		/* It may have put one after our sleep and before its end. */
		if (r == -ETIMEDOUT)
			r = slots->tokens->take(slots, token, 0);
		if (r == -ETIMEDOUT)
			r = -EPIPE;
		if (r == -EPIPE)
			slots->peer_gone = true;
		return trace(r);
	}
}

int slots_borrow(void *state, size_t n, void **ret_message)
{
	struct slots *slots = state;

	if (slots->peer_gone)
		return trace(-EPIPE);
	int r = take(slots, slots->side ? SLOTS_TO_HUB_EMPTY : SLOTS_FROM_HUB_EMPTY);
	if (r < 0)
		return r;
	assert(n > 0 && n <= slots->slot_bytes - sizeof(struct slot));
	struct slot *slot = slot_out(slots);
	uint64_t length = atomic_load_explicit(&slot->length, memory_order_acquire);
	assert(length == 0);
	*ret_message = slot->payload;
	return 0;
}

int slots_commit(void *state, size_t n)
{
	struct slots *slots = state;

	atomic_store_explicit(&slot_out(slots)->length, n, memory_order_release);
	slots->next_out++;
	return slots->tokens->put(slots, slots->side ? SLOTS_TO_HUB_FULL : SLOTS_FROM_HUB_FULL);
}

int slots_release(void *state, size_t n)
{
	struct slots *slots = state;

	(void)n;
	atomic_store_explicit(&slot_in(slots)->length, 0, memory_order_release);
	slots->next_in++;
	int r = slots->tokens->put(slots, slots->side ? SLOTS_FROM_HUB_EMPTY : SLOTS_TO_HUB_EMPTY);
	/* There is nobody left who would want the slot; the message was received. */
	return r == -EPIPE ? 0 : r;
}

int slots_peek(void *state, size_t n, const void **ret_message)
{
	struct slots *slots = state;
	int r = take(slots, slots->side ? SLOTS_FROM_HUB_FULL : SLOTS_TO_HUB_FULL);

	if (r < 0 && r != -EPIPE)
		return r;
	struct slot *slot = slot_in(slots);
	uint64_t length = atomic_load_explicit(&slot->length, memory_order_acquire);
	/* The tokens may have ended with the peer; the messages that it sent have not. */
	if (length == 0)
		return trace(-EPIPE);
	if (length != n) {
		slots_release(slots, n);
		return fail(-EMSGSIZE, "a message of %zu bytes arrived where %zu were expected",
			(size_t)length, n);
	}
	*ret_message = slot->payload;
	return 0;
}

int slots_send(void *state, const void *message, size_t n)
{
	void *room;
	int r = slots_borrow(state, n, &room);

	if (r < 0)
		return r;
	memcpy(room, message, n);
	return slots_commit(state, n);
}

int slots_recv(void *state, void *message, size_t n)
{
	const void *arrived;
	int r = slots_peek(state, n, &arrived);

	if (r < 0)
		return r;
	memcpy(message, arrived, n);
	return slots_release(state, n);
}

void slots_close(void *state)
{
	struct slots *slots = state;

	peer_close(&slots->peer);
	shm_close(&slots->memory);
}
