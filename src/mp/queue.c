/*
 * A ring of records between two robust locks: one for those who put, one for those who get. So each
 * end of the ring has one user at a time, and the two ends share nothing but the records.
 *
 *	| header | message, padded to 8 | header | message … | header = 0 |
 *	  head					               tail
 *
 * A header is not 0 and is stored last (release); it is what consumers poll, and it lies in the
 * line of the message. Before a record is published, the place of the header behind it is cleared.
 * What does not fit before the end of the ring goes to its beginning, behind a record that says so.
 * A message larger than half of the ring lies in a region of its own, which is used in the same
 * order; the record says where.
 *
 * What is changed by one operation is committed by one store: of the header by a put, of `head` by
 * a get. All else that it changes is written down before (next_*) and carried out behind: of a put
 * the tail last, of a get the next head first, so that the one word and its neighbour tell in which
 * half it was. Who gets a lock with -EOWNERDEAD sees whether the dead one's operation took place,
 * and carries out the rest. Many messages that are put together hang on the first one's header, so
 *they are all there or none.
 *
 * Waiting is done without a lock, at a seat for each end, in slices: after one, a waiter looks at
 * the locks, too, for a dead holder whom nobody else would clear away. Thus a wake-up that its
 * sender or its receiver did not survive costs others a slice and no more.
 *
 * Without contention each end costs one atomic read-modify-write, of its lock.
 */
#include "mp/queue.h"

#include <assert.h>
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "mp/park.h"
#include "mp/queue_impl.h"
#include "mp/shared.h"
#include "os/ring_copy.h"

enum {
	CAPACITY_DEFAULT = 1 << 20,
	CAPACITY_MIN = 4096,
	/* How much is freed before it is said; an eighth of a smaller ring. */
	FREED_BYTES = 16384,
	/* The distance that a consumer keeps in a stream; a quarter of a smaller ring. */
	LAG_BYTES = 1 << 15,
};

#define LARGE_DEFAULT ((size_t)4 << 30)
#define LARGE_LEAST ((size_t)16 << 20)

/* What a queue may reserve unasked: a small part of what the process may have. Beyond the limit of
 * a file's size there is a signal instead of an error. */
static size_t large_default(void)
{
	size_t large = LARGE_DEFAULT;
	struct rlimit space, file;

	if (getrlimit(RLIMIT_AS, &space) < 0)
		space.rlim_cur = RLIM_INFINITY;
	if (getrlimit(RLIMIT_FSIZE, &file) < 0)
		file.rlim_cur = RLIM_INFINITY;
	while (large > LARGE_LEAST && (large > space.rlim_cur / 32 || large > file.rlim_cur))
		large /= 2;
	return large;
}

/* The region for large messages: of so many bytes, or by default of as many as can be had. */
static char *large_new(size_t bytes, size_t *ret_bytes)
{
	size_t large = (size_t)sysconf(_SC_PAGESIZE);

	while (large < (bytes ? bytes : large_default()))
		large *= 2;
	char *region = mp_shared_new(large);
	/* No room for it, in what is limited or between other mappings: smaller, unless this size
	 * was asked for. */
	while (!region && bytes == 0 && large > LARGE_LEAST &&
		(errno == ENOMEM || errno == EEXIST)) {
		large /= 2;
		region = mp_shared_new(large);
	}
	*ret_bytes = large;
	return region;
}

struct mp_queue *mp_queue_new(const struct mp_queue_options *options)
{
	static const struct mp_queue_options defaults;
	const struct mp_queue_options *o = options ? options : &defaults;
	size_t capacity = CAPACITY_MIN;
	size_t large;

