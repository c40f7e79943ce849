/*
 * shm_spin: one slot each way in shared memory, and both sides spin: the shortest way from one CPU
 * to another. The slot's stamp (number and size of the message) and the first 48 bytes are in one
 * cache line, which is what a small message costs.
 *
 * The receiver acknowledges in a line of its own, which the sender looks at only when no message
 * has come back meanwhile: each message also carries the number of the last one received, so that
 * in a ping-pong no line travels but the message's.
 *
 * It never sleeps: on one CPU each message costs the rest of a time slice (ms). A dead peer is
 * found by a look at the clock now and then, and at the peer once a slice.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "os/ring.h"
#include "os/waiter.h"
#include "transport/peer.h"
#include "transport/transport.h"

struct slot {
	/* Number of the message << 32 | its size. */
	_Alignas(64) _Atomic uint64_t stamp;
	/* The sender's own last receipt. */
	uint32_t received;
	char message[];
};

struct slot_receipt {
	_Alignas(64) _Atomic uint32_t received;
};

struct shm_spin {
	struct shm slots[2]; /* to side 0, to side 1 */
	struct shm receipt_memory;
	struct peer peer;
	bool threads;
	unsigned side;
	/* After attach: where to write and to read, and how far we are. */
	struct slot *out, *in;
	struct slot_receipt *receipt_out, *receipt_in;
	uint32_t sent, acknowledged, received;
	struct waiter waiter;
	struct waiter_seat seat; /* private: nobody ever wakes a spinner */
};

static int shm_spin_open(void *state, const struct transport_options *options)
{
	struct shm_spin *self = state;

	self->threads = options->threads;
	for (int i = 0; i < 2; i++) {
		int r = shm_open_anonymous(
			&self->slots[i], sizeof(struct slot) + options->message_max_bytes);
		if (r < 0)
			return trace(r);
	}
	int r = shm_open_anonymous(&self->receipt_memory, 2 * sizeof(struct slot_receipt));
	if (r < 0)
		return trace(r);
	return trace(peer_open(&self->peer, options));
}

static int shm_spin_attach(void *state, unsigned side)
{
	struct shm_spin *self = state;
	struct slot_receipt *receipts = self->receipt_memory.data;
	unsigned other = side == 0 ? 1 : 0;

	if (self->threads) {
		shm_borrow(&self->slots[0]);
		shm_borrow(&self->slots[1]);
		shm_borrow(&self->receipt_memory);
	}
	self->in = self->slots[side == 0 ? 0 : 1].data;
	self->out = self->slots[other].data;
	self->receipt_out = &receipts[side == 0 ? 0 : 1];
	self->receipt_in = &receipts[other];
	waiter_init(&self->waiter, WAITER_SPIN);
	return trace(peer_attach(&self->peer, side, self->threads));
}

static int wait_until(struct shm_spin *self, waiter_ready *ready)
{
	for (;;) {
		if (waiter_wait(&self->waiter, &self->seat, NULL, ready, self, peer_slice_end()) ==
			0)
			return 0;
		/* What it sent just before it went is still to be had. */
		if (peer_is_gone(&self->peer))
			return ready(self) ? 0 : trace(-EPIPE);
	}
}

static bool has_message(const void *state)
{
	const struct shm_spin *self = state;

	/* A message of 64 bytes ends in the next line: fetch both at once. */
	__builtin_prefetch((const char *)self->in + 64);
	/* Acquire, with the release in send(): the message is there. */
	uint64_t stamp = atomic_load_explicit(&self->in->stamp, memory_order_acquire);
	return (uint32_t)(stamp >> 32) != self->received;
}

static bool is_free(const void *state)
{
	const struct shm_spin *self = state;

	/* Acquire, with the release in recv(): the receiver has read all. */
	return atomic_load_explicit(&self->receipt_in->received, memory_order_acquire) ==
	       self->sent;
}

static int shm_spin_send(void *state, const void *message, size_t n)
{
	struct shm_spin *self = state;

	if (self->acknowledged != self->sent) {
		if (!is_free(self)) {
			int r = wait_until(self, is_free);
			if (r < 0)
				return r;
		}
		self->acknowledged = self->sent;
	}
	self->sent++;
	ring_copy_in(self->out->message, message, n);
	self->out->received = self->received;
	atomic_store_explicit(
		&self->out->stamp, (uint64_t)self->sent << 32 | n, memory_order_release);
	return 0;
}

static int shm_spin_recv(void *state, void *message, size_t n)
{
	struct shm_spin *self = state;

	if (!has_message(self)) {
		int r = wait_until(self, has_message);
		if (r < 0)
			return r;
	}
	size_t size = (uint32_t)atomic_load_explicit(&self->in->stamp, memory_order_relaxed);
	if (size != n)
		return fail(-EMSGSIZE, "shm_spin: a message of %zu bytes, not of %zu", size, n);
	ring_copy_out(message, self->in->message, n);
	self->acknowledged = self->in->received;
	self->received++;
	atomic_store_explicit(&self->receipt_out->received, self->received, memory_order_release);
	return 0;
}

static void shm_spin_facts(
	const void *state, void (*put)(void *, const char *, double), void *context)
{
	put(context, "spins", (double)((const struct shm_spin *)state)->waiter.spin_count);
}

static void shm_spin_close(void *state)
{
	struct shm_spin *self = state;

	peer_close(&self->peer);
	for (int i = 0; i < 2; i++)
		shm_close(&self->slots[i]);
	shm_close(&self->receipt_memory);
}

const struct transport transport_shm_spin = {
	.name = "shm_spin",
	.summary = "one slot in shared memory each way; both sides spin",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_SEES_DEATH | TRANSPORT_SPINS,
	.state_bytes = sizeof(struct shm_spin),
	.open = shm_spin_open,
	.attach = shm_spin_attach,
	.send = shm_spin_send,
	.recv = shm_spin_recv,
	.facts = shm_spin_facts,
	.close = shm_spin_close,
};
