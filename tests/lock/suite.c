/*
 * The supervisor, and sessions of several sides.
 *
 * Each check runs in a forked child. The supervisor waits for its end with a deadline, kills it
 * after that (its sides die with it), reaps what was left behind, and compares the System V
 * semaphores before and after, in an IPC namespace of its own where it may have one.
 */
#include "suite.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "os/fd.h"

enum { LOOK_MS = 20, AFTER_FINDING_MS = 300, REAP_LIMIT_MS = 2000, SETS_MAX = 4096, DEATHS = 30 };

bool check_applies(const struct check *check, const struct lock *lock, bool threads)
{
	return (lock->capabilities & check->needs) == check->needs &&
	       !(lock->capabilities & check->never) && !(check->processes_only && threads);
}

int trial_open(struct trial *trial, const struct lock *lock, bool threads, uint64_t seed)
{
	*trial = (struct trial){
		.lock = lock,
		.threads = threads,
		.seed = seed,
		.budget_ns = 100 * NS_PER_MS,
		.limit_ms = CHECK_LIMIT_MS,
		.deaths = DEATHS,
	};
	const char *budget_ms = getenv("CONFORMANCE_BUDGET_MS");
	if (budget_ms)
		trial->budget_ns = strtol(budget_ms, NULL, 10) * NS_PER_MS;
	const char *deaths = getenv("CONFORMANCE_DEATHS");
	if (deaths)
		trial->deaths = (unsigned)strtoul(deaths, NULL, 10);
	/* One takes a few milliseconds, and seconds are not expected of a busy machine. */
	if (trial->deaths > DEATHS)
		trial->limit_ms += (int)(trial->deaths - DEATHS) * 100;
	trial->board = mmap(NULL, sizeof(*trial->board), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (trial->board == MAP_FAILED) {
		trial->board = NULL;
		return fail(-errno, "no shared memory for the board: %s", error_message(-errno));
	}
	return 0;
}

void trial_close(struct trial *trial)
{
	if (trial->board)
		munmap(trial->board, sizeof(*trial->board));
	trial->board = NULL;
}

void found(struct trial *trial, const char *name, const char *format, ...)
{
	struct board *board = trial->board;
	va_list arguments;
	uint32_t i = atomic_fetch_add(&board->reserved_count, 1);

	if (i < FINDINGS_MAX) {
		va_start(arguments, format);
		snprintf(board->findings[i].name, FINDING_NAME_MAX, "%s", name);
		vsnprintf(board->findings[i].text, FINDING_TEXT_MAX, format, arguments);
		va_end(arguments);
		atomic_store(&board->findings[i].is_whole, true);
	}
	/* Last: whoever sees that the trial has failed may end this side. */
	atomic_fetch_add(&board->finding_count, 1);
}

bool trial_failed(const struct trial *trial)
{
	return atomic_load_explicit(&trial->board->finding_count, memory_order_relaxed) > 0;
}

bool trial_has(const struct trial *trial, const char *name)
{
	for (unsigned i = 0; i < FINDINGS_MAX; i++)
		if (atomic_load(&trial->board->findings[i].is_whole) &&
			strcmp(trial->board->findings[i].name, name) == 0)
			return true;
	return false;
}

struct job {
	const struct check *check;
	struct trial *trial;
};

static int run_child(void *argument)
{
	struct job *job = argument;

	job->check->run(job->trial);
	return 0;
}

static void name_hang(struct trial *trial)
{
	char text[FINDING_TEXT_MAX] = "";
	size_t used = 0;

	for (unsigned i = 0; i < SUITE_SIDES_MAX && used < sizeof(text) - 1; i++) {
		struct line *line = &trial->board->lines[i];
		const char *step = atomic_load(&line->step);
		if (step)
			used += (size_t)snprintf(text + used, sizeof(text) - used,
				"; side %u: %s, round %lu", i, step,
				(unsigned long)atomic_load(&line->rounds));
	}
	found(trial, "hang", "no end after %d ms%.200s", trial->limit_ms, text);
}

static int supervise(struct proc *proc, struct trial *trial, int *ret_status)
{
	int64_t end = deadline_after_ms(trial->limit_ms);

	for (;;) {
		int64_t look = deadline_after_ms(LOOK_MS);
		int r = proc_join(proc, look < end ? look : end, ret_status);
		if (r != -ETIMEDOUT)
			return r;
		if (clock_ns() >= end) {
			if (!trial_failed(trial))
				name_hang(trial);
			return r;
		}
		/* The others may wait for ever for a side that has given up. */
		int64_t soon = deadline_after_ms(AFTER_FINDING_MS);
		if (trial_failed(trial) && soon < end)
			end = soon;
	}
}

/* The children of a dead child are ours. */
static void reap_orphans(struct trial *trial)
{
	int64_t end = deadline_after_ms(REAP_LIMIT_MS);
	bool failed = trial_failed(trial);

	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return;
		if (pid > 0 && !failed)
			found(trial, "leak", "process %d was left behind", pid);
		if (pid == 0 && clock_ns() > end) {
			found(trial, "leak", "a process was left behind and does not die");
			return;
		}
		if (pid == 0)
			clock_sleep_until(clock_ns() + NS_PER_MS);
	}
}

