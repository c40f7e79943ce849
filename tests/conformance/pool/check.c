#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/shm.h"

/* Of a whole check: far more than any takes, under a sanitizer too. */
enum { CHECK_DEADLINE_MS = 60000, HOLDINGS_MS = 2000, SETTLED_MS = 100 };

struct board *board;

void found(const char *format, ...)
{
	va_list arguments;
	uint32_t none = 0;

	if (!atomic_compare_exchange_strong(&board->found, &none, 1))
		return;
	va_start(arguments, format);
	vsnprintf(board->text, sizeof(board->text), format, arguments);
	va_end(arguments);
}

int has_found(void)
{
	return atomic_load(&board->found) != 0;
}

/* ---- a process for each check ---- */

struct order {
	const struct check *check;
	const struct pool *pool;
	uint64_t seed;
};

static int carry_out(void *argument)
{
	const struct order *order = argument;

	/* A pool's processes go with it. */
	setpgid(0, 0);
	order->check->run(order->pool, order->seed);
	return 0;
}

int check_run(const struct check *check, const struct pool *pool, uint64_t seed,
	char text[CHECK_TEXT_MAX])
{
	struct order order = {check, pool, seed};
	_cleanup_(shm_close) struct shm shm = {0};
	_cleanup_(proc_kill) struct proc proc = PROC_NULL;
	int status = 0;

	int r = shm_open_anonymous(&shm, sizeof(struct board));
	if (r < 0)
		return trace(r);
	board = shm.data;
	r = proc_start(&proc, carry_out, &order);
	if (r < 0)
		return trace(r);
	pid_t group = proc.pid;
	r = proc_join(&proc, deadline_after_ms(CHECK_DEADLINE_MS), &status);
	if (r == -ETIMEDOUT)
		found("does not end within %d s", CHECK_DEADLINE_MS / 1000);
	else if (r < 0)
		return trace(r);
	else if (status != 0)
		found("ends with status %#x", (unsigned)status);
	kill(-group, SIGKILL);
	snprintf(text, CHECK_TEXT_MAX, "%s", board->text);
	return has_found() ? -EBADMSG : 0;
}

/* ---- opening ---- */

static int bind_self(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* The CPUs that this process may use, in turn: worker i's. */
static int cpu_of(const cpu_set_t *set, unsigned i)
{
	unsigned left = i % (unsigned)CPU_COUNT(set);

	for (int cpu = 0;; cpu++)
		if (CPU_ISSET(cpu, set) && left-- == 0)
			return cpu;
}

int opened_open(struct opened *opened, const struct pool *pool, unsigned workers, size_t tasks_max,
	int bound)
{
	static cpu_set_t all;

	/* The first time: later the caller may be bound already. */
	if (CPU_COUNT(&all) == 0)
		sched_getaffinity(0, sizeof(all), &all);
	sched_setaffinity(0, sizeof(all), &all);
	*opened = (struct opened){
		.pool = pool,
		.options = {.workers = workers, .tasks_max = tasks_max},
	};
	for (unsigned i = 0; i < POOL_WORKERS_MAX; i++)
		opened->options.cpus[i] = bound ? cpu_of(&all, i) : -1;
	if (bound && (pool->capabilities & POOL_CALLER_WORKS) &&
		bind_self(opened->options.cpus[0]) < 0)
		found("cannot bind the caller: %s", error_message(-errno));
	int r = pool->open(opened->state, &opened->options);
	if (r >= 0)
		return 0;
	found("open with %u workers: %s", workers, error_message(r));
	pool->close(opened->state);
	return -1;
}

void opened_close(struct opened *opened)
{
	opened->pool->close(opened->state);
}

/* ---- what is left ---- */

static int thread_count(void)
{
	DIR *directory = opendir("/proc/self/task");
	int count = 0;

	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count;
}

struct holdings holdings_settled(void)
{
	struct holdings fewest = {.fds = fd_count(), .threads = thread_count()};

	for (int64_t end = deadline_after_ms(SETTLED_MS); clock_ns() < end;) {
		int threads = thread_count();
		if (threads < fewest.threads)
			fewest.threads = threads;
		clock_sleep_until(clock_ns() + NS_PER_MS);
	}
	return fewest;
}

static int has_child(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void holdings_compare(const struct holdings *before, const char *when)
{
	int64_t end = deadline_after_ms(HOLDINGS_MS);
	int fds = fd_count(), threads = thread_count();

	/* A thread that has been joined may still be listed for a moment. */
	while ((fds > before->fds || threads > before->threads) && clock_ns() < end) {
		clock_sleep_until(clock_ns() + NS_PER_MS);
		fds = fd_count();
		threads = thread_count();
	}
	if (fds != before->fds)
		found("%s: %d descriptors more", when, fds - before->fds);
	if (threads > before->threads)
		found("%s: %d threads more", when, threads - before->threads);
	if (has_child())
		found("%s: a child is left", when);
}
