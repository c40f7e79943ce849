/*
 * The keeper: a thread of the owner that starts the workers, sees them die, and replaces them; that
 * runs the callbacks; and that ends the pool. It sleeps in poll() on the workers' pidfds and on an
 * eventfd, so an idle pool costs nothing, and nobody else has to look for the dead.
 *
 * Who wants its attention sets keeper_is_called and, if it was not set, writes to the eventfd; the
 * keeper reads the eventfd, clears the word, and then looks at everything. A worker that is killed
 * between the two has a pidfd that tells.
 */
#include "mp/pool_internal.h"

#include <assert.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "os/proc.h"

enum {
	FAILURES_MAX = 20,
	RETRY_MS = 10,
};

struct keeper {
	struct mp_pool *pool;
	struct pool_shared *shared;
	struct waiter *waiter;
	bool has_killed;
};

void pool_keeper_call(struct mp_pool *pool)
{
	pool_call_keeper(pool->shared);
}

static bool is_alive(const struct mp_pool *pool, unsigned worker)
{
	return pool->pids[worker] != 0 || pool->has_thread[worker];
}

static unsigned alive_count(const struct mp_pool *pool)
{
	unsigned n = 0;

	for (unsigned w = 0; w < pool->workers; w++)
		n += is_alive(pool, w);
	return n;
}

/* Under the gate: the task that a dead worker had begun. */
static void record_lost(struct keeper *keeper, struct mp_result *record, unsigned worker)
{
	struct mp_pool *pool = keeper->pool;
	const struct mp_pool_options *options = &keeper->shared->options;
	struct pool_worker *self = &keeper->shared->worker[worker];

	if (options->lost == MP_POOL_AGAIN && ++record->tries < options->tries_max) {
		uint32_t index = (uint32_t)(record - pool->records);
		if (index < POOL_FIRST + pool->workers) {
			atomic_store(&record->state, PHASE_QUEUED);
			pool_wake(pool, keeper->waiter, 1);
			return;
		}
		/* If all queues are full of what waits, it is reported. */
		if (pool_push(pool, record, keeper->waiter) == 0)
			return;
	}
	record->error = -EOWNERDEAD;
	pool_record_end(keeper->shared, record, keeper->waiter);
	atomic_store(&self->now, pool_now((self->now >> NOW_RECORD_BITS) + 1, 0));
}

static void bury(struct keeper *keeper, unsigned worker)
{
	struct mp_pool *pool = keeper->pool;
	struct pool_worker *self = &keeper->shared->worker[worker];

	/* Then all is cancelled in the end. */
	if (keeper->has_killed)
		return;
	bool is_fast = pool_gate_enter(&pool->gate);
	uint64_t now = atomic_load(&self->now), done = now >> NOW_RECORD_BITS;
	uint32_t index_plus_1 = (uint32_t)(now & NOW_RECORD);
	atomic_store(&self->now, pool_now(done, 0));
	if (index_plus_1) {
		struct mp_result *record = pool->records + index_plus_1 - 1;
		if (atomic_load(&record->state) == state_of(PHASE_BEGUN, worker))
			record_lost(keeper, record, worker);
		else if (now & NOW_BEGUN)
			atomic_store(&self->now, pool_now(done + 1, 0));
	}
	pool_job_bury(pool, worker, keeper->waiter);
	pool_gate_leave(&pool->gate, is_fast);
	/* It may have slept when it was killed, or had somebody to wake. */
	atomic_store(&self->seat.sleepers, 0);
	pool_notify_seats(keeper->shared, POOL_SEATS + 1, keeper->waiter);
}

static void reap(struct keeper *keeper, unsigned worker)
{
	struct mp_pool *pool = keeper->pool;
	struct pool_worker *self = &keeper->shared->worker[worker];

	/* Somebody else's wait() may have taken it: then it has ended all the same. */
	while (waitpid(pool->pids[worker], NULL, 0) < 0 && errno == EINTR)
		;
	fd_close(&pool->pidfds[worker]);
	atomic_store(&pool->pids[worker], 0);
	uint32_t phase = atomic_load(&self->phase);
	bool was_killed = phase == WORKER_READY || phase == WORKER_STARTING;
	if (phase != WORKER_READY && phase != WORKER_RETIRED && phase != WORKER_ENDED)
		pool->failures_in_a_row++;
	if (was_killed && !keeper->has_killed)
		atomic_fetch_add(&pool->deaths, 1);
	bury(keeper, worker);
	if (phase != WORKER_ENDED && phase != WORKER_REFUSED)
		atomic_store(&self->phase, WORKER_NONE);
}

