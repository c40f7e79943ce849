#pragma once
/*
 * A ring in shared memory from one producer to one consumer (processes or threads).
 *
 * Messages are records behind each other in a mapping that stands twice in the address space, so
 * that what wraps around the end is contiguous and no copy has a branch for it:
 *
 *	| size, count | message … message | pad to 8 | size, count | …
 *
 * The header is stored last (release) and is the only thing that the consumer polls: a small
 * message and its flag arrive in one cache line. The producer zeroes the header after its record
 * before it publishes the record, so that stale bytes never look like a header. `count` messages
 * of `size` bytes each share one header: a batch is published by one store.
 *
 * The consumer says what it has freed only every eighth of the ring, or when it finds nothing: the
 * producer's line of that index is seldom taken away from it. With `lag_bytes` a consumer that has
 * caught up with a stream lets the producer run ahead again, until the backlog is that large or
 * the producer pauses, so that both work on different cache lines. It is not for a pipeline that
 * wants each message at once: one that starts a burst may wait for 16 µs.
 *
 * What it reaches beside its peers: bench/peers/ring.
 *
 * ring_open() before the sides exist; then ring_tx_init() in the producer and ring_rx_init() in the
 * consumer, each on private memory. One thread at a time per end.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/ring_copy.h"
#include "os/shm.h"
#include "os/waiter.h"

enum {
	RING_HEADER_BYTES = 8,
	/* A batch is published at least this often, and in a small ring every eighth of it: the
	 * consumer works on one part while the producer fills another. */
	RING_BATCH_BYTES_MAX = 32768,
	/* Payloads from here on are whole cache lines. */
	RING_ALIGNED_BYTES = 256,
	/* From RING_ALIGNED_BYTES up to this, the producer asks for lines in advance, so far ahead:
	 * 1 KiB in place went at 28 M/s in place of 21. Before larger copies by string instructions
	 * it only harms: 17 M/s in place of 27 for 1 KiB in batches of 32. */
	RING_PREFETCH_LIMIT = 4096,
	RING_PREFETCH_BYTES = 2048,
	/* Up to here, many messages that are copied in by string instructions have the last lines
	 * of the next such copy asked for in advance. They come while the instruction begins, which
	 * takes as long as a third of 2 KiB. 64 B in batches of 32 went at 587 M/s in place of 557
	 * (ring-peers --cell 64B --realtime, "ring many", one L3). */
	RING_TAIL_LIMIT = 2048,
	RING_TAIL_BYTES = 768,
};

/* The largest ring, so that a message's size fits its half of a header. */
#define RING_BYTES_MAX ((size_t)1 << 31)

struct ring_control {
	/* Where the producer is: for a consumer that keeps its distance. */
	_Alignas(128) _Atomic uint64_t tail;
	struct waiter_seat producer;
	/* What the consumer has freed. */
	_Alignas(128) _Atomic uint64_t head;
	struct waiter_seat consumer;
};

/* The memory; a copy in each process (and each thread, borrowed). */
struct ring {
	struct shm control_memory, data_memory;
};

struct ring_tx {
	char *data;
	uint64_t mask;
	uint64_t tail;
	uint64_t limit;       /* the producer owns [tail, limit), as far as it knows */
	size_t batch_bytes;   /* how much one header may cover */
	uint64_t glance_mask; /* the index is published when one of these bits changes */
	struct ring_control *control;
	struct waiter waiter;
};

struct ring_rx {
	const char *data;
	uint64_t mask;
	uint64_t head;
	const char *message; /* the next one of the open record, while `left` is not 0 */
	uint64_t header;     /* of the open record: its messages' size, their count and product */
	uint32_t message_bytes, count;
	size_t bytes;
	uint32_t left;
	uint64_t record_end;
	uint64_t gate;  /* keeps its distance: asks before it passes; UINT64_MAX: it does not */
	uint64_t freed; /* the head that the producer knows */
	uint64_t free_every;
	uint64_t lag_bytes;
	uint64_t tried_at;  /* the head when letting the producer ahead last failed */
	uint64_t try_every; /* how much must come before the next try */
	struct ring_control *control;
	struct waiter waiter;
};

/* Room for messages of up to message_max bytes, and at least capacity_bytes, rounded up to a power
 * of two of pages. -ENOMEM; -EINVAL: over RING_BYTES_MAX. */
int ring_open(struct ring *ring, size_t capacity_bytes, size_t message_max_bytes);
/* This copy does not own the mappings (a thread's). */
void ring_borrow_memory(struct ring *ring);
void ring_close(struct ring *ring);

void ring_tx_init(struct ring_tx *tx, struct ring *ring, enum waiter_strategy strategy);
/* lag_bytes: the distance to keep in a stream, 0 for none; at most half of the ring is used. */
void ring_rx_init(
	struct ring_rx *rx, struct ring *ring, enum waiter_strategy strategy, size_t lag_bytes);

