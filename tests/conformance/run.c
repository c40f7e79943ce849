/*
 * The supervisor. Each check runs in a forked child, the leader of a process group of its own.
 * The supervisor waits for its end with a deadline, kills the whole group after it, adopts and
 * reaps what the check left behind, and compares what has a name in the system before and after.
 */
#include "conformance.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "mp/shared.h"
#include "os/proc.h"
#include "session.h"

enum {
	SUPERVISOR_LOOK_MS = 20, /* how often it looks for requests */
	AFTER_FINDING_MS = 300,  /* a side that failed leaves the other one waiting */
	REAP_LIMIT_MS = 2000,
	THREADS_LIMIT_MS = 200,
};

const struct check checks[] = {
	{.name = "lifecycle", .run = check_lifecycle},
	{.name = "limits", .run = check_limits},
	{.name = "open_faults", .run = check_open_faults},
	{.name = "attach_faults", .run = check_attach_faults},
	{.name = "few_descriptors", .run = check_few_descriptors},
	{.name = "sizes", .never = TRANSPORT_BASELINE, .run = check_sizes},
	{.name = "mixed_sizes", .never = TRANSPORT_BASELINE, .run = check_mixed_sizes},
	{.name = "pingpong", .never = TRANSPORT_BASELINE, .run = check_pingpong},
	{.name = "stream", .never = TRANSPORT_BASELINE, .run = check_stream},
	{.name = "waits", .needs = TRANSPORT_WAITS, .run = check_waits},
	{.name = "capacity", .never = TRANSPORT_BASELINE | TRANSPORT_LOSSY, .run = check_capacity},
	{.name = "boundaries", .needs = TRANSPORT_BOUNDARIES, .run = check_boundaries},
	{.name = "borrow", .needs = TRANSPORT_BORROW, .run = check_borrow},
	{
		.name = "many_senders",
		.needs = TRANSPORT_MANY_SENDERS,
		.never = TRANSPORT_LOSSY,
		.run = check_many_senders,
	},
	{
		.name = "one_sender_dies",
		.needs = TRANSPORT_MANY_SENDERS | TRANSPORT_SEES_DEATH,
		.never = TRANSPORT_LOSSY,
		.processes_only = true,
		.run = check_one_sender_dies,
	},
	{
		.name = "many_receivers",
		.needs = TRANSPORT_MANY_RECEIVERS,
		.never = TRANSPORT_LOSSY,
		.run = check_many_receivers,
	},
	{
		.name = "one_receiver_dies",
		.needs = TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
		.never = TRANSPORT_LOSSY,
		.processes_only = true,
		.run = check_one_receiver_dies,
	},
	{
		.name = "leave",
		.needs = TRANSPORT_SEES_DEATH,
		.processes_only = true,
		.run = check_leave,
	},
	{
		.name = "death_in_recv",
		.needs = TRANSPORT_SEES_DEATH,
		.processes_only = true,
		.run = check_death_in_recv,
	},
	{
		.name = "death_in_send",
		.needs = TRANSPORT_SEES_DEATH,
		.processes_only = true,
		.run = check_death_in_send,
	},
	{
		.name = "death_idle",
		.needs = TRANSPORT_SEES_DEATH,
		.processes_only = true,
		.run = check_death_idle,
	},
	{
		.name = "death_drain",
		.needs = TRANSPORT_SEES_DEATH,
		.never = TRANSPORT_LOSSY,
		.processes_only = true,
		.run = check_death_drain,
	},
	{.name = NULL},
};

bool check_applies(const struct check *check, const struct transport *transport, bool threads)
{
	return (transport->capabilities & check->needs) == check->needs &&
	       !(transport->capabilities & check->never) && !(check->processes_only && threads);
}