static void reap_thread(struct keeper *keeper, unsigned worker)
{
	struct mp_pool *pool = keeper->pool;
	struct pool_worker *self = &keeper->shared->worker[worker];
	uint32_t phase = atomic_load(&self->phase);

	if (phase == WORKER_STARTING || phase == WORKER_READY)
		return;
	pthread_join(pool->threads[worker], NULL);
	pool->has_thread[worker] = false;
	if (phase == WORKER_REFUSED)
		pool->failures_in_a_row++;
	if (phase == WORKER_RETIRED)
		atomic_store(&self->phase, WORKER_NONE);
}

/* Waits for news, at most until the deadline, and takes in the dead. */
static void look(struct keeper *keeper, int64_t deadline_ns)
{
	struct mp_pool *pool = keeper->pool;
	struct pollfd fds[MP_POOL_WORKERS_MAX + 1];
	uint64_t count;

	for (unsigned w = 0; w < pool->workers; w++)
		fds[w] = (struct pollfd){.fd = pool->pidfds[w], .events = POLLIN};
	fds[pool->workers] = (struct pollfd){.fd = keeper->shared->keeper_fd, .events = POLLIN};
	if (poll(fds, pool->workers + 1, deadline_left_ms(deadline_ns)) < 0)
		return;
	if (fds[pool->workers].revents) {
		ssize_t n = read(keeper->shared->keeper_fd, &count, sizeof(count));
		(void)n;
	}
	/* Whoever set it may have died before it wrote. */
	atomic_store(&keeper->shared->keeper_is_called, 0);
	for (unsigned w = 0; w < pool->workers; w++) {
		if (pool->has_thread[w])
			reap_thread(keeper, w);
		else if (pool->pids[w] && fds[w].revents)
			reap(keeper, w);
	}
}

static void kill_all(struct keeper *keeper)
{
	struct mp_pool *pool = keeper->pool;

	keeper->has_killed = true;
	for (unsigned w = 0; w < pool->workers; w++)
		if (pool->pids[w])
			syscall(SYS_pidfd_send_signal, pool->pidfds[w], SIGKILL, NULL, 0);
	/* Threads look by themselves; some may sleep. */
	pool_wake(pool, keeper->waiter, pool->workers);
}

/* Whether workers are needed, and may be started now. */
static bool is_worth_starting(const struct keeper *keeper, unsigned worker)
{
	uint32_t command = atomic_load(&keeper->shared->command);

	if (is_alive(keeper->pool, worker) || command == COMMAND_TERMINATE)
		return false;
	if (command == COMMAND_RUN)
		return true;
	/* Who ended by itself had found nothing to do. */
	return atomic_load(&keeper->shared->worker[worker].phase) != WORKER_ENDED;
}

static void give_up(struct keeper *keeper, int error)
{
	keeper->pool->broken = error;
	atomic_store(&keeper->shared->command, COMMAND_TERMINATE);
}

static void replace(struct keeper *keeper)
{
	struct mp_pool *pool = keeper->pool;
	int r = 0;

	if (pool->failures_in_a_row > 0) {
		if (pool->failures_in_a_row >= FAILURES_MAX && alive_count(pool) == 0)
			give_up(keeper, -ECHILD);
		if (clock_ns() < pool->retry_ns)
			return;
		pool->retry_ns = clock_ns() + RETRY_MS * NS_PER_MS * pool->failures_in_a_row;
	}
	for (unsigned w = 0; w < pool->workers && r == 0; w++)
		if (is_worth_starting(keeper, w))
			r = pool_worker_start(pool, w);
	if (r < 0) {
		pool->failures_in_a_row++;
		pool->retry_ns = clock_ns() + RETRY_MS * NS_PER_MS * pool->failures_in_a_row;
		error_clear();
	}
	for (unsigned w = 0; w < pool->workers; w++)
		if (atomic_load(&keeper->shared->worker[w].phase) == WORKER_READY)
			pool->failures_in_a_row = 0;
}