/* Wait until a message of n bytes fits, or one is there. 0 or -ETIMEDOUT. */
int ring_wait_room(struct ring_tx *tx, size_t n, int64_t deadline_ns);
int ring_wait_message(struct ring_rx *rx, int64_t deadline_ns);

/* The slow halves of what follows. */
bool ring_find_room(struct ring_tx *tx, uint64_t end);
bool ring_pass_gate(struct ring_rx *rx);
void ring_found_nothing(struct ring_rx *rx);
void ring_free(struct ring_rx *rx);

/* Where the messages of a record at `at` begin, and where the next record begins. */
static inline uint64_t ring_payload_at(uint64_t at, size_t n)
{
	at += RING_HEADER_BYTES;
	return __builtin_expect(n < RING_ALIGNED_BYTES, true) ? at : (at + 63) & ~UINT64_C(63);
}

static inline uint64_t ring_record_end(uint64_t at, size_t n)
{
	uint64_t mask = __builtin_expect(n < RING_ALIGNED_BYTES, true) ? 7 : 63;

	return (ring_payload_at(at, n) + n + mask) & ~mask;
}

static inline _Atomic uint64_t *ring_header(const char *data, uint64_t at)
{
	return (_Atomic uint64_t *)(uintptr_t)(data + at);
}

/* Asks for the lines that will be written after this record: they are still the consumer's. */
static inline void ring_prefetch(const struct ring_tx *tx, size_t n)
{
	uint64_t ahead = tx->tail + RING_PREFETCH_BYTES;

	if (ahead + n <= tx->limit)
		for (size_t i = 0; i < n; i += 64)
			__builtin_prefetch(tx->data + ((ahead + i) & tx->mask), 1);
}

/* Asks for the end of a record like this one, of n bytes, that follows it. */
static inline void ring_prefetch_tail(const struct ring_tx *tx, size_t n)
{
	uint64_t next = ring_record_end(tx->tail, n);
	uint64_t end = ring_payload_at(next, n) + n;
	size_t bytes = n / 2 < RING_TAIL_BYTES ? n / 2 : RING_TAIL_BYTES;

	if (end <= tx->limit)
		for (size_t i = 64; i <= bytes; i += 64)
			__builtin_prefetch(tx->data + ((end - i) & tx->mask), 1);
}

/* Room for n bytes, or NULL; is_string: to be copied in by string instructions. */
static inline void *ring_reserve(struct ring_tx *tx, size_t n, bool is_string)
{
	/* The next header is zeroed together with this record. */
	uint64_t end = ring_record_end(tx->tail, n) + RING_HEADER_BYTES;

	if (__builtin_expect(end > tx->limit, false) && !ring_find_room(tx, end))
		return NULL;
	if (is_string && n >= RING_STRING_BYTES && n <= RING_TAIL_LIMIT)
		ring_prefetch_tail(tx, n);
	else if (n >= RING_ALIGNED_BYTES && n < RING_PREFETCH_LIMIT)
		ring_prefetch(tx, n);
	return tx->data + ring_payload_at(tx->tail & tx->mask, n);
}

/* Room for n bytes in place, at an address that is a multiple of 8, or NULL: full. To be filled
 * and committed; borrowing again without that gives the same place. n is at most message_max, or
 * for several messages tx->batch_bytes. */
static inline void *ring_borrow(struct ring_tx *tx, size_t n)
{
	return ring_reserve(tx, n, false);
}

/* Zeroes the header after the record. */
static inline void ring_end_record(struct ring_tx *tx, size_t n)
{
	uint64_t end = ring_record_end(tx->tail & tx->mask, n);

	atomic_store_explicit(ring_header(tx->data, end), 0, memory_order_relaxed);
}

/* Publishes a record that is complete but for its header. */
static inline void ring_publish(struct ring_tx *tx, size_t n, uint32_t count)
{
	uint64_t at = tx->tail & tx->mask;
	uint64_t tail = tx->tail + (ring_record_end(at, n * count) - at);

	/* Release, with the acquire in ring_open_record(): who sees the header sees the messages
	 * and the zero behind them. */
	atomic_store_explicit(
		ring_header(tx->data, at), (uint64_t)count << 32 | n, memory_order_release);
	/* Release, with the acquire in ring_pass_gate(): likewise. Not for each small message: a
	 * store more is a place less for those that wait for their cache lines. */
	if ((tail ^ tx->tail) & tx->glance_mask)
		atomic_store_explicit(&tx->control->tail, tail, memory_order_release);
	tx->tail = tail;
	waiter_notify(&tx->waiter, &tx->control->consumer, 1);
}

