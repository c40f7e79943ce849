/*
 * A pool of workers.
 *
 * The parts. The owner is the process that made the pool. Its threads hand tasks over, one at a
 * time (pool_gate.c). Workers are processes or threads; the code is the same. A keeper, a thread
 * of the owner, starts, buries and replaces them (pool_keeper.c).
 *
 * The memory is one mapping that is older than the workers (pool_memory.c). In it, by who writes:
 *
 *	owner	 records while they are FREE or HELD, each queue's entries and tail, each map (job)
 *		 before its bit in `jobs` is set, `command`
 *	worker	 its line in worker[], the record or the chunk that it has taken, its share of a map
 *	keeper	 what a worker wrote, after its death
 *	all	 seats, to sleep and to be woken; hints
 *
 * A record is a task of 64 bytes: function, item, result. Its state goes
 *
 *	FREE -> HELD -> QUEUED -> BEGUN|w -> DONE -> FREE	(DONE is left out where nobody asks)
 *
 * Only the step from QUEUED to BEGUN has rivals, and is a compare-and-swap: whoever makes it has
 * the task, and everybody can see who it is. Queues hold numbers of records, one queue for each
 * worker, and only say where to look. So has a map: a byte for each chunk (pool_map.c).
 *
 * A task for which a caller waits goes straight into the mailbox of a worker that is idle, which is
 * a record of its own: one cache line goes there and back. Many tasks go into the queues.
 *
 * How it fails. A worker that is killed
 *	before the compare-and-swap: the task is still QUEUED, others find it;
 *	after it: the state has the worker's number; the keeper reports it as lost, or queues it
 *	again;
 *	after its result is written, before it is counted: `now` says so, and the keeper counts it;
 *	before it wakes who waits: the keeper wakes all.
 * A worker that is stopped holds what it has taken and nothing else; the others steal its queue.
 * A worker that writes to where it should not may break the pool, as a thread may; it is of the
 * same program. When the owner ends, the kernel kills the workers (PR_SET_PDEATHSIG), and the
 * mapping goes with the last of them.
 */
#include "mp/pool_internal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "mp/process.h"
#include "os/fd.h"

unsigned pool_forks;

static void count_fork(void)
{
	pool_forks++;
}

__attribute__((constructor)) static void mp_pool_prepare(void)
{
	/* It fails for want of memory only, and so early there is memory. */
	pthread_atfork(NULL, NULL, count_fork);
}

int pool_check_fork(const struct mp_pool *pool)
{
	if (__builtin_expect(pool->forks != pool_forks, false))
		return fail(-EPERM, "a pool belongs to the process that made it");
	return 0;
}

int pool_check(const struct mp_pool *pool)
{
	int r = pool_check_fork(pool);

	if (r < 0)
		return r;
	if (__builtin_expect(atomic_load_explicit(&pool->shared->command, memory_order_relaxed) !=
				     COMMAND_RUN,
		    false))
		return fail(-ESHUTDOWN, "the pool is closed");
	return 0;
}

/* The CPUs that this process may be scheduled on: how many; the first of them in cpus. */
static unsigned list_cpus(int cpus[MP_POOL_WORKERS_MAX])
{
	cpu_set_t set;
	unsigned n = 0;

	CPU_ZERO(&set);
	if (sched_getaffinity(getpid(), sizeof(set), &set) < 0)
		return 0;
	for (unsigned i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &set))
			continue;
		if (n < MP_POOL_WORKERS_MAX)
			cpus[n] = (int)i;
		n++;
	}
	return n;
}

static int check_options(const struct mp_pool_options *options)
{
	if (options->workers > MP_POOL_WORKERS_MAX)
		return fail(-EINVAL, "a pool has at most %d workers", MP_POOL_WORKERS_MAX);
	if (options->kind > MP_POOL_THREADS || options->lost > MP_POOL_AGAIN ||
		options->binding > MP_POOL_BIND_CPUS ||
		(options->binding == MP_POOL_BIND_CPUS && !options->cpus))
		return fail(-EINVAL, "options of a pool");
	return 0;
}