/* Whether some should be started that could not be, yet. */
static bool needs_retry(const struct keeper *keeper)
{
	for (unsigned w = 0; w < keeper->pool->workers; w++)
		if (is_worth_starting(keeper, w))
			return true;
	return false;
}

static void watch(struct keeper *keeper)
{
	struct mp_pool *pool = keeper->pool;

	if (!atomic_load(&pool->is_watched))
		return;
	/* Who hands over after the barrier calls again; what was handed over before it is seen. */
	atomic_store(&pool->is_watched, false);
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
	if (pool_rouse(pool, keeper->waiter))
		atomic_store(&pool->is_watched, true);
}

static int64_t next_look(const struct keeper *keeper)
{
	const struct mp_pool *pool = keeper->pool;
	int64_t deadline_ns = DEADLINE_NEVER;

	if (needs_retry(keeper))
		deadline_ns = pool->retry_ns + NS_PER_MS;
	if (atomic_load(&pool->is_watched) && deadline_ns > clock_ns() + NS_PER_MS)
		deadline_ns = clock_ns() + NS_PER_MS;
	return deadline_ns;
}

/* Callbacks. */

int pool_callback_add(struct mp_pool *pool, struct mp_result *record, mp_callback *on_done,
	mp_callback *on_error, void *context)
{
	struct pool_callback *callback = fault_hit() ? NULL : malloc(sizeof(*callback));

	if (!callback)
		return fail(-ENOMEM, "no memory for a callback");
	*callback = (struct pool_callback){NULL, record, on_done, on_error, context, false};
	pthread_mutex_lock(&pool->mutex);
	*pool->callbacks_end = callback;
	pool->callbacks_end = &callback->next;
	pthread_mutex_unlock(&pool->mutex);
	return 0;
}

void pool_callback_drop(struct mp_pool *pool, const struct mp_result *record)
{
	pthread_mutex_lock(&pool->mutex);
	for (struct pool_callback **it = &pool->callbacks; *it; it = &(*it)->next) {
		struct pool_callback *callback = *it;
		if (callback->record != record)
			continue;
		*it = callback->next;
		if (!*it)
			pool->callbacks_end = it;
		free(callback);
		break;
	}
	pthread_mutex_unlock(&pool->mutex);
}

static bool mark_freed(struct pool_callback *list, const struct mp_result *record)
{
	for (struct pool_callback *it = list; it; it = it->next) {
		if (it->record == record) {
			it->frees = true;
			return true;
		}
	}
	return false;
}

bool pool_callback_frees(struct mp_pool *pool, struct mp_result *record)
{
	pthread_mutex_lock(&pool->mutex);
	bool found = mark_freed(pool->due, record) || mark_freed(pool->callbacks, record);
	pthread_mutex_unlock(&pool->mutex);
	return found;
}

/* Moves those whose time has come from the list of all to that of the due. */
static void find_due(struct mp_pool *pool)
{
	struct pool_callback **due = &pool->due, **it = &pool->callbacks;

	pthread_mutex_lock(&pool->mutex);
	while (*due)
		due = &(*due)->next;
	while (*it) {
		struct pool_callback *callback = *it;
		if (!mp_result_ready(callback->record)) {
			it = &callback->next;
			continue;
		}
		*it = callback->next;
		callback->next = NULL;
		*due = callback;
		due = &callback->next;
	}
	pool->callbacks_end = it;
	pthread_mutex_unlock(&pool->mutex);
}

static void run_callback(const struct pool_callback *callback)
{
	struct mp_result *record = callback->record;
	size_t bytes;

	if (record->error >= 0 && callback->on_done)
		callback->on_done(callback->context, 0, pool_result_bytes(record, &bytes));
	else if (record->error < 0 && callback->on_error)
		callback->on_error(callback->context, record->error, NULL);
}

static void run_callbacks(struct mp_pool *pool)
{
	find_due(pool);
	/* Only this thread takes from the list. It stays there meanwhile: it may be freed. */
	while (pool->due) {
		struct pool_callback *callback = pool->due;
		run_callback(callback);
		pthread_mutex_lock(&pool->mutex);
		pool->due = callback->next;
		pthread_mutex_unlock(&pool->mutex);
		if (callback->frees)
			pool_result_free(pool, callback->record);
		free(callback);
	}
}

