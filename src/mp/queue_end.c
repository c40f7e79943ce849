/*
 * The two ends of a queue: who may work there, whether there is a message or room, and waiting
 * until there is. queue.c tells of the whole.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "mp/park.h"
#include "mp/queue_impl.h"

enum {
	SLICE_NS = 100 * 1000 * 1000,
	/* "Does not wait" means: not for a message or for room. Somebody in the middle of his own
	 * operation is waited for, but not for long: he may be stopped. */
	NOWAIT_NS = 1000 * 1000,
	/* Looks, with a pause each, for a message that may be on its way (0.5 to 1 µs), and for
	 * room in a ring that is being drained (20 µs). */
	LINGER_FOR_MESSAGE = 32,
	LINGER_FOR_ROOM = 800,
	/* How long a consumer waits for its distance: so many glances, fewer when the producer
	 * pauses. */
	GLANCES_MAX = 150,
	PAUSE_GLANCES = 8,
	PAUSES_PER_GLANCE = 8,
	TRY_EVERY_MAX = 1 << 22,
	/* The first so many bytes of the region for large messages keep their memory; the rest is
	 * given back after each use. */
	LARGE_KEPT_BYTES = 8 << 20,
};

/* One more can go on. A wake-up is for when nobody is awake to see it; who goes on, and sees that
 * there is more, notifies the next. */
void queue_wake(struct crowd *crowd, uint32_t sleepers)
{
	/* With the one in waiting_drop(): who is not counted any more sees what was put, or is seen
	 * not to be counted. */
	waiter_fence();
	if (__atomic_load_n(&crowd->waiting, __ATOMIC_RELAXED) <= sleepers)
		waiter_wake(mp_waiter(), &crowd->seat, 1);
}

/* Whether the other end was last seen on another CPU: then it can make progress while we look. */
static bool is_elsewhere(const struct crowd *other)
{
	int32_t cpu_plus_1 = atomic_load_explicit(&other->seat.cpu_plus_1, memory_order_relaxed);

	return cpu_plus_1 != 0 && cpu_plus_1 != sched_getcpu() + 1;
}

/* Where a large message of n bytes would go; false: no room. */
static bool large_place(const struct mp_queue *queue, size_t n, struct place *place)
{
	const struct producers *put = &queue->put;
	uint64_t size = queue->large_mask + 1;
	uint64_t head = look(&queue->get.large_head), at = look(&put->large_tail);
	uint64_t need = (n + LARGE_ALIGN - 1) & ~(uint64_t)(LARGE_ALIGN - 1);

	/* An empty region is used from its beginning again, where it has memory already. */
	if (head == at) {
		at = (at + size - 1) & ~queue->large_mask;
		head = at;
	} else if (head < put->large_base) {
		head = put->large_base;
	}
	if ((at & queue->large_mask) + need > size)
		at = (at + size - 1) & ~queue->large_mask;
	place->large_at = at;
	place->large_end = at + need;
	return place->large_end - head <= size;
}

/* As the consumers have it at this moment. */
static bool fits_now(struct mp_queue *queue, uint64_t end)
{
	struct producers *put = &queue->put;

	put->limit = look(&queue->get.head) + queue->mask + 1;
	if (queue->maxsize)
		put->count_limit = look(&queue->get.count) + queue->maxsize;
	return fits(put, end);
}

/* A full ring is drained by many messages at a time: who took each place at once would be as slow
 * as the line in which the consumers count. */
static bool find_room(struct mp_queue *queue, uint64_t end)
{
	struct producers *put = &queue->put;

	if (queue->maxsize || !is_elsewhere(&queue->consumers))
		return fits_now(queue, end);
	for (int i = 0; i < LINGER_FOR_ROOM; i++) {
		put->limit = look(&queue->freed) + queue->mask + 1;
		if (fits(put, end))
			return true;
		waiter_pause();
	}
	return fits_now(queue, end);
}

static inline bool has_room(struct mp_queue *queue, uint64_t end)
{
	return __builtin_expect(fits(&queue->put, end), true) || find_room(queue, end);
}

