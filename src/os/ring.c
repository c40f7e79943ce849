/*
 * The slow half of the ring: the mappings, the waiting, and the consumer that keeps its distance.
 *
 * How it fails: a producer that dies between two stores leaves a record without its header, which
 * was never sent; one that dies otherwise leaves a ring that drains and is empty. Who waits for a
 * dead peer gets -ETIMEDOUT, and has to find out. What is in the ring is believed: a peer that
 * writes nonsense into it can make the consumer read within, but not beyond, the two mappings only
 * as far as its sizes are sane, so do not share a ring with someone you would not share memory
 * with.
 */
#include "os/ring.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

enum {
	/* A consumer that holds back looks at the producer's index this seldom: each look takes the
	 * line away from it. In pauses; 0.2 µs here. */
	PAUSES_PER_GLANCE = 8,
	/* It gives up after so many looks: a slow producer's messages are late by 15 µs at most. */
	GLANCES_MAX = 80,
	/* Seen so often where it was, the producer pauses. */
	PAUSE_GLANCES = 8,
	/* Messages of 64 B in a ping-pong are then held up by 2 µs once in 65536. */
	TRY_EVERY_MAX = 1 << 22,
	/* How finely the producer says where it is. */
	GLANCE_BYTES_MAX = 512,
};

int ring_open(struct ring *ring, size_t capacity_bytes, size_t message_max_bytes)
{
	/* Aligned, and with the next header. */
	uint64_t least = (uint64_t)message_max_bytes + 128 + RING_HEADER_BYTES;
	uint64_t bytes = 4096;

	if (capacity_bytes > RING_BYTES_MAX || least > RING_BYTES_MAX)
		return fail(-EINVAL, "a ring of %zu bytes for messages of %zu bytes is too large",
			capacity_bytes, message_max_bytes);
	while (bytes < capacity_bytes || bytes < least)
		bytes *= 2;
	int r = shm_open_anonymous(&ring->control_memory, sizeof(struct ring_control));
	if (r == 0)
		r = shm_open_mirrored(&ring->data_memory, bytes);
	/* Pages larger than 4 KiB would round a small ring up; the indices need a power of two. */
	if (r == 0 && (ring->data_memory.size_bytes & (ring->data_memory.size_bytes - 1)) != 0)
		r = fail(-EOPNOTSUPP, "the page size is not a power of two");
	if (r < 0)
		ring_close(ring);
	return trace(r);
}

void ring_borrow_memory(struct ring *ring)
{
	shm_borrow(&ring->control_memory);
	shm_borrow(&ring->data_memory);
}

void ring_close(struct ring *ring)
{
	shm_close(&ring->data_memory);
	shm_close(&ring->control_memory);
}

void ring_tx_init(struct ring_tx *tx, struct ring *ring, enum waiter_strategy strategy)
{
	struct ring_control *control = ring->control_memory.data;
	uint64_t tail = atomic_load_explicit(&control->tail, memory_order_relaxed);
	size_t size = ring->data_memory.size_bytes;
	uint64_t head = atomic_load_explicit(&control->head, memory_order_acquire);

	*tx = (struct ring_tx){
		.data = ring->data_memory.data,
		.mask = size - 1,
		.tail = tail,
		.limit = head + size,
		.batch_bytes = size / 8 < RING_BATCH_BYTES_MAX ? size / 8 : RING_BATCH_BYTES_MAX,
		/* Of a small ring, finely enough to see a lag in it. */
		.glance_mask =
			~(uint64_t)((size / 32 < GLANCE_BYTES_MAX ? size / 32 : GLANCE_BYTES_MAX) -
				    1),
		.control = control,
	};
	waiter_init(&tx->waiter, strategy);
	waiter_sit(&control->producer);
}

void ring_rx_init(
	struct ring_rx *rx, struct ring *ring, enum waiter_strategy strategy, size_t lag_bytes)
{
	struct ring_control *control = ring->control_memory.data;
	uint64_t head = atomic_load_explicit(&control->head, memory_order_relaxed);
	size_t size = ring->data_memory.size_bytes;

	*rx = (struct ring_rx){
		.data = ring->data_memory.data,
		.mask = size - 1,
		.head = head,
		.gate = UINT64_MAX,
		.freed = head,
		.free_every = size / 8,
		.lag_bytes = lag_bytes < size / 2 ? lag_bytes : size / 2,
		.tried_at = head,
		.control = control,
	};
	rx->try_every = rx->lag_bytes;
	waiter_init(&rx->waiter, strategy);
	waiter_sit(&control->consumer);
}