static void choose_workers(struct mp_pool *pool, const struct mp_pool_options *options)
{
	unsigned cpus = list_cpus(pool->cpus), allowed = mp_cpu_count();

	pool->workers = options->workers ? options->workers : allowed;
	if (pool->workers > MP_POOL_WORKERS_MAX)
		pool->workers = MP_POOL_WORKERS_MAX;
	for (unsigned w = 0; w < MP_POOL_WORKERS_MAX; w++) {
		if (options->binding == MP_POOL_BIND_CPUS)
			pool->cpus[w] = w < pool->workers ? options->cpus[w] : -1;
		else if (options->binding == MP_POOL_BIND_NEVER || pool->workers != cpus)
			pool->cpus[w] = -1;
	}
}

static void pool_release(struct mp_pool *pool)
{
	int saved = errno;

	if (pool->shared) {
		int fd = pool->shared->keeper_fd;
		fd_close(&fd);
	}
	pool_memory_close(pool);
	pool_gate_deinit(&pool->gate);
	pthread_mutex_destroy(&pool->mutex);
	pthread_cond_destroy(&pool->changed);
	free(pool->losses);
	free(pool);
	errno = saved;
}

static int start(struct mp_pool *pool, const struct mp_pool_options *options)
{
	choose_workers(pool, options);
	int r = pool_memory_open(pool, options);
	if (r < 0)
		return trace(r);
	struct pool_shared *shared = pool->shared;
	shared->owner = pool;
	shared->options = *options;
	if (shared->options.tries_max == 0)
		shared->options.tries_max = POOL_TRIES;
	shared->workers = pool->workers;
	shared->keeper_fd = sys(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (shared->keeper_fd < 0)
		return fail(shared->keeper_fd, "cannot make an eventfd for a pool: %s",
			error_message(shared->keeper_fd));
	/* What is buffered would be written by the workers too. */
	fflush(NULL);
	return trace(pool_keeper_start(pool));
}

struct mp_pool *mp_pool_new(const struct mp_pool_options *options)
{
	static const struct mp_pool_options none;
	struct mp_pool *pool = NULL;

	if (!options)
		options = &none;
	int r = check_options(options);
	if (r == 0 && (fault_hit() || posix_memalign((void **)&pool, 64, sizeof(*pool)) != 0))
		r = fail(-ENOMEM, "no memory for a pool");
	if (r < 0) {
		errno = -r;
		return NULL;
	}
	memset(pool, 0, sizeof(*pool));
	pool->forks = pool_forks;
	pool->pid = getpid();
	pool->callbacks_end = &pool->callbacks;
	for (unsigned w = 0; w < MP_POOL_WORKERS_MAX; w++)
		pool->pidfds[w] = -1;
	pool_gate_init(&pool->gate);
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	r = start(pool, options);
	if (r < 0) {
		if (pool->has_keeper)
			pthread_join(pool->keeper, NULL);
		pool_release(pool);
		errno = -r;
		return NULL;
	}
	return pool;
}

static void command(struct mp_pool *pool, enum pool_command command)
{
	uint32_t now = atomic_load(&pool->shared->command);

	while (now < command &&
		!atomic_compare_exchange_weak(&pool->shared->command, &now, command))
		;
	pool_wake(pool, mp_waiter(), pool->workers);
	/* Not by pool_call_keeper(): a worker may just have been killed in there. */
	uint64_t one = 1;
	ssize_t n = write(pool->shared->keeper_fd, &one, sizeof(one));
	(void)n;
}

int mp_pool_close(struct mp_pool *pool)
{
	int r = pool_check_fork(pool);

	if (r < 0)
		return r;
	/* Whoever is inside has handed over; who comes later sees the command. */
	bool is_fast = pool_gate_enter(&pool->gate);
	command(pool, COMMAND_CLOSE);
	pool_gate_leave(&pool->gate, is_fast);
	return 0;
}

int mp_pool_terminate(struct mp_pool *pool)
{
	int r = pool_check_fork(pool);

	if (r < 0)
		return r;
	bool is_fast = pool_gate_enter(&pool->gate);
	command(pool, COMMAND_TERMINATE);
	pool_gate_leave(&pool->gate, is_fast);
	return 0;
}

int mp_pool_join(struct mp_pool *pool, int64_t timeout_ns)
{
	int64_t deadline_ns = timeout_ns < 0 ? DEADLINE_NEVER : clock_ns() + timeout_ns;
	struct timespec deadline = timespec_of(deadline_ns);
	int r = pool_check_fork(pool);

	if (r < 0)
		return r;
	if (atomic_load(&pool->shared->command) == COMMAND_RUN)
		return fail(-EINVAL, "close or terminate the pool first");
	pthread_mutex_lock(&pool->mutex);
	while (pool->stage != STAGE_ENDED && r == 0) {
		if (timeout_ns == 0)
			r = EAGAIN;
		else if (timeout_ns < 0)
			r = pthread_cond_wait(&pool->changed, &pool->mutex);
		else
			r = pthread_cond_timedwait(&pool->changed, &pool->mutex, &deadline);
	}
	pthread_mutex_unlock(&pool->mutex);
	return -r;
}

void mp_pool_free(struct mp_pool *pool)
{
	int saved = errno;

	if (!pool)
		return;
	if (pool->forks != pool_forks) {
		pool_release(pool);
		return;
	}
	mp_pool_terminate(pool);
	pthread_join(pool->keeper, NULL);
	pool_release(pool);
	errno = saved;
}

/* What mp_pool_wait() waits for. */
static bool is_drained(const void *argument)
{
	const struct mp_pool *pool = argument;
	uint64_t done = atomic_load_explicit(&pool->helped, memory_order_acquire);

	if (atomic_load_explicit(&pool->shared->command, memory_order_relaxed) == COMMAND_TERMINATE)
		return true;
	for (unsigned w = 0; w < pool->workers; w++)
		done += atomic_load_explicit(&pool->shared->worker[w].now, memory_order_acquire) >>
			NOW_RECORD_BITS;
	return done >= atomic_load_explicit(&pool->submitted, memory_order_acquire) &&
	       !pool_job_is_left(pool);
}

int mp_pool_wait(struct mp_pool *pool, int64_t timeout_ns)
{
	int r = pool_check_fork(pool);

	if (r < 0)
		return r;
	if (timeout_ns < 0 && pool->shared->options.caller_works)
		pool_help(pool, NULL);
	if (!is_drained(pool)) {
		/* Workers that become idle wake all then. */
		atomic_fetch_add(&pool->shared->drains, 1);
		/* Who should do the rest may be stopped while others sleep. */
		int64_t deadline_ns = mp_deadline(timeout_ns), slice_ns = NS_PER_MS;
		do {
			int64_t left_ns = deadline_left_ns(deadline_ns);
			r = pool_wait(pool, pool_seat(), NULL, is_drained, pool, POOL_SPIN_NS,
				slice_ns < left_ns ? slice_ns : left_ns);
			slice_ns = slice_ns < NS_PER_S ? 2 * slice_ns : slice_ns;
		} while (r < 0 && clock_ns() < deadline_ns &&
			 (pool_rouse(pool, mp_waiter()) || true));
		atomic_fetch_sub(&pool->shared->drains, 1);
	}
	if (r < 0)
		return r;
	if (atomic_load(&pool->shared->command) == COMMAND_TERMINATE)
		return -ECANCELED;
	return atomic_exchange(&pool->shared->first_error, 0);
}

unsigned mp_pool_workers(const struct mp_pool *pool)
{
	return pool->workers;
}

int mp_pool_worker_pid(const struct mp_pool *pool, unsigned worker)
{
	return worker < pool->workers ? atomic_load(&pool->pids[worker]) : 0;
}

uint64_t mp_pool_deaths(const struct mp_pool *pool)
{
	return atomic_load(&pool->deaths);
}