/* With the lock: a place for a message of n bytes. 0 or -EAGAIN. */
static inline int reserve(struct mp_queue *queue, size_t n, struct place *place)
{
	bool is_large = __builtin_expect(n > queue->record_max, false);

	*place = ring_place(queue, queue->put.tail, is_large ? sizeof(struct large) : n);
	if (!has_room(queue, place->end))
		return -EAGAIN;
	place->large_end = queue->put.large_tail;
	if (is_large) {
		if (!large_place(queue, n, place))
			return -EAGAIN;
		if (look(&queue->get.large_head) == queue->put.large_tail)
			queue->put.large_base = place->large_at;
	}
	return 0;
}

/* Whether somebody sleeps although there would be room for one more. */
static inline bool may_put_more(struct mp_queue *queue)
{
	return __builtin_expect(atomic_load_explicit(
					&queue->producers.seat.sleepers, memory_order_relaxed) != 0,
		       false) &&
	       fits_now(queue, queue->put.tail + HEADER_BYTES);
}

void queue_end_put(struct mp_queue *queue)
{
	waiter_sit(&queue->producers.seat);
	bool is_more = may_put_more(queue);
	mp_biased_exit(&queue->put.end);
	notify(&queue->consumers, mp_thread_self_());
	if (__builtin_expect(is_more, false))
		notify(&queue->producers, mp_thread_self_());
}

/* Gives back the memory of a large message, but for what is kept. */
static void large_forget(const struct mp_queue *queue, const struct large *large)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE) - 1;
	uint64_t from = large->at & queue->large_mask, to = from + large->size;

	if (from < LARGE_KEPT_BYTES)
		from = LARGE_KEPT_BYTES;
	from = (from + page) & ~page;
	to &= ~page;
	/* If it fails, memory is kept for longer: no harm. */
	if (from < to)
		(void)madvise(queue->large + from, to - from, MADV_REMOVE);
}

/* Takes `count` messages out, up to `end`; the last one may be large. */
void queue_consume(struct mp_queue *queue, uint64_t end, uint64_t count, const struct large *large)
{
	struct consumers *get = &queue->get;

	/* It comes first: until the head is there, nothing of what follows counts. */
	say(&get->next_head, end);
	mp_robust_order_();
	get->next_count = get->count + count;
	get->next_large = get->large_head;
	struct large copy = {.size = 0};
	if (__builtin_expect(large != NULL, false)) {
		copy = *large;
		get->next_large =
			copy.at + ((copy.size + LARGE_ALIGN - 1) & ~(uint64_t)(LARGE_ALIGN - 1));
	}
	mp_robust_order_();
	say(&get->head, end);
	mp_robust_order_();
	say(&get->count, get->next_count);
	if (__builtin_expect(end - get->freed >= queue->freed_bytes, false))
		say_freed(queue);
	if (__builtin_expect(copy.size > 0, false)) {
		/* Before producers may use it again. */
		large_forget(queue, &copy);
		say(&get->large_head, get->next_large);
	}
}

static inline bool may_get_more(const struct mp_queue *queue)
{
	return __builtin_expect(atomic_load_explicit(
					&queue->consumers.seat.sleepers, memory_order_relaxed) != 0,
		       false) &&
	       look(header_at(queue, queue->get.head)) != 0;
}

void queue_end_get(struct mp_queue *queue)
{
	waiter_sit(&queue->consumers.seat);
	bool is_more = may_get_more(queue);
	mp_biased_exit(&queue->get.end);
	notify(&queue->producers, mp_thread_self_());
	if (__builtin_expect(is_more, false))
		notify(&queue->consumers, mp_thread_self_());
}

/* The lock's last holder died: did its put take place? */
static void put_recover(struct mp_queue *queue)
{
	struct producers *put = &queue->put;

	if (look(header_at(queue, put->tail)) != 0)
		put_carry_out(put);
	else
		put->next_large = put->large_tail;
}

/* Likewise: was its message taken? */
static void get_recover(struct mp_queue *queue)
{
	struct consumers *get = &queue->get;

	if (get->head == get->next_head) {
		say(&get->count, get->next_count);
		say(&get->large_head, get->next_large);
		if (get->got && get->got_at == get->head)
			say(get->got, get->next_got);
	} else {
		get->next_large = get->large_head;
	}
	get->got = NULL;
}