/* The identifiers of System V semaphore sets. */
static unsigned list_sets(int sets[SETS_MAX])
{
	_cleanup_(fclosep) FILE *in = fopen("/proc/sysvipc/sem", "re");
	char line[512];
	unsigned count = 0;

	while (in && count < SETS_MAX && fgets(line, sizeof(line), in))
		if (sscanf(line, "%*d %d", &sets[count]) == 1)
			count++;
	return count;
}

static void compare_sets(struct trial *trial, const int *before, unsigned before_count)
{
	int after[SETS_MAX];
	unsigned count = list_sets(after);

	for (unsigned i = 0; i < count && !trial_failed(trial); i++) {
		bool is_new = true;
		for (unsigned k = 0; k < before_count; k++)
			is_new = is_new && before[k] != after[i];
		if (is_new)
			found(trial, "leak", "System V semaphore set %d was left behind", after[i]);
	}
}

int check_run(const struct check *check, struct trial *trial)
{
	struct job job = {check, trial};
	struct proc proc = PROC_NULL;
	int status = 0, sets[SETS_MAX];

	memset(trial->board, 0, sizeof(*trial->board));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	unsigned set_count = list_sets(sets);
	int r = proc_start(&proc, run_child, &job);
	if (r < 0)
		return trace(r);
	r = supervise(&proc, trial, &status);
	if (r < 0 && r != -ETIMEDOUT)
		found(trial, "failed", "supervisor: %s", error_message(r));
	else if (r >= 0 && status != 0)
		found(trial, "crash", "the check ended with %s %d",
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	proc_kill(&proc);
	reap_orphans(trial);
	compare_sets(trial, sets, set_count);
	return 0;
}

/* The CPUs of this process before the first pin(). */
static cpu_set_t allowed;

/* Sides are dealt out to the CPUs: the scheduler may leave all on one for the whole of a check, and
 * then they are hardly ever inside at once. */
static void pin(unsigned side)
{
	unsigned wanted = side % (unsigned)CPU_COUNT(&allowed);
	cpu_set_t one;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || wanted-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static void side_run(struct session *session, struct side *side)
{
	struct trial *trial = session->trial;

	atomic_store(&trial->board->lines[side->side].tid, gettid());
	side->random = trial->seed + side->side;
	pin(side->side);
	at(side, "attach");
	int r = side->lock->attach(side->state, side->side);
	if (r < 0)
		found(trial, "failed", "attach of side %u: %s", side->side, error_message(r));
	else
		session->run(side);
	/* After a finding others may still be inside, and the process ends anyway. */
	if (trial_failed(trial) && trial->threads)
		return;
	at(side, "close");
	side->lock->close(side->state);
	side->lock->close(side->state);
	at(side, "end");
}

struct start {
	struct session *session;
	unsigned side;
};

static int run_process(void *argument)
{
	struct start *start = argument;

	/* The fork has made the copy. */
	start->session->opener.side = start->side;
	side_run(start->session, &start->session->opener);
	return 0;
}

static void *run_thread(void *argument)
{
	struct side *side = argument;
	struct session *session =
		(struct session *)((char *)(side - side->side) - offsetof(struct session, copies));

	side_run(session, side);
	return NULL;
}

static int start_side(struct session *session, unsigned i)
{
	if (!session->trial->threads) {
		struct start start = {session, i};
		return proc_start(&session->procs[i], run_process, &start);
	}
	return -pthread_create(&session->threads[i], NULL, run_thread, &session->copies[i]);
}

bool session_start(
	struct session *session, struct trial *trial, unsigned sides, void (*run)(struct side *))
{
	struct lock_options options = {.sides = sides, .threads = trial->threads};

	if (CPU_COUNT(&allowed) == 0 && sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		CPU_SET(0, &allowed);
	memset(session, 0, sizeof(*session));
	session->trial = trial;
	session->run = run;
	session->sides = sides;
	session->opener =
		(struct side){.trial = trial, .lock = trial->lock, .side = 0, .sides = sides};
	for (unsigned i = 0; i < SUITE_SIDES_MAX; i++)
		session->procs[i] = PROC_NULL;
	at(&session->opener, "open");
	int r = trial->lock->open(session->opener.state, &options);
	if (r < 0) {
		found(trial, "failed", "open: %s", error_message(r));
		trial->lock->close(session->opener.state);
		return false;
	}
	for (unsigned i = 0; i < sides; i++) {
		session->copies[i] = session->opener;
		session->copies[i].side = i;
	}
	for (unsigned i = 1; i < sides && r >= 0; i++)
		r = start_side(session, i);
	if (r < 0)
		found(trial, "failed", "cannot start the sides: %s", error_message(r));
	return r >= 0;
}

void session_take_part(struct session *session)
{
	side_run(session, session->trial->threads ? &session->copies[0] : &session->opener);
}

static void join(struct session *session, unsigned i)
{
	int status = 0;

	if (session->trial->threads) {
		pthread_join(session->threads[i], NULL);
		return;
	}
	if (session->procs[i].pid == 0)
		return;
	int r = proc_join(&session->procs[i], DEADLINE_NEVER, &status);
	if (r < 0 || status != 0)
		found(session->trial, "crash", "side %u ended with %s %d", i,
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

void session_end(struct session *session)
{
	if (trial_failed(session->trial)) {
		for (unsigned i = 0; i < SUITE_SIDES_MAX; i++)
			proc_kill(&session->procs[i]);
		if (session->trial->threads)
			return;
	} else {
		for (unsigned i = 1; i < session->sides; i++)
			join(session, i);
	}
	session->opener.lock->close(session->opener.state);
	session->opener.lock->close(session->opener.state);
}

void session_run(struct trial *trial, unsigned sides, void (*run)(struct side *))
{
	static struct session session;

	if (session_start(&session, trial, sides, run))
		session_take_part(&session);
	session_end(&session);
}

void session_kill(struct session *session, unsigned side)
{
	proc_kill(&session->procs[side]);
}

void wait_until_asleep(struct trial *trial, unsigned side)
{
	int64_t end = deadline_after_ms(200);
	char path[64], stat[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", atomic_load(&trial->board->lines[side].tid));
	while (clock_ns() < end) {
		_cleanup_(fclosep) FILE *file = fopen(path, "re");
		size_t got = file ? fread(stat, 1, sizeof(stat) - 1, file) : 0;
		stat[got] = '\0';
		const char *name_end = strrchr(stat, ')');
		if (name_end && strncmp(name_end, ") S", 3) == 0)
			return;
		clock_sleep_until(clock_ns() + NS_PER_MS / 2);
	}
}
