#pragma once
/*
 * Inside of a queue: its memory, and what is done at its two ends. queue.c tells how it works and
 * has the calls, queue_end.c how one gets to an end, waiting if need be. Private to libmp.
 */
#include <sched.h>
#include <sys/types.h>

#include "mp/biased.h"
#include "mp/queue.h"
#include "os/waiter.h"

enum {
	HEADER_BYTES = 8,
	/* Every so many messages an end says on which CPU it works. */
	SIT_EVERY = 64,
	/* The tail is told to the consumers about this often. */
	GLANCE_BYTES = 512,
	LARGE_ALIGN = 64,
};

/* A header: what kind of record, and its size. */
#define RECORD_THERE (UINT64_C(1) << 63)
#define RECORD_SKIP (UINT64_C(1) << 62)
#define RECORD_LARGE (UINT64_C(1) << 61)
#define RECORD_SIZE (RECORD_LARGE - 1)

/* Positions only grow; modulo the size they are places. */
struct producers {
	struct mp_biased end;
	_Alignas(64) uint64_t tail, count;
	uint64_t limit, count_limit; /* how far both may go, as far as the producers know */
	uint64_t next_tail, next_count, next_large;
	uint64_t large_tail;
	/* Where the region for large messages was last found empty: all before is free. */
	_Alignas(64) uint64_t large_base;
	uint64_t borrowed_at, borrowed_header, borrowed_skip;
};

struct consumers {
	struct mp_biased end;
	_Alignas(64) uint64_t head, count;
	uint64_t next_head, next_count, next_large;
	uint64_t large_head;
	uint64_t freed; /* as said last */
	/* How consumers keep their distance: see pass_gate(). */
	_Alignas(64) uint64_t gate, tried_at, try_every;
	/* A word of the getter that counts the message before got_at (joinable_queue.c), and its
	 * next value.
	 */
	uint64_t *got, next_got, got_at;
};

/* Those who wait for the same. Each that waits is counted, and those of them that sleep: so who
 * notifies sees whether somebody is about to look anyway, and need not be woken. */
struct crowd {
	struct waiter_seat seat;
	_Alignas(64) uint32_t waiting;
};

struct mp_queue {
	/* These never change but `closed`. */
	_Alignas(64) char *data, *large;
	uint64_t mask, large_mask;
	size_t record_max, maxsize;
	uint32_t closed, lag_bytes, freed_bytes;
	_Alignas(64) struct producers put;
	_Alignas(64) struct consumers get;
	/* The tail and the head, roughly: what one end says of itself now and then, so that the
	 * other need not look at the line in which it works. */
	_Alignas(64) uint64_t glance;
	_Alignas(64) uint64_t freed;
	struct crowd producers, consumers; /* who wait for room, and for messages */
};

/* A message's place in the ring. */
struct place {
	uint64_t at;   /* of the record */
	uint64_t skip; /* bytes left out before it */
	uint64_t end;  /* of the record */
	uint64_t large_at, large_end;
};

/* In the region for large messages, what record points to. */
struct large {
	uint64_t at, size;
};

/* The time that a call may take, looked at only when it has to wait. */
struct patience {
	int64_t timeout_ns, deadline_ns; /* deadline 0: not asked for yet */
	bool is_long;                    /* the caller keeps its end beyond the call */
};

/* At the end of those who put, with room for a message of n bytes, which fits in principle: 0, and
 * the place. Else the errors of mp_queue_put_for(). */
int queue_begin_put(
	struct mp_queue *queue, size_t n, struct patience *patience, struct place *place);

/* At the end of those who get, with a message: its header and where it stands. */
int queue_begin_get(
	struct mp_queue *queue, struct patience *patience, uint64_t **ret_header, uint64_t *ret_at);

/* The underlying lock of an end; what a dead holder began has been carried out. */
int queue_acquire(struct mp_queue *queue, struct mp_biased *end, struct patience *patience);

/* Takes `count` messages out, up to `end`; the last one may be large. */
void queue_consume(struct mp_queue *queue, uint64_t end, uint64_t count, const struct large *large);

/* Carries out what dead holders of either end began. */
void queue_clear_away(struct mp_queue *queue);

/* Leave the end, and notify. */
void queue_end_put(struct mp_queue *queue);
void queue_end_get(struct mp_queue *queue);