static int64_t patience_end(struct patience *patience)
{
	if (patience->deadline_ns == 0)
		patience->deadline_ns = mp_deadline(patience->timeout_ns);
	return patience->deadline_ns;
}

/* The underlying lock of an end; for one who holds it for long. */
int queue_acquire(struct mp_queue *queue, struct mp_biased *end, struct patience *patience)
{
	int64_t left_ns = NOWAIT_NS;

	if (patience->timeout_ns != 0 && patience_end(patience) != DEADLINE_NEVER)
		left_ns = deadline_left_ns(patience->deadline_ns);
	else if (patience->timeout_ns != 0)
		left_ns = MP_FOREVER;
	int r = mp_biased_acquire(end, left_ns);
	if (r == -EOWNERDEAD) {
		end == &queue->put.end ? put_recover(queue) : get_recover(queue);
		r = 0;
	}
	/* Of the lock they say how long was left, of the call how long it may take. */
	if (r == -EAGAIN || r == -ETIMEDOUT)
		r = patience->timeout_ns == 0 ? -EAGAIN : -ETIMEDOUT;
	return r;
}

static inline int acquire(struct mp_queue *queue, struct mp_biased *end, struct patience *patience)
{
	return __builtin_expect(mp_biased_enter(end, mp_thread_self_()), true)
		       ? 0
		       : queue_acquire(queue, end, patience);
}

static bool has_message(const void *argument)
{
	const struct mp_queue *queue = argument;

	return look(header_at(queue, look(&queue->get.head))) != 0 || is_closed(queue);
}

struct wish {
	struct mp_queue *queue;
	size_t n;
};

/* Without the lock: what it says may be over at once, and is asked again with it. */
static bool may_have_room(const void *argument)
{
	const struct wish *wish = argument;
	const struct mp_queue *queue = wish->queue;
	bool is_large = wish->n > queue->record_max;
	struct place place = ring_place(
		queue, look(&queue->put.tail), is_large ? sizeof(struct large) : wish->n);

	if (is_closed(queue))
		return true;
	if (place.end + HEADER_BYTES > look(&queue->get.head) + queue->mask + 1)
		return false;
	if (queue->maxsize && look(&queue->put.count) - look(&queue->get.count) >= queue->maxsize)
		return false;
	return !is_large || large_place(queue, wish->n, &place);
}

/* Carries out what a dead holder of a lock began. Nobody else may be about to take that lock. */
static void clear_away(struct mp_queue *queue, struct mp_biased *end)
{
	struct patience none = {.timeout_ns = 0};

	if (mp_biased_has_died(end) && queue_acquire(queue, end, &none) == 0)
		mp_biased_release(end);
}

void queue_clear_away(struct mp_queue *queue)
{
	clear_away(queue, &queue->put.end);
	clear_away(queue, &queue->get.end);
}

/* One less waits; never below none, which mending the count could cause. Who made the condition
 * true before this, and woke nobody because of the count, is seen by a look after it. */