int cell_open(struct cell *cell, const struct transport *transport, bool threads)
{
	struct transport_limits limits;

	*cell = (struct cell){
		.transport = transport,
		.threads = threads,
		.limit_ms = CHECK_LIMIT_MS,
		.budget_ns = 100 * NS_PER_MS,
	};
	const char *budget_ms = getenv("CONFORMANCE_BUDGET_MS");
	cell->is_brief = budget_ms != NULL;
	if (budget_ms)
		cell->budget_ns = strtol(budget_ms, NULL, 10) * NS_PER_MS;
	int r = transport_probe(transport, &limits);
	if (r < 0)
		return fail(r, "%s", limits.reason[0] ? limits.reason : error_message(r));
	cell->message_max_bytes = limits.message_max_bytes;
	cell->board = mmap(NULL, sizeof(*cell->board), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (cell->board == MAP_FAILED) {
		cell->board = NULL;
		return fail(-errno, "no shared memory for the board: %s", error_message(-errno));
	}
	return 0;
}

void cell_close(struct cell *cell)
{
	if (cell->board)
		munmap(cell->board, sizeof(*cell->board));
	cell->board = NULL;
}

struct transport_options cell_options(const struct cell *cell, size_t message_max_bytes)
{
	return (struct transport_options){
		.message_max_bytes = message_max_bytes,
		.sides = 2,
		.threads = cell->threads,
	};
}

size_t cell_bytes(const struct cell *cell, size_t bytes)
{
	return bytes < cell->message_max_bytes ? bytes : cell->message_max_bytes;
}

__attribute__((format(printf, 3, 0))) static void board_vfound(
	struct board *board, const char *name, const char *format, va_list arguments)
{
	uint32_t i = atomic_fetch_add(&board->reserved_count, 1);

	if (i < FINDINGS_MAX) {
		snprintf(board->findings[i].name, FINDING_NAME_MAX, "%s", name);
		vsnprintf(board->findings[i].text, FINDING_TEXT_MAX, format, arguments);
		atomic_store(&board->findings[i].is_whole, true);
	}
	/* Last: whoever sees that the cell has failed may kill this side. */
	atomic_fetch_add(&board->finding_count, 1);
}

void board_found(struct board *board, const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	board_vfound(board, name, format, arguments);
	va_end(arguments);
}

void found(struct cell *cell, const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	board_vfound(cell->board, name, format, arguments);
	va_end(arguments);
}

bool cell_failed(const struct cell *cell)
{
	return atomic_load_explicit(&cell->board->finding_count, memory_order_relaxed) > 0;
}

bool board_has(const struct board *board, const char *name)
{
	for (unsigned i = 0; i < FINDINGS_MAX; i++)
		if (atomic_load(&board->findings[i].is_whole) &&
			strcmp(board->findings[i].name, name) == 0)
			return true;
	return false;
}

struct job {
	const struct check *check;
	struct cell *cell;
};

/* Shared mappings and threads of this process: what a transport can leave besides descriptors. */
static void count_process(unsigned *ret_mappings, unsigned *ret_threads)
{
	_cleanup_(fclosep) FILE *maps = fopen("/proc/self/maps", "re");
	_cleanup_(fclosep) FILE *status = fopen("/proc/self/status", "re");
	char line[512], mode[8];

	*ret_mappings = *ret_threads = 0;
	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%*s %7s", mode) == 1 && mode[3] == 's')
			++*ret_mappings;
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "Threads: %u", ret_threads) == 1)
			break;
}

static void *do_nothing(void *argument)
{
	return argument;
}

static int run_child(void *argument)
{
	struct job *job = argument;
	unsigned mappings[2], threads[2];
	pthread_t thread;

	setpgid(0, 0);
	/* Some runtimes (TSan's) add a thread of their own to the first one that is made. */
	if (pthread_create(&thread, NULL, do_nothing, NULL) == 0)
		pthread_join(thread, NULL);
	/* libmp keeps the first memory that it makes. */
	mp_shared_free(mp_shared_new(1));
	count_process(&mappings[0], &threads[0]);
	job->check->run(job->cell);
	/* A thread that was joined is counted for a moment more. */
	int64_t end = deadline_after_ms(THREADS_LIMIT_MS);
	do {
		count_process(&mappings[1], &threads[1]);
	} while (threads[1] > threads[0] && !cell_failed(job->cell) && clock_ns() < end);
	if (!cell_failed(job->cell) && mappings[1] > mappings[0])
		found(job->cell, "leak", "%u shared mappings are left after close",
			mappings[1] - mappings[0]);
	if (!cell_failed(job->cell) && threads[1] > threads[0])
		found(job->cell, "leak", "%u threads are left after close",
			threads[1] - threads[0]);
	return 0;
}

