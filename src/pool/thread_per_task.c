/*
 * thread_per_task: no pool: a thread is created for each task (for each chunk of a map) and joined,
 * at most as many at once as there are workers. What a pool saves is the difference. A map that is
 * free to choose makes one thread for each worker, as programs that fork and join do.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "pool/job.h"

struct slot {
	struct thread_per_task *pool;
	pthread_t thread;
	pthread_attr_t attributes; /* its CPU */
	struct pool_job job;
	struct slot *next_ended;
};

struct thread_per_task {
	unsigned workers;
	struct slot *slots;
	pthread_mutex_t mutex;
	pthread_cond_t has_ended;
	struct slot *ended; /* to be joined, the last one first */
};

static void *work(void *argument)
{
	struct slot *slot = argument;
	struct thread_per_task *pool = slot->pool;

	pool_job_do(&slot->job);
	pthread_mutex_lock(&pool->mutex);
	slot->next_ended = pool->ended;
	pool->ended = slot;
	pthread_cond_signal(&pool->has_ended);
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

/* Waits for the end of any thread; its slot is free then. */
static struct slot *reap(struct thread_per_task *pool)
{
	pthread_mutex_lock(&pool->mutex);
	while (!pool->ended)
		pthread_cond_wait(&pool->has_ended, &pool->mutex);
	struct slot *slot = pool->ended;
	pool->ended = slot->next_ended;
	pthread_mutex_unlock(&pool->mutex);
	pthread_join(slot->thread, NULL);
	return slot;
}

static int thread_per_task_map(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, size_t chunk, uint64_t *results)
{
	struct thread_per_task *pool = *(struct thread_per_task **)state;
	struct pool_job all = {function, arguments, results, n};
	unsigned used = 0, running = 0;
	int error = 0;

	if (chunk == 0)
		chunk = n / pool->workers + (n % pool->workers != 0);
	for (size_t i = 0; error == 0 && i < n; i += chunk) {
		struct slot *slot;
		if (used < pool->workers) {
			slot = &pool->slots[used++];
		} else {
			slot = reap(pool);
			running--;
		}
		slot->job = pool_job_at(&all, i, chunk);
		error = pthread_create(&slot->thread, &slot->attributes, work, slot);
		running += error == 0;
	}
	/* Also after an error: the threads use the arrays. */
	while (running > 0) {
		reap(pool);
		running--;
	}
	return error > 0
		       ? fail(-error, "thread_per_task: pthread_create: %s", error_message(-error))
		       : 0;
}

static int thread_per_task_batch(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, uint64_t *results)
{
	return thread_per_task_map(state, function, arguments, n, 1, results);
}

static int thread_per_task_run(
	void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	return thread_per_task_map(state, function, &argument, 1, 1, ret_result);
}

static int thread_per_task_open(void *state, const struct pool_options *options)
{
	struct thread_per_task *pool = calloc(1, sizeof(*pool));

	if (pool)
		pool->slots = calloc(options->workers, sizeof(*pool->slots));
	if (!pool || !pool->slots) {
		free(pool);
		return fail(-ENOMEM, "thread_per_task: no memory");
	}
	pool->workers = options->workers;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->has_ended, NULL);
	for (unsigned i = 0; i < pool->workers; i++) {
		cpu_set_t set;
		pool->slots[i].pool = pool;
		pthread_attr_init(&pool->slots[i].attributes);
		CPU_ZERO(&set);
		if (options->cpus[i] < 0)
			continue;
		CPU_SET(options->cpus[i], &set);
		pthread_attr_setaffinity_np(&pool->slots[i].attributes, sizeof(set), &set);
	}
	*(struct thread_per_task **)state = pool;
	return 0;
}

static void thread_per_task_close(void *state)
{
	struct thread_per_task *pool = *(struct thread_per_task **)state;

	if (!pool)
		return;
	for (unsigned i = 0; i < pool->workers; i++)
		pthread_attr_destroy(&pool->slots[i].attributes);
	pthread_cond_destroy(&pool->has_ended);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->slots);
	free(pool);
	*(struct thread_per_task **)state = NULL;
}

const struct pool pool_thread_per_task = {
	.name = "thread_per_task",
	.summary = "no pool: a thread is created and joined for each task",
	.capabilities = POOL_THREAD | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct thread_per_task *),
	.open = thread_per_task_open,
	.run = thread_per_task_run,
	.batch = thread_per_task_batch,
	.map = thread_per_task_map,
	.close = thread_per_task_close,
};