bool ring_find_room(struct ring_tx *tx, uint64_t end)
{
	/* Acquire, with the release in ring_free(): what is written there from now on comes after
	 * the consumer's last read. */
	uint64_t head = atomic_load_explicit(&tx->control->head, memory_order_acquire);

	waiter_sit(&tx->control->producer);
	tx->limit = head + tx->mask + 1;
	return end <= tx->limit;
}

void ring_free(struct ring_rx *rx)
{
	rx->freed = rx->head;
	atomic_store_explicit(&rx->control->head, rx->head, memory_order_release);
	waiter_sit(&rx->control->consumer);
	waiter_notify(&rx->waiter, &rx->control->producer, 1);
}

void ring_found_nothing(struct ring_rx *rx)
{
	if (rx->freed != rx->head)
		ring_free(rx);
	/* Enough has come since the last try for this to be a stream whose producer can be let
	 * ahead: the next message waits at the gate. */
	if (rx->lag_bytes && rx->head - rx->tried_at >= rx->try_every)
		rx->gate = rx->head;
}

bool ring_pass_gate(struct ring_rx *rx)
{
	uint64_t before = rx->head;
	int unchanged = 0;

	for (int i = 0; i < GLANCES_MAX && unchanged < PAUSE_GLANCES; i++) {
		/* Acquire, with the release in ring_commit_many(): the records up to there. */
		uint64_t tail = atomic_load_explicit(&rx->control->tail, memory_order_acquire);
		if (tail - rx->head >= rx->lag_bytes && tail > rx->head) {
			rx->gate = tail;
			rx->try_every = rx->lag_bytes;
			return true;
		}
		unchanged = tail == before ? unchanged + 1 : 0;
		before = tail;
		if (rx->freed != rx->head)
			ring_free(rx);
		for (int j = 0; j < PAUSES_PER_GLANCE; j++)
			waiter_pause();
	}
	/* The producer pauses, waits for room, or is slow: a ping-pong, say, which should not be
	 * held up often. */
	rx->gate = UINT64_MAX;
	rx->tried_at = rx->head;
	if (rx->try_every < TRY_EVERY_MAX)
		rx->try_every *= 2;
	return true;
}

struct room {
	const struct ring_tx *tx;
	uint64_t end;
};

static bool has_room(const void *argument)
{
	const struct room *room = argument;

	return room->end <= atomic_load_explicit(&room->tx->control->head, memory_order_acquire) +
				    room->tx->mask + 1;
}

int ring_wait_room(struct ring_tx *tx, size_t n, int64_t deadline_ns)
{
	struct room room = {tx, ring_record_end(tx->tail, n) + RING_HEADER_BYTES};

	assert(room.end - tx->tail <= tx->mask + 1);
	return waiter_wait(&tx->waiter, &tx->control->producer, &tx->control->consumer, has_room,
		&room, deadline_ns);
}

static bool has_message(const void *argument)
{
	const struct ring_rx *rx = argument;
	const char *record = rx->data + (rx->head & rx->mask);

	/* The end of a message of 64 bytes is in the next line: have it fetched while its
	 * beginning is awaited, not after. */
	__builtin_prefetch(record + 64);
	if (atomic_load_explicit(ring_header(record, 0), memory_order_acquire) != 0)
		return true;
	/* Each poll may take a line away from the producer while it writes. Without a pause a round
	 * trip of 64 bytes took 96 ns in place of 82, with two 114 (ring-peers, Zen 5, one L3). */
	waiter_pause();
	return false;
}

int ring_wait_message(struct ring_rx *rx, int64_t deadline_ns)
{
	if (rx->left > 0)
		return 0;
	if (rx->freed != rx->head)
		ring_free(rx);
	return waiter_wait(&rx->waiter, &rx->control->consumer, &rx->control->producer, has_message,
		rx, deadline_ns);
}

void ring_copy_in_large(void *to, const void *from, size_t n)
{
#ifdef __x86_64__
	if (n >= RING_STRING_BYTES) {
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
		return;
	}
#endif
	memcpy(to, from, n);
}

void ring_copy_out_large(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
}
