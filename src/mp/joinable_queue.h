#pragma once
/*
 * multiprocessing.JoinableQueue: a queue of tasks that knows when all of them are done. Who gets a
 * task says so by mp_joinable_queue_task_done() when it is finished; mp_joinable_queue_join() waits
 * until that was said of every task that was put.
 *
 * A process that dies with tasks that it has got, and not done, takes them with it. Python's join()
 * then waits for ever. Ours notices within some 100 ms, counts them as lost, and goes on: join()
 * returns -EOWNERDEAD, once. For this, each process has an account of what it got and did, and it
 * is the process that got a task that has to say that it is done.
 */
#include "mp/queue.h"

struct mp_joinable_queue;

/* As mp_queue_new(). */
MP_API struct mp_joinable_queue *mp_joinable_queue_new(const struct mp_queue_options *options);
MP_API void mp_joinable_queue_free(struct mp_joinable_queue *queue);

/* The queue below: to put, to ask for its size, to close it. What is got from it directly counts as
 * a task for which nobody has an account: it can never be done. */
MP_API struct mp_queue *mp_joinable_queue_queue(struct mp_joinable_queue *queue);

/* As mp_queue_get_for(); and -EUSERS: 256 living processes have accounts already. */
MP_API ssize_t mp_joinable_queue_get_for(
	struct mp_joinable_queue *queue, void *task, size_t size_max, int64_t timeout_ns);

/* A task that this process got is finished. -EINVAL: it has none that is not. */
MP_API int mp_joinable_queue_task_done(struct mp_joinable_queue *queue);

/* Waits until every task that was put is done. 0; -EOWNERDEAD: all are done or lost, and some were
 * lost that no join() has told of; -EAGAIN, -ETIMEDOUT. */
MP_API int mp_joinable_queue_join(struct mp_joinable_queue *queue, int64_t timeout_ns);

/* How many tasks died with the processes that had got them. */
MP_API uint64_t mp_joinable_queue_lost(const struct mp_joinable_queue *queue);

/* How many tasks were put that are neither done nor lost. A glimpse. */
MP_API uint64_t mp_joinable_queue_unfinished(const struct mp_joinable_queue *queue);

static inline int mp_joinable_queue_put_for(
	struct mp_joinable_queue *queue, const void *task, size_t n, int64_t timeout_ns)
{
	return mp_queue_put_for(mp_joinable_queue_queue(queue), task, n, timeout_ns);
}

static inline int mp_joinable_queue_put(struct mp_joinable_queue *queue, const void *task, size_t n)
{
	return mp_joinable_queue_put_for(queue, task, n, MP_FOREVER);
}

static inline ssize_t mp_joinable_queue_get(
	struct mp_joinable_queue *queue, void *task, size_t size_max)
{
	return mp_joinable_queue_get_for(queue, task, size_max, MP_FOREVER);
}

static inline void mp_joinable_queue_freep(struct mp_joinable_queue **queue)
{
	mp_joinable_queue_free(*queue);
	*queue = NULL;
}