	if (o->capacity_bytes > SIZE_MAX / 4 || o->large_bytes > SIZE_MAX / 4) {
		errno = EINVAL;
		return NULL;
	}
	while (capacity < (o->capacity_bytes ? o->capacity_bytes : CAPACITY_DEFAULT))
		capacity *= 2;
	struct mp_queue *queue = mp_shared_new(sizeof(*queue));
	char *data = queue ? mp_shared_new(capacity) : NULL;
	char *region = data ? large_new(o->large_bytes, &large) : NULL;
	if (!region) {
		mp_shared_free(data);
		mp_shared_free(queue);
		return NULL;
	}
	queue->data = data;
	queue->large = region;
	queue->mask = capacity - 1;
	queue->large_mask = large - 1;
	queue->record_max = capacity / 2 - 2 * HEADER_BYTES;
	queue->maxsize = o->maxsize;
	queue->put.limit = capacity;
	queue->get.gate = UINT64_MAX;
	queue->lag_bytes = capacity / 4 < LAG_BYTES ? (uint32_t)capacity / 4 : LAG_BYTES;
	queue->freed_bytes = capacity / 8 < FREED_BYTES ? (uint32_t)capacity / 8 : FREED_BYTES;
	queue->get.try_every = queue->lag_bytes;
	queue->put.count_limit = o->maxsize ? o->maxsize : UINT64_MAX;
	return queue;
}

void mp_queue_free(struct mp_queue *queue)
{
	if (!queue)
		return;
	mp_shared_free(queue->large);
	mp_shared_free(queue->data);
	mp_shared_free(queue);
}

/* ---- putting ---- */

static int check_size(const struct mp_queue *queue, size_t n)
{
	if (__builtin_expect(n <= queue->record_max, true) ||
		n <= queue->large_mask + 1 - LARGE_ALIGN)
		return 0;
	return fail(-EMSGSIZE,
		"a message of %zu bytes will never fit into the queue's %llu bytes for large"
		" messages (mp_queue_options.large_bytes)",
		n, (unsigned long long)queue->large_mask + 1);
}

/* The message's memory in its place, and the record's header. */
static inline char *lay_out(
	struct mp_queue *queue, const struct place *place, size_t n, uint64_t *ret_header)
{
	char *message = message_at(queue, place->at);

	*ret_header = RECORD_THERE | n;
	if (__builtin_expect(n <= queue->record_max, true))
		return message;
	*ret_header = RECORD_THERE | RECORD_LARGE | sizeof(struct large);
	*(struct large *)(void *)message = (struct large){.at = place->large_at, .size = n};
	return queue->large + (place->large_at & queue->large_mask);
}

static int put_slow(struct mp_queue *queue, const void *message, size_t n, int64_t timeout_ns)
{
	struct patience patience = {.timeout_ns = timeout_ns};
	struct place place;
	uint64_t header;

	int r = check_size(queue, n);
	if (r >= 0)
		r = queue_begin_put(queue, n, &patience, &place);
	if (r < 0)
		return r;
	char *to = lay_out(queue, &place, n, &header);
	ring_copy_in(to, message, n);
	publish(queue, header_of(queue, &place, header), place.end, 1, place.large_end);
	queue_end_put(queue);
	return 0;
}

int mp_queue_put_for(struct mp_queue *queue, const void *message, size_t n, int64_t timeout_ns)
{
	struct mp_thread_ *self = mp_thread_self_();
	struct producers *put = &queue->put;
	uint64_t need = HEADER_BYTES + ((n + 7) & ~UINT64_C(7));

	/* What put_slow() does, when nothing is in the way. */
	if (__builtin_expect(n > queue->record_max || !mp_biased_enter(&put->end, self), false))
		return put_slow(queue, message, n, timeout_ns);
	uint64_t tail = put->tail, count = put->count, end = tail + need;
	char *record = queue->data + (tail & queue->mask);
	if (__builtin_expect((tail & queue->mask) + need > queue->mask || !fits(put, end) ||
				     is_closed(queue) || count % SIT_EVERY == 0,
		    false)) {
		mp_biased_leave(&put->end, self);
		return put_slow(queue, message, n, timeout_ns);
	}
	ring_copy_in(record + HEADER_BYTES, message, n);
	say((uint64_t *)(void *)(record + need), 0);
	put->next_tail = end;
	put->next_count = count + 1;
	say((uint64_t *)(void *)record, RECORD_THERE | n);
	if (__builtin_expect((end ^ tail) >= GLANCE_BYTES, false))
		say(&queue->glance, end);
	say(&put->count, count + 1);
	say(&put->tail, end);
	mp_biased_leave(&put->end, self);
	notify(&queue->consumers, self);
	return 0;
}

ssize_t mp_queue_put_many(
	struct mp_queue *queue, const void *messages, size_t n, size_t count, int64_t timeout_ns)
{
	struct patience patience = {.timeout_ns = timeout_ns};
	struct producers *put = &queue->put;
	const char *from = messages;
	struct place place;