/* A hang is said with where each side stands. */
static void name_hang(struct board *board, int limit_ms)
{
	char sides[FINDING_TEXT_MAX - 64] = "";
	size_t used = 0;

	for (unsigned i = 0; i < TRANSPORT_SIDES_MAX && used < sizeof(sides) - 1; i++) {
		const char *step = atomic_load(&board->where[i].step);
		if (step)
			used += (size_t)snprintf(sides + used, sizeof(sides) - used,
				"; side %u: %s, %lu messages", i, step,
				(unsigned long)atomic_load(&board->where[i].n));
	}
	board_found(board, "hang", "no end after %d ms%s", limit_ms, sides);
}

/* Waits for the check's child, and kills the victim that it names as soon as the side that shall
 * see it is stuck. -ETIMEDOUT: it hangs, and a finding says so unless there is one that caused it.
 */
static int supervise(struct proc *proc, struct cell *cell, int *ret_status)
{
	struct board *board = cell->board;
	int64_t end = deadline_after_ms(cell->limit_ms);

	for (;;) {
		int64_t look = deadline_after_ms(SUPERVISOR_LOOK_MS);
		int r = proc_join(proc, look < end ? look : end, ret_status);
		if (r != -ETIMEDOUT)
			return r;
		if (clock_ns() >= end) {
			if (!cell_failed(cell))
				name_hang(board, cell->limit_ms);
			return r;
		}
		int64_t soon = deadline_after_ms(AFTER_FINDING_MS);
		if (cell_failed(cell) && soon < end)
			end = soon;
		int32_t victim = atomic_exchange(&board->victim, 0);
		if (victim > 0) {
			wait_until_stuck(board, board->survivor);
			atomic_store(&board->killed_at_ns, clock_ns());
			kill(victim, SIGKILL);
		}
	}
}

/* Reaps what the check left: children of a dead child are ours (a subreaper's). */
static void reap_orphans(struct board *board, pid_t group)
{
	int64_t end = deadline_after_ms(REAP_LIMIT_MS);
	int status;
	bool failed = atomic_load(&board->finding_count) > 0;

	kill(-group, SIGKILL);
	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid < 0)
			return;
		if (pid > 0) {
			if (!failed)
				board_found(board, "leak", "process %d was left behind", pid);
			continue;
		}
		if (clock_ns() > end) {
			board_found(board, "leak", "a process was left behind and does not die");
			return;
		}
		clock_sleep_until(clock_ns() + NS_PER_MS);
	}
}

int check_run(const struct check *check, struct cell *cell)
{
	struct job job = {check, cell};
	struct proc proc = PROC_NULL;
	int status = 0;

	memset(cell->board, 0, sizeof(*cell->board));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	_cleanup_(freep) char *before = audit_snapshot();
	int r = proc_start(&proc, run_child, &job);
	if (r < 0)
		return trace(r);
	pid_t pid = proc.pid;
	r = supervise(&proc, cell, &status);
	if (r < 0 && r != -ETIMEDOUT)
		board_found(cell->board, "failed", "supervisor: %s", error_message(r));
	else if (r >= 0 && status != 0)
		board_found(cell->board, "crash", "the check ended with %s %d",
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (proc.pid > 0)
		kill(-pid, SIGKILL);
	proc_kill(&proc);
	reap_orphans(cell->board, pid);

	audit_compare(cell->board, before);
	return 0;
}
