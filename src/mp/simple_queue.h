#pragma once
/*
 * multiprocessing.SimpleQueue: a queue with put, get and empty, and no more. Python has it because
 * it lacks the thread and the limit of its Queue; ours has neither anyway, so this is a queue seen
 * through fewer calls: what queue.h says holds.
 */
#include "mp/queue.h"

struct mp_simple_queue;

static inline struct mp_queue *mp_simple_queue_queue(struct mp_simple_queue *queue)
{
	return (struct mp_queue *)queue;
}

/* NULL and errno. */
static inline struct mp_simple_queue *mp_simple_queue_new(void)
{
	return (struct mp_simple_queue *)mp_queue_new(NULL);
}

static inline void mp_simple_queue_free(struct mp_simple_queue *queue)
{
	mp_queue_free(mp_simple_queue_queue(queue));
}

/* Waits for room. 0; -ESHUTDOWN; -EMSGSIZE. */
static inline int mp_simple_queue_put(struct mp_simple_queue *queue, const void *message, size_t n)
{
	return mp_queue_put(mp_simple_queue_queue(queue), message, n);
}

/* Waits for a message: its size. -EPIPE: closed and empty; -EMSGSIZE. */
static inline ssize_t mp_simple_queue_get(
	struct mp_simple_queue *queue, void *message, size_t size_max)
{
	return mp_queue_get(mp_simple_queue_queue(queue), message, size_max);
}

static inline bool mp_simple_queue_is_empty(struct mp_simple_queue *queue)
{
	return mp_queue_is_empty(mp_simple_queue_queue(queue));
}

static inline void mp_simple_queue_close(struct mp_simple_queue *queue)
{
	mp_queue_close(mp_simple_queue_queue(queue));
}