/* One more can go on, and somebody sleeps. */
void queue_wake(struct crowd *crowd, uint32_t sleepers);

static inline uint64_t *header_at(const struct mp_queue *queue, uint64_t at)
{
	return (uint64_t *)(void *)(queue->data + (at & queue->mask));
}

static inline char *message_at(const struct mp_queue *queue, uint64_t at)
{
	return queue->data + (at & queue->mask) + HEADER_BYTES;
}

/* What is read by the other end, or without the lock. */
static inline uint64_t look(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void say(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void say_pointer(uint64_t **word, uint64_t *value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline bool is_closed(const struct mp_queue *queue)
{
	return __atomic_load_n(&queue->closed, __ATOMIC_ACQUIRE);
}

static inline struct place ring_place(const struct mp_queue *queue, uint64_t tail, size_t n)
{
	uint64_t need = HEADER_BYTES + ((n + 7) & ~UINT64_C(7));
	uint64_t left = queue->mask + 1 - (tail & queue->mask);
	uint64_t skip = __builtin_expect(need > left, false) ? left : 0;

	return (struct place){.at = tail + skip, .skip = skip, .end = tail + skip + need};
}

static inline bool fits(const struct producers *put, uint64_t end)
{
	return end + HEADER_BYTES <= put->limit && put->count < put->count_limit;
}

/* The tail last: as long as a header stands there, who comes after a death carries this out. */
static inline void put_carry_out(struct producers *put)
{
	say(&put->count, put->next_count);
	say(&put->large_tail, put->next_large);
	say(&put->tail, put->next_tail);
}

/* Everything but the first header is in place: puts `count` messages, up to `end`. */
static inline void publish(
	struct mp_queue *queue, uint64_t header, uint64_t end, uint64_t count, uint64_t large_end)
{
	struct producers *put = &queue->put;

	say(header_at(queue, end), 0);
	put->next_tail = end;
	put->next_count = put->count + count;
	put->next_large = large_end;
	mp_robust_order_();
	say(header_at(queue, put->tail), header);
	mp_robust_order_();
	if (__builtin_expect(((end ^ put->tail) & ~(uint64_t)(GLANCE_BYTES - 1)) != 0, false))
		say(&queue->glance, end);
	put_carry_out(put);
}

/* The header of a record behind what was left out of the ring: the skip is the record that is
 * published. */
static inline uint64_t header_of(struct mp_queue *queue, const struct place *place, uint64_t header)
{
	if (__builtin_expect(place->skip == 0, true))
		return header;
	say(header_at(queue, place->at), header);
	return RECORD_THERE | RECORD_SKIP | place->skip;
}

static inline void notify(struct crowd *crowd, const struct mp_thread_ *self)
{
	uint32_t sleepers;

	mp_thread_fence_(self);
	sleepers = waiter_sleepers(&crowd->seat);
	if (__builtin_expect(sleepers != 0, false))
		queue_wake(crowd, sleepers);
}

/* The oldest record, NULL when there is none; behind a skip. */
static inline uint64_t *first_record(const struct mp_queue *queue, uint64_t *ret_at)
{
	uint64_t at = queue->get.head;
	uint64_t *header = header_at(queue, at);
	uint64_t h = look(header);

	if (__builtin_expect((h & RECORD_SKIP) != 0, false)) {
		at += h & RECORD_SIZE;
		header = header_at(queue, at);
		h = look(header);
	}
	*ret_at = at;
	return h ? header : NULL;
}

static inline size_t message_of(
	const struct mp_queue *queue, const uint64_t *header, uint64_t at, const char **ret_message)
{
	const char *message = message_at(queue, at);

	*ret_message = message;
	if (__builtin_expect((*header & RECORD_LARGE) == 0, true))
		return *header & RECORD_SIZE;
	const struct large *large = (const void *)message;
	*ret_message = queue->large + (large->at & queue->large_mask);
	return large->size;
}

static inline uint64_t record_end(uint64_t header, uint64_t at)
{
	return at + HEADER_BYTES + (((header & RECORD_SIZE) + 7) & ~UINT64_C(7));
}

static inline void say_freed(struct mp_queue *queue)
{
	queue->get.freed = queue->get.head;
	say(&queue->freed, queue->get.head);
}
