#pragma once
/*
 * A queue of messages from many producers to many consumers, between processes and between threads:
 * multiprocessing.Queue. Messages are bytes, each of any size; they arrive whole, once, and in the
 * order in which they were put.
 *
 *	struct mp_queue *queue = mp_queue_new(NULL);
 *	…						start processes; the pointer is good in all
 *	mp_queue_put(queue, &task, sizeof(task));
 *	ssize_t n = mp_queue_get(queue, &task, sizeof(task));
 *
 * Any process or thread that has the pointer may call any of these at any time, but not a signal
 * handler. One that waits
 * sleeps, after spinning for as long as that pays. One that is killed, at whatever instruction,
 * takes at most its own message with it: a put that it had not finished never was, and what it was
 * getting either stays for others or is gone with it. One that is stopped in the middle of a put or
 * a get (some 10 ns, or as long as it borrows) keeps other producers, or other consumers, waiting
 * until it is continued.
 *
 * The queue has no thread of its own: a put returns when the message is in shared memory. (Python's
 * has one that feeds a pipe, and can lose what was put when the process ends.)
 */
#include <sys/types.h>

#include "mp/base.h"

struct mp_queue;

struct mp_queue_options {
	/* The most messages that it holds, 0 for as many as fit. */
	size_t maxsize;
	/* Of the ring in which messages are handed over; 0: 1 MiB. Up to a power of two. */
	size_t capacity_bytes;
	/* For all messages together that are larger than half of the ring; 0: 4 GiB, or less where
	 * 'ulimit -v' is small or no such place is free, but at least 16 MiB. Address space only:
	 * memory is used while a message is there. For thousands of queues ask for less: a page is
	 * enough where messages are small. */
	size_t large_bytes;
};

/* options: NULL for the defaults. NULL and errno: ENOMEM, EMFILE, EINVAL. */
MP_API struct mp_queue *mp_queue_new(const struct mp_queue_options *options);

/* When nobody uses it any more. Accepts NULL. */
MP_API void mp_queue_free(struct mp_queue *queue);

/*
 * Puts a copy of n bytes. 0; -EAGAIN or -ETIMEDOUT: full; -ESHUTDOWN: closed; -EMSGSIZE: it will
 * never fit (large_bytes). An empty message (n = 0) is one too.
 */
MP_API int mp_queue_put_for(
	struct mp_queue *queue, const void *message, size_t n, int64_t timeout_ns);

/* Puts `count` messages of n bytes each, packed, n > 0. Waits for room for the first, then puts as
 * many as fit: how many. They are published together. Errors as above. */
MP_API ssize_t mp_queue_put_many(
	struct mp_queue *queue, const void *messages, size_t n, size_t count, int64_t timeout_ns);

/*
 * Gets the oldest message: its size. -EAGAIN or -ETIMEDOUT: empty; -EPIPE: closed and empty;
 * -EMSGSIZE: it is larger than size_max, and stays (mp_queue_peek() tells how large).
 */
MP_API ssize_t mp_queue_get_for(
	struct mp_queue *queue, void *message, size_t size_max, int64_t timeout_ns);

/* Waits for a message, then gets up to `count` that are there and of n bytes each, packed: how
 * many. Errors as above, -EMSGSIZE when the first is of another size. */
MP_API ssize_t mp_queue_get_many(
	struct mp_queue *queue, void *messages, size_t n, size_t count, int64_t timeout_ns);

/*
 * In place, without a copy. borrow() gives room for n bytes, which commit() puts (or cancel() gives
 * back); peek() gives the oldest message and its size, which release() takes out of the queue (or
 * leave() leaves there). Between the two calls other producers, or other consumers, wait; both
 * calls are the same thread's.
 */
MP_API int mp_queue_borrow(
	struct mp_queue *queue, size_t n, int64_t timeout_ns, void **ret_message);
MP_API void mp_queue_commit(struct mp_queue *queue);
MP_API void mp_queue_cancel(struct mp_queue *queue);
MP_API ssize_t mp_queue_peek(struct mp_queue *queue, int64_t timeout_ns, const void **ret_message);
MP_API void mp_queue_release(struct mp_queue *queue);
MP_API void mp_queue_leave(struct mp_queue *queue);

/* How many messages are there; exact when nobody puts or gets meanwhile. */
MP_API size_t mp_queue_qsize(const struct mp_queue *queue);
MP_API bool mp_queue_is_empty(const struct mp_queue *queue);
MP_API bool mp_queue_is_full(const struct mp_queue *queue);

/* Nothing more can be put; what is there can be got, then gets say -EPIPE. Wakes all who wait. */
MP_API void mp_queue_close(struct mp_queue *queue);

static inline int mp_queue_put(struct mp_queue *queue, const void *message, size_t n)
{
	return mp_queue_put_for(queue, message, n, MP_FOREVER);
}

static inline int mp_queue_put_nowait(struct mp_queue *queue, const void *message, size_t n)
{
	return mp_queue_put_for(queue, message, n, 0);
}

static inline ssize_t mp_queue_get(struct mp_queue *queue, void *message, size_t size_max)
{
	return mp_queue_get_for(queue, message, size_max, MP_FOREVER);
}

static inline ssize_t mp_queue_get_nowait(struct mp_queue *queue, void *message, size_t size_max)
{
	return mp_queue_get_for(queue, message, size_max, 0);
}

/* For __attribute__((cleanup)). */
static inline void mp_queue_freep(struct mp_queue **queue)
{
	mp_queue_free(*queue);
	*queue = NULL;
}