/* Publishes what was written to the last borrow, all of it: `count` messages of n bytes. */
static inline void ring_commit_many(struct ring_tx *tx, size_t n, uint32_t count)
{
	ring_end_record(tx, n * count);
	ring_publish(tx, n, count);
}

static inline void ring_commit(struct ring_tx *tx, size_t n)
{
	ring_commit_many(tx, n, 1);
}

/* false: full. Written from the end to the beginning: the line that the consumer polls comes last
 * and at once, or it would be taken away again between the message's first byte and its header. */
static inline bool ring_put(struct ring_tx *tx, const void *message, size_t n)
{
	void *room = ring_borrow(tx, n);

	if (__builtin_expect(!room, false))
		return false;
	ring_end_record(tx, n);
	ring_copy_in(room, message, n);
	ring_publish(tx, n, 1);
	return true;
}

/* As many of `count` messages of n bytes each, packed, as fit: how many. */
static inline size_t ring_put_many(struct ring_tx *tx, const void *messages, size_t n, size_t count)
{
	const char *from = messages;
	size_t batch_max = n < tx->batch_bytes ? tx->batch_bytes / n : 1;
	size_t done = 0;

	while (done < count) {
		size_t batch = count - done < batch_max ? count - done : batch_max;
		void *room;
		while (!(room = ring_reserve(tx, batch * n, true)))
			if ((batch /= 2) == 0)
				return done;
		ring_copy_in(room, from, batch * n);
		ring_commit_many(tx, n, (uint32_t)batch);
		from += batch * n;
		done += batch;
	}
	return done;
}

/* Opens the next record; false: none. */
static inline bool ring_open_record(struct ring_rx *rx)
{
	if (__builtin_expect(rx->head == rx->gate, false) && !ring_pass_gate(rx))
		return false;
	const char *record = rx->data + (rx->head & rx->mask);
	uint64_t header = atomic_load_explicit(ring_header(record, 0), memory_order_acquire);
	if (__builtin_expect(header == 0, false)) {
		ring_found_nothing(rx);
		return false;
	}
	/* Where the next record begins depends on this one's header, which may be a cache miss. As
	 * a guess that the branch predictor makes, the next ones are fetched meanwhile. */
	if (__builtin_expect(header != rx->header, false)) {
		rx->header = header;
		rx->message_bytes = (uint32_t)header;
		rx->count = (uint32_t)(header >> 32);
		rx->bytes = (size_t)rx->message_bytes * rx->count;
	}
	rx->left = rx->count;
	rx->message = rx->data + ring_payload_at(rx->head & rx->mask, rx->bytes);
	rx->record_end = ring_record_end(rx->head, rx->bytes);
	return true;
}

/* The next message in place, and its size; NULL: empty. It stays until released. */
static inline const void *ring_peek(struct ring_rx *rx, size_t *ret_n)
{
	if (rx->left == 0 && !ring_open_record(rx))
		return NULL;
	*ret_n = rx->message_bytes;
	return rx->message;
}

/* All messages of the next record, packed, and how many of what size; NULL: empty. */
static inline const void *ring_peek_many(struct ring_rx *rx, size_t *ret_n, size_t *ret_count)
{
	const void *messages = ring_peek(rx, ret_n);

	*ret_count = rx->left;
	return messages;
}

/* Frees `count` peeked messages; at most those of the record that ring_peek() opened. */
static inline void ring_release_many(struct ring_rx *rx, uint32_t count)
{
	rx->message += (size_t)rx->message_bytes * count;
	rx->left -= count;
	if (rx->left == 0) {
		rx->head = rx->record_end;
		if (__builtin_expect(rx->head - rx->freed >= rx->free_every, false))
			ring_free(rx);
	}
}

static inline void ring_release(struct ring_rx *rx)
{
	ring_release_many(rx, 1);
}

/* The next message into a buffer of n bytes: its size, which is also given when it is larger than
 * n, and then the message stays; 0: empty. */
static inline size_t ring_get(struct ring_rx *rx, void *buffer, size_t n)
{
	size_t size;
	const void *message = ring_peek(rx, &size);

	if (!message)
		return 0;
	if (__builtin_expect(size > n, false))
		return size;
	ring_copy_out(buffer, message, size);
	ring_release(rx);
	return size;
}

/* Up to `count` messages, as long as they are of n bytes, packed into the buffer: how many. */
static inline size_t ring_get_many(struct ring_rx *rx, void *buffer, size_t n, size_t count)
{
	char *to = buffer;
	size_t done = 0;

	while (done < count && (rx->left > 0 || ring_open_record(rx)) && rx->message_bytes == n) {
		size_t batch = count - done < rx->left ? count - done : rx->left;
		ring_copy_out(to, rx->message, batch * n);
		ring_release_many(rx, (uint32_t)batch);
		to += batch * n;
		done += batch;
	}
	return done;
}