/* The end of all that was not done. Nobody works any more. */
static void cancel(struct keeper *keeper)
{
	struct mp_pool *pool = keeper->pool;
	int error = pool->broken ? pool->broken : -ECANCELED;

	bool is_fast = pool_gate_enter(&pool->gate);
	for (uint32_t i = POOL_FIRST; i < pool->window || i < POOL_FIRST + pool->workers; i++) {
		struct mp_result *record = pool->records + i;
		enum pool_phase phase = phase_of(atomic_load(&record->state));
		if ((phase != PHASE_QUEUED && phase != PHASE_BEGUN) || record->flags & FLAG_JOB)
			continue;
		record->error = error;
		pool_record_end(keeper->shared, record, keeper->waiter);
	}
	pool_job_cancel(pool, error, keeper->waiter);
	pool_gate_leave(&pool->gate, is_fast);
}

static void set_stage(struct mp_pool *pool, enum pool_stage stage, int error)
{
	pthread_mutex_lock(&pool->mutex);
	pool->stage = stage;
	if (error < 0) {
		const char *message = error_message(error);
		size_t n = strnlen(message, sizeof(pool->start_message) - 1);
		memcpy(pool->start_message, message, n);
		pool->start_message[n] = '\0';
		pool->start_error = error;
	}
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
}

/* Kills, and waits for, whoever is there. */
static void end_all(struct keeper *keeper)
{
	atomic_store(&keeper->shared->command, COMMAND_TERMINATE);
	kill_all(keeper);
	while (alive_count(keeper->pool) > 0)
		look(keeper, DEADLINE_NEVER);
}

static int start_all(struct keeper *keeper)
{
	struct mp_pool *pool = keeper->pool;
	unsigned ready = 0;

	for (unsigned w = 0; w < pool->workers; w++) {
		int r = pool_worker_start(pool, w);
		if (r < 0)
			return trace(r);
	}
	while (ready < pool->workers) {
		look(keeper, DEADLINE_NEVER);
		ready = 0;
		for (unsigned w = 0; w < pool->workers; w++) {
			struct pool_worker *self = &keeper->shared->worker[w];
			uint32_t phase = atomic_load(&self->phase);
			if (phase == WORKER_REFUSED)
				return fail(atomic_load(&self->error),
					"the initializer of worker %u failed: %s", w,
					strerror(-atomic_load(&self->error)));
			if (phase == WORKER_NONE)
				return fail(-ECHILD, "worker %u died in its initializer", w);
			ready += phase == WORKER_READY;
		}
	}
	return 0;
}

static void *keep(void *argument)
{
	struct mp_pool *pool = argument;
	struct keeper keeper = {pool, pool->shared, mp_waiter(), false};

	int r = start_all(&keeper);
	if (r < 0) {
		end_all(&keeper);
		set_stage(pool, STAGE_ENDED, r);
		return NULL;
	}
	set_stage(pool, STAGE_RUNNING, 0);
	for (;;) {
		look(&keeper, next_look(&keeper));
		watch(&keeper);
		run_callbacks(pool);
		replace(&keeper);
		if (atomic_load(&pool->shared->command) == COMMAND_TERMINATE)
			end_all(&keeper);
		if (atomic_load(&pool->shared->command) != COMMAND_RUN && alive_count(pool) == 0 &&
			!needs_retry(&keeper))
			break;
	}
	cancel(&keeper);
	run_callbacks(pool);
	pool_notify_seats(pool->shared, POOL_SEATS + 1, keeper.waiter);
	set_stage(pool, STAGE_ENDED, 0);
	return NULL;
}

int pool_keeper_start(struct mp_pool *pool)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &pool->signals);
	int r = fault_hit() ? errno : pthread_create(&pool->keeper, NULL, keep, pool);
	pthread_sigmask(SIG_SETMASK, &pool->signals, NULL);
	if (r != 0)
		return fail(
			-r, "cannot start the pool's thread: %s (see 'ulimit -u')", strerror(r));
	pool->has_keeper = true;
	pthread_mutex_lock(&pool->mutex);
	while (pool->stage == STAGE_STARTING)
		pthread_cond_wait(&pool->changed, &pool->mutex);
	r = pool->start_error;
	pthread_mutex_unlock(&pool->mutex);
	return r < 0 ? fail(r, "%s", pool->start_message) : 0;
}
