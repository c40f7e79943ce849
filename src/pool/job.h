#pragma once
/*
 * What pools that have a queue share: a piece of a map as an entry of the queue, and a latch that
 * the caller waits at until all pieces are done.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "pool/pool.h"

struct pool_job {
	pool_function *function;
	const uint64_t *arguments;
	uint64_t *results;
	size_t n;
};

static inline void pool_job_do(const struct pool_job *job)
{
	for (size_t i = 0; i < job->n; i++)
		job->results[i] = job->function(job->arguments[i]);
}

/* How many tasks make a job where the caller leaves it open: four jobs for each worker, as Python's
 * Pool has it. At least 1. */
static inline size_t pool_chunk(size_t n, size_t chunk, unsigned workers)
{
	if (chunk > 0)
		return chunk;
	return n / (4 * (size_t)workers) + (n % (4 * (size_t)workers) != 0) + (n == 0);
}

/* The job of a map that begins at `first`: chunk tasks, or what is left of the n. */
static inline struct pool_job pool_job_at(const struct pool_job *all, size_t first, size_t chunk)
{
	return (struct pool_job){
		.function = all->function,
		.arguments = all->arguments + first,
		.results = all->results + first,
		.n = all->n - first < chunk ? all->n - first : chunk,
	};
}

struct pool_latch {
	pthread_mutex_t mutex;
	pthread_cond_t zero;
	atomic_size_t left;
};

static inline void pool_latch_init(struct pool_latch *latch)
{
	pthread_mutex_init(&latch->mutex, NULL);
	pthread_cond_init(&latch->zero, NULL);
	atomic_init(&latch->left, 0);
}

static inline void pool_latch_deinit(struct pool_latch *latch)
{
	pthread_cond_destroy(&latch->zero);
	pthread_mutex_destroy(&latch->mutex);
}

/* By the caller, before it hands over what counts down. */
static inline void pool_latch_raise(struct pool_latch *latch, size_t count)
{
	atomic_fetch_add_explicit(&latch->left, count, memory_order_relaxed);
}

/* By a worker: its results are visible to who has seen the latch at zero. */
static inline void pool_latch_done(struct pool_latch *latch)
{
	if (atomic_fetch_sub_explicit(&latch->left, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_lock(&latch->mutex);
	pthread_cond_signal(&latch->zero);
	pthread_mutex_unlock(&latch->mutex);
}

static inline void pool_latch_wait(struct pool_latch *latch)
{
	pthread_mutex_lock(&latch->mutex);
	while (atomic_load_explicit(&latch->left, memory_order_acquire) > 0)
		pthread_cond_wait(&latch->zero, &latch->mutex);
	pthread_mutex_unlock(&latch->mutex);
}
