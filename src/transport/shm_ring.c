/*
 * shm_ring: two rings in shared memory, one each way (os/ring.h). A message is copied in by its
 * sender and out by its receiver, or built and read in place (borrow, peek); the kernel is needed
 * only to sleep. Waits as options.wait says; the default knows where the peer runs.
 *
 * A message must fit the ring, so large messages make large rings: the default is the larger of
 * 1 MiB and twice the largest message. A peer that died is found by a look at it every slice
 * of a wait; what it had sent is delivered first.
 */
#include <errno.h>

#include "base/error.h"
#include "os/ring.h"
#include "transport/peer.h"
#include "transport/transport.h"

enum {
	CAPACITY_DEFAULT = 1 << 20,
	/* In a stream the receiver keeps this distance: 64 B go at 190 M/s in place of 60. */
	LAG_BYTES = 1 << 16,
};

struct shm_ring {
	struct ring rings[2]; /* to side 0, to side 1 */
	struct peer peer;
	enum waiter_strategy wait;
	bool threads;
	struct ring_tx tx;
	struct ring_rx rx;
};

static int shm_ring_open(void *state, const struct transport_options *options)
{
	struct shm_ring *self = state;
	size_t capacity = options->capacity_bytes;

	self->wait = options->wait;
	self->threads = options->threads;
	if (capacity == 0) {
		capacity = 2 * options->message_max_bytes;
		if (capacity < CAPACITY_DEFAULT)
			capacity = CAPACITY_DEFAULT;
	}
	for (int i = 0; i < 2; i++) {
		int r = ring_open(&self->rings[i], capacity, options->message_max_bytes);
		if (r < 0)
			return trace(r);
	}
	return trace(peer_open(&self->peer, options));
}

static int shm_ring_attach(void *state, unsigned side)
{
	struct shm_ring *self = state;

	if (self->threads)
		for (int i = 0; i < 2; i++)
			ring_borrow_memory(&self->rings[i]);
	ring_tx_init(&self->tx, &self->rings[side == 0 ? 1 : 0], self->wait);
	ring_rx_init(&self->rx, &self->rings[side == 0 ? 0 : 1], self->wait, LAG_BYTES);
	return trace(peer_attach(&self->peer, side, self->threads));
}

static int wait_room(struct shm_ring *self, size_t n)
{
	for (;;) {
		if (ring_wait_room(&self->tx, n, peer_slice_end()) == 0)
			return 0;
		if (peer_is_gone(&self->peer))
			return trace(-EPIPE);
	}
}

static int wait_message(struct shm_ring *self)
{
	for (;;) {
		if (ring_wait_message(&self->rx, peer_slice_end()) == 0)
			return 0;
		/* What it sent just before it went is still to be had. */
		if (peer_is_gone(&self->peer))
			return ring_wait_message(&self->rx, 0) == 0 ? 0 : trace(-EPIPE);
	}
}

static int shm_ring_borrow(void *state, size_t n, void **ret_message)
{
	struct shm_ring *self = state;

	while (!(*ret_message = ring_borrow(&self->tx, n))) {
		int r = wait_room(self, n);
		if (r < 0)
			return r;
	}
	return 0;
}

static int shm_ring_commit(void *state, size_t n)
{
	ring_commit(&((struct shm_ring *)state)->tx, n);
	return 0;
}

static int shm_ring_peek(void *state, size_t n, const void **ret_message)
{
	struct shm_ring *self = state;
	size_t size;

	while (!(*ret_message = ring_peek(&self->rx, &size))) {
		int r = wait_message(self);
		if (r < 0)
			return r;
	}
	if (size != n)
		return fail(-EMSGSIZE, "shm_ring: a message of %zu bytes, not of %zu", size, n);
	return 0;
}

static int shm_ring_release(void *state, size_t n)
{
	(void)n;
	ring_release(&((struct shm_ring *)state)->rx);
	return 0;
}

static int shm_ring_send(void *state, const void *message, size_t n)
{
	struct shm_ring *self = state;

	while (!ring_put(&self->tx, message, n)) {
		int r = wait_room(self, n);
		if (r < 0)
			return r;
	}
	return 0;
}

static int shm_ring_recv(void *state, void *message, size_t n)
{
	const void *at;
	int r = shm_ring_peek(state, n, &at);

	if (r < 0)
		return r;
	ring_copy_out(message, at, n);
	return shm_ring_release(state, n);
}

static void shm_ring_facts(
	const void *state, void (*put)(void *, const char *, double), void *context)
{
	const struct shm_ring *self = state;
	const struct waiter *tx = &self->tx.waiter, *rx = &self->rx.waiter;

	put(context, "spins", (double)(tx->spin_count + rx->spin_count));
	put(context, "yields", (double)(tx->yielded_count + rx->yielded_count));
	put(context, "parks", (double)(tx->park_count + rx->park_count));
	put(context, "wakes", (double)(tx->wake_count + rx->wake_count));
	put(context, "capacity_bytes", (double)self->rings[0].data_memory.size_bytes);
}

static void shm_ring_close(void *state)
{
	struct shm_ring *self = state;

	peer_close(&self->peer);
	for (int i = 0; i < 2; i++)
		ring_close(&self->rings[i]);
}

const struct transport transport_shm_ring = {
	.name = "shm_ring",
	.summary = "a ring in shared memory each way; waits as wait= says",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_SEES_DEATH | TRANSPORT_BORROW | TRANSPORT_WAITS,
	.state_bytes = sizeof(struct shm_ring),
	.open = shm_ring_open,
	.attach = shm_ring_attach,
	.send = shm_ring_send,
	.recv = shm_ring_recv,
	.borrow = shm_ring_borrow,
	.commit = shm_ring_commit,
	.peek = shm_ring_peek,
	.release = shm_ring_release,
	.facts = shm_ring_facts,
	.close = shm_ring_close,
};