	if (n == 0 || count == 0)
		return -EINVAL;
	if (n > queue->record_max) {
		int alone = mp_queue_put_for(queue, messages, n, timeout_ns);
		return alone < 0 ? alone : 1;
	}
	int r = queue_begin_put(queue, n, &patience, &place);
	if (r < 0)
		return r;
	/* As many as stand behind each other: up to the end of the ring, or of what is free. */
	uint64_t need = place.end - place.at, off = place.at & queue->mask;
	uint64_t room = (put->limit - HEADER_BYTES - place.at) / need;
	uint64_t row = (queue->mask + 1 - off) / need;
	uint64_t k = count < room ? count : room;
	k = k < row ? k : row;
	k = k < put->count_limit - put->count ? k : put->count_limit - put->count;
	char *record = queue->data + off;
	ring_copy_in(record + HEADER_BYTES, from, n);
	for (uint64_t i = 1; i < k; i++) {
		record += need;
		from += n;
		*(uint64_t *)(void *)record = RECORD_THERE | n;
		ring_copy_in(record + HEADER_BYTES, from, n);
	}
	publish(queue, header_of(queue, &place, RECORD_THERE | n), place.at + k * need, k,
		put->large_tail);
	queue_end_put(queue);
	return (ssize_t)k;
}

int mp_queue_borrow(struct mp_queue *queue, size_t n, int64_t timeout_ns, void **ret_message)
{
	struct patience patience = {.timeout_ns = timeout_ns, .is_long = true};
	struct producers *put = &queue->put;
	struct place place;

	int r = check_size(queue, n);
	if (r >= 0)
		r = queue_begin_put(queue, n, &patience, &place);
	if (r < 0)
		return r;
	*ret_message = lay_out(queue, &place, n, &put->borrowed_header);
	put->borrowed_at = place.at;
	put->borrowed_skip = place.skip;
	put->next_tail = place.end;
	put->next_large = place.large_end;
	return 0;
}

void mp_queue_commit(struct mp_queue *queue)
{
	struct producers *put = &queue->put;
	struct place place = {.at = put->borrowed_at, .skip = put->borrowed_skip};

	publish(queue, header_of(queue, &place, put->borrowed_header), put->next_tail, 1,
		put->next_large);
	queue_end_put(queue);
}

void mp_queue_cancel(struct mp_queue *queue)
{
	queue->put.next_large = queue->put.large_tail;
	mp_biased_exit(&queue->put.end);
	/* Who was woken for this room found the lock taken. */
	notify(&queue->producers, mp_thread_self_());
}

/* ---- getting ---- */

static ssize_t get_slow(struct mp_queue *queue, void *message, size_t size_max, int64_t timeout_ns)
{
	struct patience patience = {.timeout_ns = timeout_ns};
	uint64_t *header, at;
	const char *from;

	int r = queue_begin_get(queue, &patience, &header, &at);
	if (__builtin_expect(r < 0, false))
		return r;
	size_t n = message_of(queue, header, at, &from);
	if (__builtin_expect(n > size_max, false)) {
		mp_queue_leave(queue);
		return fail(-EMSGSIZE, "a message of %zu bytes, but room for %zu", n, size_max);
	}
	ring_copy_out(message, from, n);
	queue_consume(queue, record_end(*header, at), 1,
		*header & RECORD_LARGE ? (const void *)message_at(queue, at) : NULL);
	queue_end_get(queue);
	return (ssize_t)n;
}

ssize_t mp_queue_get_for(struct mp_queue *queue, void *message, size_t size_max, int64_t timeout_ns)
{
	struct mp_thread_ *self = mp_thread_self_();
	struct consumers *get = &queue->get;

	/* What get_slow() does, when nothing is in the way. */
	if (__builtin_expect(!mp_biased_enter(&get->end, self), false))
		return get_slow(queue, message, size_max, timeout_ns);
	uint64_t head = get->head, count = get->count;
	const char *record = queue->data + (head & queue->mask);
	/* Less what says that it is a plain record: then too large a number says that it is not. */
	uint64_t n = look((const uint64_t *)(const void *)record) - RECORD_THERE;
	if (__builtin_expect(n > size_max || n > queue->record_max || head >= get->gate ||
				     count % SIT_EVERY == 0,
		    false)) {
		mp_biased_leave(&get->end, self);
		return get_slow(queue, message, size_max, timeout_ns);
	}
	uint64_t end = head + HEADER_BYTES + ((n + 7) & ~UINT64_C(7));
	ring_copy_out(message, record + HEADER_BYTES, n);
	/* In this order: the next head says that the rest may be written down. */
	say(&get->next_head, end);
	mp_robust_order_();
	get->next_count = count + 1;
	say(&get->head, end);
	say(&get->count, count + 1);
	if (__builtin_expect(end - get->freed >= queue->freed_bytes, false))
		say_freed(queue);
	mp_biased_leave(&get->end, self);
	notify(&queue->producers, self);
	return (ssize_t)n;
}

