#pragma once
/*
 * A ring in shared memory from one producer to one consumer (processes or threads).
 *
 * Messages are records behind each other in a mapping that stands twice in the address space, so
 * that what wraps around the end is contiguous and no copy has a branch for it:
 *
 *	| size, count | message … message | pad to 8 |   | size, count | …
 *
 * The header is stored last (release) and is the only thing that the consumer polls: a small
 * message and its flag arrive in one cache line. The producer zeroes the header after its record
 * before it publishes the record, so that stale bytes never look like a header. `count` messages
 * of `size` bytes each share one header: a batch is published by one store.
 *
 * The consumer says what it has freed only every eighth of the ring, or when it finds nothing: the
 * producer's line of that index is seldom taken away from it. With `lag_bytes` a consumer that has
 * caught up with a stream lets the producer run ahead again, until the backlog is that large or
 * the producer pauses, so that both work on different cache lines.
 *
 * ring_open() before the sides exist; then ring_tx_init() in the producer and ring_rx_init() in the
 * consumer, each on private memory. One thread at a time per end.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/shm.h"
#include "os/waiter.h"

enum {
	RING_HEADER_BYTES = 8,
	/* A batch is published at least this often: the consumer works on one half of a small ring
	 * while the producer fills the other. */
	RING_BATCH_BYTES = 4096,
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
	uint64_t limit; /* the producer owns [tail, limit), as far as it knows */
	struct ring_control *control;
	struct waiter waiter;
};

struct ring_rx {
	const char *data;
	uint64_t mask;
	uint64_t head;
	const char *message; /* the next one of the open record, while `left` is not 0 */
	uint32_t message_bytes, left;
	uint64_t record_end;
	uint64_t gate;  /* keeps its distance: asks before it passes; UINT64_MAX: it does not */
	uint64_t freed; /* the head that the producer knows */
	uint64_t free_every;
	uint64_t lag_bytes;
	uint64_t waited_at; /* the head when it last found nothing */
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

/* Wait until a message of n bytes fits, or one is there. 0 or -ETIMEDOUT. They set the lag aside.
 */
int ring_wait_room(struct ring_tx *tx, size_t n, int64_t deadline_ns);
int ring_wait_message(struct ring_rx *rx, int64_t deadline_ns);

/* The slow halves of what follows. */
bool ring_find_room(struct ring_tx *tx, uint64_t end);
bool ring_pass_gate(struct ring_rx *rx);
void ring_found_nothing(struct ring_rx *rx);
void ring_free(struct ring_rx *rx);
void ring_copy_large(void *to, const void *from, size_t n);

/* Bytes that a record of n bytes of messages takes. */
static inline uint64_t ring_record_bytes(size_t n)
{
	return RING_HEADER_BYTES + (((uint64_t)n + 7) & ~UINT64_C(7));
}

static inline _Atomic uint64_t *ring_header(const char *data, uint64_t at)
{
	return (_Atomic uint64_t *)(uintptr_t)(data + at);
}

typedef uint64_t ring_word __attribute__((may_alias, aligned(1)));
typedef uint32_t ring_half __attribute__((may_alias, aligned(1)));

/*
 * Small messages in 8-byte moves: their sender has just stored a number in them, and a wider load
 * that spans a store which is still on its way to the cache stalls until it arrives.
 */
static inline void ring_copy(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (n > 64) {
		ring_copy_large(to, from, n);
	} else if (n >= 8) {
		for (size_t i = 0; i + 8 <= n; i += 8) {
			uint64_t word = *(const ring_word *)(f + i);
			__asm__("" : "+r"(word)); /* or the compiler makes them wide again */
			*(ring_word *)(t + i) = word;
		}
		*(ring_word *)(t + n - 8) = *(const ring_word *)(f + n - 8);
	} else if (n >= 4) {
		uint32_t first = *(const ring_half *)f, last = *(const ring_half *)(f + n - 4);
		*(ring_half *)t = first;
		*(ring_half *)(t + n - 4) = last;
	} else {
		for (size_t i = 0; i < n; i++)
			t[i] = f[i];
	}
}

/* Room for n bytes in place, at an address that is a multiple of 8, or NULL: full. To be filled
 * and committed; borrowing again without that gives the same place. n is at most message_max, or
 * for several messages RING_BATCH_BYTES. */
static inline void *ring_borrow(struct ring_tx *tx, size_t n)
{
	/* The next header is zeroed together with this record. */
	uint64_t end = tx->tail + ring_record_bytes(n) + RING_HEADER_BYTES;

	if (__builtin_expect(end > tx->limit, false) && !ring_find_room(tx, end))
		return NULL;
	return tx->data + (tx->tail & tx->mask) + RING_HEADER_BYTES;
}

/* Publishes what was written to the last borrow: `count` messages of n bytes. */
static inline void ring_commit_many(struct ring_tx *tx, size_t n, uint32_t count)
{
	uint64_t at = tx->tail & tx->mask;
	uint64_t bytes = ring_record_bytes(n * count);

	atomic_store_explicit(ring_header(tx->data, at + bytes), 0, memory_order_relaxed);
	/* Release, with the acquire in ring_peek(): who sees the header sees the messages and the
	 * zero behind them. */
	atomic_store_explicit(
		ring_header(tx->data, at), (uint64_t)count << 32 | n, memory_order_release);
	tx->tail += bytes;
	/* Release, with the acquire in ring_pass_gate(): likewise. */
	atomic_store_explicit(&tx->control->tail, tx->tail, memory_order_release);
	waiter_notify(&tx->waiter, &tx->control->consumer, 1);
}

static inline void ring_commit(struct ring_tx *tx, size_t n)
{
	ring_commit_many(tx, n, 1);
}

/* false: full. */
static inline bool ring_put(struct ring_tx *tx, const void *message, size_t n)
{
	void *room = ring_borrow(tx, n);

	if (__builtin_expect(!room, false))
		return false;
	ring_copy(room, message, n);
	ring_commit(tx, n);
	return true;
}

/* As many of `count` messages of n bytes each, packed, as fit: how many. */
static inline size_t ring_put_many(struct ring_tx *tx, const void *messages, size_t n, size_t count)
{
	const char *from = messages;
	size_t batch_max = n < RING_BATCH_BYTES ? RING_BATCH_BYTES / n : 1;
	size_t done = 0;

	while (done < count) {
		size_t batch = count - done < batch_max ? count - done : batch_max;
		void *room;
		while (!(room = ring_borrow(tx, batch * n)))
			if ((batch /= 2) == 0)
				return done;
		ring_copy(room, from, batch * n);
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
	rx->message_bytes = (uint32_t)header;
	rx->left = (uint32_t)(header >> 32);
	rx->message = record + RING_HEADER_BYTES;
	rx->record_end = rx->head + ring_record_bytes((size_t)rx->message_bytes * rx->left);
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
	ring_copy(buffer, message, size);
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
		ring_copy(to, rx->message, batch * n);
		ring_release_many(rx, (uint32_t)batch);
		to += batch * n;
		done += batch;
	}
	return done;
}
