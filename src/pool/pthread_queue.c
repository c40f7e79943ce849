/*
 * pthread_queue: the pool that everybody writes: a linked list of jobs under one mutex, workers
 * that wait at a condition, an allocation per job. Small thread pools from the shelf are made like
 * this. Every submission that finds a worker asleep wakes one, and every job takes the mutex twice.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "pool/job.h"
#include "pool/muster.h"

struct node {
	struct node *next;
	struct pool_job job;
};

struct pthread_queue {
	pthread_mutex_t mutex;
	pthread_cond_t not_empty;
	struct node *first, **last;
	bool is_closing;
	unsigned workers, started;
	pthread_t threads[POOL_WORKERS_MAX];
	struct pool_latch latch;
};

static struct node *take(struct pthread_queue *queue)
{
	struct node *node;

	pthread_mutex_lock(&queue->mutex);
	while (!queue->first && !queue->is_closing)
		pthread_cond_wait(&queue->not_empty, &queue->mutex);
	node = queue->first;
	if (node) {
		queue->first = node->next;
		if (!queue->first)
			queue->last = &queue->first;
	}
	pthread_mutex_unlock(&queue->mutex);
	return node;
}

static void *work(void *argument)
{
	struct pthread_queue *queue = argument;
	struct node *node;

	while ((node = take(queue)) != NULL) {
		pool_job_do(&node->job);
		free(node);
		pool_latch_done(&queue->latch);
	}
	return NULL;
}

static int submit(struct pthread_queue *queue, const struct pool_job *job)
{
	struct node *node = malloc(sizeof(*node));

	if (!node)
		return fail(-ENOMEM, "pthread_queue: no memory for a job");
	*node = (struct node){.job = *job};
	pool_latch_raise(&queue->latch, 1);
	pthread_mutex_lock(&queue->mutex);
	*queue->last = node;
	queue->last = &node->next;
	pthread_cond_signal(&queue->not_empty);
	pthread_mutex_unlock(&queue->mutex);
	return 0;
}

static int pthread_queue_map(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, size_t chunk, uint64_t *results)
{
	struct pthread_queue *queue = state;
	struct pool_job all = {function, arguments, results, n};
	int r = 0;

	chunk = pool_chunk(n, chunk, queue->workers);
	for (size_t i = 0; r >= 0 && i < n; i += chunk) {
		struct pool_job job = pool_job_at(&all, i, chunk);
		r = submit(queue, &job);
	}
	/* Also after an error: the jobs that were submitted use the arrays. */
	pool_latch_wait(&queue->latch);
	return trace(r);
}

static int pthread_queue_batch(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, uint64_t *results)
{
	return pthread_queue_map(state, function, arguments, n, 1, results);
}

static int pthread_queue_run(
	void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	return pthread_queue_map(state, function, &argument, 1, 1, ret_result);
}

static int pthread_queue_open(void *state, const struct pool_options *options)
{
	struct pthread_queue *queue = state;
	int error = 0;

	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->not_empty, NULL);
	pool_latch_init(&queue->latch);
	queue->last = &queue->first;
	queue->workers = options->workers;
	while (error == 0 && queue->started < queue->workers) {
		error = pthread_create(&queue->threads[queue->started], NULL, work, queue);
		queue->started += error == 0;
	}
	if (error > 0)
		return fail(-error, "pthread_queue: cannot start worker %u: %s", queue->started,
			error_message(-error));
	return trace(pool_muster(pthread_queue_batch, queue, options, false));
}

static void pthread_queue_close(void *state)
{
	struct pthread_queue *queue = state;

	if (!queue->last)
		return;
	pthread_mutex_lock(&queue->mutex);
	queue->is_closing = true;
	pthread_cond_broadcast(&queue->not_empty);
	pthread_mutex_unlock(&queue->mutex);
	for (unsigned i = 0; i < queue->started; i++)
		pthread_join(queue->threads[i], NULL);
	pool_latch_deinit(&queue->latch);
	pthread_cond_destroy(&queue->not_empty);
	pthread_mutex_destroy(&queue->mutex);
	queue->last = NULL;
}

const struct pool pool_pthread_queue = {
	.name = "pthread_queue",
	.summary = "the plain pool: threads, a mutex, a condition and a list of jobs",
	.capabilities = POOL_THREAD | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct pthread_queue),
	.open = pthread_queue_open,
	.run = pthread_queue_run,
	.batch = pthread_queue_batch,
	.map = pthread_queue_map,
	.close = pthread_queue_close,
};