ssize_t mp_queue_get_many(
	struct mp_queue *queue, void *messages, size_t n, size_t count, int64_t timeout_ns)
{
	struct patience patience = {.timeout_ns = timeout_ns};
	uint64_t need = HEADER_BYTES + ((n + 7) & ~UINT64_C(7));
	uint64_t *header, at, k = 0;
	char *to = messages;

	if (n == 0 || count == 0)
		return -EINVAL;
	if (n > queue->record_max) {
		ssize_t alone = mp_queue_get_for(queue, messages, n, timeout_ns);
		return alone < 0 ? alone : 1;
	}
	int r = queue_begin_get(queue, &patience, &header, &at);
	if (r < 0)
		return r;
	/* As many as stand behind each other: at the end of the ring is another kind of record, or
	 * the end itself. */
	uint64_t row = (queue->mask + 1 - (at & queue->mask)) / need;
	const char *record = (const char *)header;
	row = row < count ? row : count;
	while (k < row && look((const uint64_t *)(const void *)record) == (RECORD_THERE | n)) {
		ring_copy_out(to, record + HEADER_BYTES, n);
		record += need;
		to += n;
		k++;
	}
	if (k > 0)
		queue_consume(queue, at + k * need, k, NULL);
	else
		r = fail(-EMSGSIZE, "the next message does not have %zu bytes", n);
	queue_end_get(queue);
	return k > 0 ? (ssize_t)k : r;
}

ssize_t mp_queue_peek(struct mp_queue *queue, int64_t timeout_ns, const void **ret_message)
{
	struct patience patience = {.timeout_ns = timeout_ns, .is_long = true};
	uint64_t *header, at;

	int r = queue_begin_get(queue, &patience, &header, &at);
	if (r < 0)
		return r;
	return (ssize_t)message_of(queue, header, at, (const char **)ret_message);
}

void mp_queue_release(struct mp_queue *queue)
{
	uint64_t at, *header = first_record(queue, &at);

	assert(header);
	queue_consume(queue, record_end(*header, at), 1,
		*header & RECORD_LARGE ? (const void *)message_at(queue, at) : NULL);
	queue_end_get(queue);
}

void mp_queue_leave(struct mp_queue *queue)
{
	mp_biased_exit(&queue->get.end);
	/* Who was woken for this message found the lock taken. */
	notify(&queue->consumers, mp_thread_self_());
}

/* ---- the whole ---- */

size_t mp_queue_qsize(const struct mp_queue *queue)
{
	uint64_t taken = look(&queue->get.count), put = look(&queue->put.count);

	/* Between the two looks, and after a death, the one may be ahead of the other. */
	return put > taken ? put - taken : 0;
}

bool mp_queue_is_empty(const struct mp_queue *queue)
{
	return look(header_at(queue, look(&queue->get.head))) == 0;
}

bool mp_queue_is_full(const struct mp_queue *queue)
{
	return queue->maxsize && mp_queue_qsize(queue) >= queue->maxsize;
}

void mp_queue_close(struct mp_queue *queue)
{
	struct patience patience = {.timeout_ns = MP_FOREVER};

	/* With the lock, so that no put succeeds that consumers then miss. */
	int r = queue_acquire(queue, &queue->put.end, &patience);
	assert(r == 0);
	__atomic_store_n(&queue->closed, 1, __ATOMIC_RELEASE);
	mp_biased_exit(&queue->put.end);
	waiter_wake(mp_waiter(), &queue->producers.seat, INT32_MAX);
	waiter_wake(mp_waiter(), &queue->consumers.seat, INT32_MAX);
}