static void waiting_drop(struct crowd *crowd)
{
	uint32_t n = __atomic_load_n(&crowd->waiting, __ATOMIC_RELAXED);

	while (n > 0 && !__atomic_compare_exchange_n(&crowd->waiting, &n, n - 1, false,
				__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	waiter_fence();
}

static int wait_in_slices(struct mp_queue *queue, struct crowd *crowd,
	const struct waiter_seat *peer, waiter_ready *ready, const void *argument,
	struct patience *patience)
{
	int r = -EAGAIN;

	if (patience->timeout_ns == 0)
		return r;
	int64_t deadline_ns = patience_end(patience);
	__atomic_fetch_add(&crowd->waiting, 1, __ATOMIC_RELAXED);
	do {
		int64_t now = clock_ns();
		int64_t end = deadline_ns - now > SLICE_NS ? now + SLICE_NS : deadline_ns;
		r = waiter_wait(mp_waiter(), &crowd->seat, peer, ready, argument, end);
		if (r == 0 && clock_ns() < end)
			break;
		/* Nobody has woken us for this, if it is ready: one who is counted as awake is not.
		 */
		queue_clear_away(queue);
		if (ready(argument)) {
			__atomic_store_n(&crowd->waiting, 1, __ATOMIC_RELAXED);
			r = 0;
		}
	} while (r < 0 && clock_ns() < deadline_ns);
	waiting_drop(crowd);
	/* Counted as awake to the last, so it has to see to what came meanwhile. */
	return r < 0 && ready(argument) ? 0 : r;
}

/* With the lock of those who put, and room for n bytes. */
int queue_begin_put(
	struct mp_queue *queue, size_t n, struct patience *patience, struct place *place)
{
	for (;;) {
		int r = patience->is_long ? queue_acquire(queue, &queue->put.end, patience)
					  : acquire(queue, &queue->put.end, patience);
		if (__builtin_expect(r < 0, false)) {
			/* A wake-up for this one is another's now. */
			notify(&queue->producers, mp_thread_self_());
			return r;
		}
		r = __builtin_expect(is_closed(queue), false) ? -ESHUTDOWN
							      : reserve(queue, n, place);
		if (__builtin_expect(r == 0, true))
			return 0;
		mp_biased_exit(&queue->put.end);
		if (r != -EAGAIN)
			return r;
		struct wish wish = {.queue = queue, .n = n};
		r = wait_in_slices(queue, &queue->producers, &queue->consumers.seat, may_have_room,
			&wish, patience);
		if (r < 0)
			return r;
	}
}

/*
 * A consumer that has caught up with a stream lets the producer run ahead again, until the backlog
 * is large or the producer pauses: so the two work on different cache lines, and each finds several
 * of its own at once. Where it does not come to that (a ping-pong), it is tried less and less
 * often.
 */
static void pass_gate(struct mp_queue *queue)
{
	struct consumers *get = &queue->get;
	uint64_t before = 0;
	int unchanged = 0;

	for (int i = 0; i < GLANCES_MAX && unchanged < PAUSE_GLANCES; i++) {
		uint64_t tail = look(&queue->glance);
		if (tail >= get->head + queue->lag_bytes) {
			get->gate = tail;
			get->try_every = queue->lag_bytes;
			return;
		}
		unchanged = tail == before ? unchanged + 1 : 0;
		before = tail;
		for (int j = 0; j < PAUSES_PER_GLANCE; j++)
			waiter_pause();
	}
	get->gate = UINT64_MAX;
	get->tried_at = get->head;
	if (get->try_every < TRY_EVERY_MAX)
		get->try_every *= 2;
}

/* Nothing is there. Looks on for a moment, if the producers can do something meanwhile; the next
 * message may wait at the gate. */
static bool linger(struct mp_queue *queue)
{
	struct consumers *get = &queue->get;
	const uint64_t *header = header_at(queue, get->head);

	if (get->freed != get->head)
		say_freed(queue);
	if (get->head - get->tried_at >= get->try_every && queue->maxsize == 0)
		get->gate = get->head;
	if (!is_elsewhere(&queue->producers))
		return false;
	for (int i = 0; i < LINGER_FOR_MESSAGE; i++) {
		/* The end of a message of 64 bytes is in the next line. */
		__builtin_prefetch((const char *)header + 64);
		if (look(header) != 0)
			return true;
		waiter_pause();
	}
	return false;
}

/* With the lock of those who get, and a message. */
int queue_begin_get(
	struct mp_queue *queue, struct patience *patience, uint64_t **ret_header, uint64_t *ret_at)
{
	for (;;) {
		int r = patience->is_long ? queue_acquire(queue, &queue->get.end, patience)
					  : acquire(queue, &queue->get.end, patience);
		if (__builtin_expect(r < 0, false)) {
			/* A wake-up for this one is another's now. */
			notify(&queue->consumers, mp_thread_self_());
			return r;
		}
		/* Closed is asked first: what was put before is there then. */
		bool closed = is_closed(queue);
		*ret_header = first_record(queue, ret_at);
		if (__builtin_expect(*ret_header == NULL, false) && linger(queue))
			*ret_header = first_record(queue, ret_at);
		if (__builtin_expect(*ret_header != NULL, true)) {
			if (__builtin_expect(queue->get.head >= queue->get.gate, false))
				pass_gate(queue);
			return 0;
		}
		mp_biased_exit(&queue->get.end);
		if (closed)
			return -EPIPE;
		r = wait_in_slices(queue, &queue->consumers, &queue->producers.seat, has_message,
			queue, patience);
		if (r < 0)
			return r;
	}
}
