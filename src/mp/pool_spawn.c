/*
 * Starting a worker. By the keeper thread only: a process started with PR_SET_PDEATHSIG dies with
 * the *thread* that forked it, and the keeper lives as long as the pool.
 */
#include "mp/pool_internal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/proc.h"

static void bind_to(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	/* A CPU that has gone away meanwhile: then where the scheduler likes. */
	sched_setaffinity(0, sizeof(set), &set);
}

/* What a worker does, from its first line to its last. */
static void live(struct mp_pool *pool, unsigned worker)
{
	struct pool_shared *shared = pool->shared;
	struct pool_worker *self = &shared->worker[worker];
	const struct mp_pool_options *options = &shared->options;

	bind_to(pool->cpus[worker]);
	int r = options->initializer ? options->initializer(options->initializer_argument) : 0;
	if (r < 0) {
		atomic_store(&self->error, r);
		atomic_store(&self->phase, WORKER_REFUSED);
	} else {
		waiter_sit(&self->seat);
		atomic_store(&self->phase, WORKER_READY);
		pool_call_keeper(shared);
		pool_work(pool, worker);
	}
}

static void *thread_main(void *argument)
{
	struct pool_worker *self = argument;
	struct pool_shared *shared =
		(struct pool_shared *)((uintptr_t)self & ~(uintptr_t)(POOL_RECORDS_BYTES - 1));

	live(shared->owner, (unsigned)(self - shared->worker));
	pool_call_keeper(shared);
	return NULL;
}

static _Noreturn void process_main(struct mp_pool *pool, unsigned worker)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The owner may have died before the line above. */
	if (getppid() != pool->pid)
		_exit(255);
	for (unsigned w = 0; w < pool->workers; w++)
		if (pool->pidfds[w] >= 0)
			close(pool->pidfds[w]);
	/* What the owner had not yet written is the owner's to write. */
	__fpurge(stdout);
	__fpurge(stderr);
	pthread_sigmask(SIG_SETMASK, &pool->signals, NULL);
	live(pool, worker);
	fflush(stdout);
	fflush(stderr);
	_exit(0);
}

static int start_thread(struct mp_pool *pool, unsigned worker)
{
	int r = fault_hit() ? errno
			    : pthread_create(&pool->threads[worker], NULL, thread_main,
				      &pool->shared->worker[worker]);

	if (r != 0)
		return fail(
			-r, "cannot start a thread of the pool: %s (see 'ulimit -u')", strerror(r));
	pool->has_thread[worker] = true;
	return 0;
}

static int start_process(struct mp_pool *pool, unsigned worker)
{
	pid_t pid = sys(fork());

	if (pid < 0)
		return fail(pid,
			"cannot fork a worker: %s (see 'ulimit -u' and the cgroup's "
			"pids.max)",
			error_message(pid));
	if (pid == 0)
		process_main(pool, worker);
	struct proc started = {.pid = pid, .pidfd = proc_pidfd(pid)};
	if (started.pidfd < 0) {
		int r = fail(started.pidfd, "cannot watch a worker: pidfd_open: %s",
			error_message(started.pidfd));
		proc_kill(&started);
		return r;
	}
	atomic_store(&pool->pids[worker], pid);
	pool->pidfds[worker] = started.pidfd;
	return 0;
}

int pool_worker_start(struct mp_pool *pool, unsigned worker)
{
	struct pool_worker *self = &pool->shared->worker[worker];

	atomic_store(&self->phase, WORKER_STARTING);
	atomic_store(&self->is_idle, 0);
	atomic_store(&self->nudge, 0);
	int r = pool->shared->options.kind == MP_POOL_THREADS ? start_thread(pool, worker)
							      : start_process(pool, worker);
	if (r < 0)
		atomic_store(&self->phase, WORKER_NONE);
	return trace(r);
}
