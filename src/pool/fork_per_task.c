/*
 * fork_per_task: no pool: a process is forked for each task (for each chunk of a map), writes its
 * results into shared memory, and ends; at most as many at once as there are workers. What a pool
 * of processes saves is the difference. A map that is free to choose forks once for each worker.
 *
 * A task that ends its process is seen: -ECHILD.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "os/proc.h"
#include "os/shm.h"
#include "pool/bind.h"
#include "pool/job.h"

struct fork_per_task {
	unsigned workers;
	int cpus[POOL_WORKERS_MAX];
	struct proc procs[POOL_WORKERS_MAX];
	struct shm results; /* of one batch */
};

struct child {
	struct pool_job job;
	int cpu;
};

static int work(void *argument)
{
	const struct child *child = argument;
	int r = pool_bind(child->cpu);

	if (r >= 0)
		pool_job_do(&child->job);
	return r;
}

/* Reaps the child of a slot. */
static int reap(struct proc *proc)
{
	int status = 0;
	int r = proc_join(proc, DEADLINE_NEVER, &status);

	if (r < 0)
		return trace(r);
	return status == 0 ? 0
			   : fail(-ECHILD, "fork_per_task: a task's process ended with %#x",
				     (unsigned)status);
}

/* Waits for the end of any child; the index of its slot, which is free then. */
static int reap_any(struct fork_per_task *pool)
{
	struct pollfd fds[POOL_WORKERS_MAX];
	int n;

	for (unsigned i = 0; i < pool->workers; i++)
		fds[i] = (struct pollfd){.fd = pool->procs[i].pidfd, .events = POLLIN};
	do {
		n = poll(fds, pool->workers, -1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return trace(-errno);
	for (unsigned i = 0; i < pool->workers; i++) {
		if (!fds[i].revents)
			continue;
		int r = reap(&pool->procs[i]);
		return r < 0 ? r : (int)i;
	}
	return fail(-ECHILD, "fork_per_task: poll says that a child has ended, and none has");
}

static int fork_per_task_map(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, size_t chunk, uint64_t *results)
{
	struct fork_per_task *pool = state;
	struct pool_job all = {function, arguments, pool->results.data, n};
	unsigned used = 0;
	int r = 0;

	if (chunk == 0)
		chunk = n / pool->workers + (n % pool->workers != 0);
	for (size_t i = 0; r >= 0 && i < n; i += chunk) {
		int slot = used < pool->workers ? (int)used++ : reap_any(pool);
		if (slot < 0) {
			r = slot;
			break;
		}
		struct child child = {pool_job_at(&all, i, chunk), pool->cpus[slot]};
		r = proc_start(&pool->procs[slot], work, &child);
	}
	for (unsigned i = 0; i < used; i++) {
		int last = pool->procs[i].pid ? reap(&pool->procs[i]) : 0;
		if (r >= 0)
			r = last;
	}
	if (r >= 0)
		memcpy(results, pool->results.data, n * sizeof(*results));
	return trace(r);
}

static int fork_per_task_batch(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, uint64_t *results)
{
	return fork_per_task_map(state, function, arguments, n, 1, results);
}

static int fork_per_task_run(
	void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	return fork_per_task_map(state, function, &argument, 1, 1, ret_result);
}

static int fork_per_task_open(void *state, const struct pool_options *options)
{
	struct fork_per_task *pool = state;

	pool->workers = options->workers;
	memcpy(pool->cpus, options->cpus, sizeof(pool->cpus));
	for (unsigned i = 0; i < POOL_WORKERS_MAX; i++)
		pool->procs[i] = PROC_NULL;
	return trace(shm_open_anonymous(&pool->results, options->tasks_max * sizeof(uint64_t)));
}

static void fork_per_task_close(void *state)
{
	struct fork_per_task *pool = state;

	shm_close(&pool->results);
}

const struct pool pool_fork_per_task = {
	.name = "fork_per_task",
	.summary = "no pool: a process is forked and reaped for each task",
	.capabilities = POOL_PROCESS | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct fork_per_task),
	.open = fork_per_task_open,
	.run = fork_per_task_run,
	.batch = fork_per_task_batch,
	.map = fork_per_task_map,
	.close = fork_per_task_close,
};
