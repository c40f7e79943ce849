/*
 * A run: a stream with one or two processes at each end, a round trip, or sleepers. What was put
 * is compared with what was taken, over a warm-up and the timed part together.
 */
#include "bench/peers/queue/run.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "os/proc.h"
#include "os/shm.h"

enum { PARTS_MAX = PRODUCERS_MAX + CONSUMERS_MAX, DEADLINE_MS = 20000, WARMUP_DIVISOR = 8 };

/* What all processes of a run see. */
struct board {
	_Alignas(128) unsigned arrived;
	_Alignas(128) unsigned producing[2]; /* in the warm-up, in the timed part */
	struct tally tallies[PARTS_MAX];
	uint64_t counts[PARTS_MAX]; /* of messages put in the timed part */
	int64_t begins[PARTS_MAX], ends[PARTS_MAX];
	double groups[GROUPS_MAX]; /* the caller's round trips */
	uint64_t group_count;
};

struct layout {
	unsigned parts, producers;
	enum role roles[PARTS_MAX];
	unsigned cpus[PARTS_MAX]; /* the first or the second */
};

static const struct layout layouts[SHAPES] = {
	[ONE_BY_ONE] = {2, 1, {PRODUCE, CONSUME}, {0, 1}},
	[APART] = {4, 2, {PRODUCE, PRODUCE, CONSUME, CONSUME}, {0, 0, 1, 1}},
	[TOGETHER] = {4, 2, {PRODUCE, PRODUCE, CONSUME, CONSUME}, {0, 1, 0, 1}},
	[ACROSS] = {2, 0, {PING, PONG}, {0, 1}},
	[ON_ONE] = {2, 0, {PING, PONG}, {0, 0}},
	[IDLE] = {2, 0, {FILL, DRAIN}, {0, 1}},
};

struct run {
	const struct run_options *options;
	const struct row *row;
	const struct layout *layout;
	struct board *board;
	void *queues[2];
	unsigned self;
};

/* The n-th meeting of all. Those who share a CPU must let each other run. */
static void meet(const struct run *run, unsigned n)
{
	__atomic_add_fetch(&run->board->arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&run->board->arrived, __ATOMIC_ACQUIRE) < n * run->layout->parts)
		sched_yield();
}

static int take_part(void *argument)
{
	struct run *run = argument;
	struct board *board = run->board;
	unsigned self = run->self;
	role_function *role = run->row->subject->roles[run->layout->roles[self]];
	struct part part = {
		.queues = {run->queues[0], run->queues[1]},
		.index = self,
		.consumers = run->layout->parts - run->layout->producers,
		.groups = board->groups,
	};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(run->options->cpus[run->layout->cpus[self]], &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return 1;
	for (unsigned i = 0; i < 2; i++) {
		int64_t length_ns = run->options->run_ms * NS_PER_MS;
		part.producing = &board->producing[i];
		meet(run, i + 1);
		board->begins[self] = clock_ns();
		part.until_ns =
			board->begins[self] + (i == 0 ? length_ns / WARMUP_DIVISOR : length_ns);
		uint64_t put_before = part.tally.put;
		part.group_count = 0;
		role(&part);
		board->ends[self] = clock_ns();
		board->tallies[self] = part.tally;
		board->counts[self] = part.tally.put - put_before;
		if (run->layout->roles[self] == PING)
			board->group_count = part.group_count;
	}
	/* Nobody leaves while another may still read from it. */
	meet(run, 3);
	return 0;
}

/* Whether what was taken is what was put. Numbers only grow, so the count and the sum leave
 * nothing that could be lost or come twice. */
static bool is_whole(const struct run *run)
{
	for (unsigned i = 0; i < run->layout->parts; i++)
		if (run->board->tallies[i].is_wrong)
			return false;
	for (unsigned p = 0; p < run->layout->producers; p++) {
		uint64_t put = run->board->tallies[p].put, got = 0, sum = 0;
		for (unsigned i = run->layout->producers; i < run->layout->parts; i++) {
			got += run->board->tallies[i].got[p];
			sum += run->board->tallies[i].sum[p];
		}
		/* put * (put - 1) / 2, the even one halved: it fits. */
		uint64_t all = put % 2 == 0 ? put / 2 * (put - 1) : put * ((put - 1) / 2);
		if (got != put || sum != all)
			return false;
	}
	return true;
}

/* From the first who began to the last who had everything. */
static double time_each(const struct run *run)
{
	const struct board *board = run->board;
	int64_t begin = board->begins[0], end = board->ends[run->layout->parts - 1];
	uint64_t count = 0;

	for (unsigned i = 0; i < run->layout->parts; i++) {
		count += board->counts[i];
		if (run->layout->roles[i] == PRODUCE && board->begins[i] < begin)
			begin = board->begins[i];
		if (run->layout->roles[i] == CONSUME && board->ends[i] > end)
			end = board->ends[i];
	}
	return (double)(end - begin) / (double)count;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_round_trip(struct board *board)
{
	size_t n = board->group_count < GROUPS_MAX ? (size_t)board->group_count : GROUPS_MAX;

	qsort(board->groups, n, sizeof(double), compare);
	return board->groups[n / 2];
}

static int64_t cpu_time(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) == 0 ? clock_of(clock) : -1;
}

/* What both sleepers consume in a second, after some time to fall asleep. */
static int watch_sleepers(const struct proc *procs, double *ret_value)
{
	int64_t used = 0;

	clock_sleep_until(clock_ns() + 200 * NS_PER_MS);
	int64_t begin = clock_ns();
	for (unsigned i = 0; i < 2; i++)
		used -= cpu_time(procs[i].pid);
	clock_sleep_until(begin + NS_PER_S);
	int64_t end = clock_ns();
	for (unsigned i = 0; i < 2; i++) {
		if (proc_has_ended(procs[i].pidfd) != 0)
			return fail(-EIO, "a sleeper has ended");
		used += cpu_time(procs[i].pid);
	}
	*ret_value = (double)used * (double)NS_PER_S / (double)(end - begin);
	return 0;
}

static int run_parts(struct run *run, double *ret_value)
{
	_cleanup_(proc_kill) struct proc a = PROC_NULL;
	_cleanup_(proc_kill) struct proc b = PROC_NULL;
	_cleanup_(proc_kill) struct proc c = PROC_NULL;
	_cleanup_(proc_kill) struct proc d = PROC_NULL;
	struct proc *const procs[PARTS_MAX] = {&a, &b, &c, &d};
	int status;

	for (run->self = 0; run->self < run->layout->parts; run->self++) {
		int r = proc_start(procs[run->self], take_part, run);
		if (r < 0)
			return trace(r);
	}
	if (run->row->shape == IDLE)
		return trace(watch_sleepers((struct proc[]){a, b}, ret_value));
	for (unsigned i = 0; i < run->layout->parts; i++) {
		int r = proc_join(procs[i], deadline_after_ms(DEADLINE_MS), &status);
		if (r < 0)
			return trace(r);
		if (status)
			return fail(-EIO, "a process failed (are the CPUs %d and %d there?)",
				run->options->cpus[0], run->options->cpus[1]);
	}
	if (!is_whole(run))
		return fail(-EBADMSG, "a message was lost, doubled, torn or out of order");
	*ret_value = run->layout->producers ? time_each(run) : median_round_trip(run->board);
	return 0;
}

int run_row(const struct run_options *options, const struct row *row, double *ret_value)
{
	_cleanup_(shm_close) struct shm board = {0};
	_cleanup_(shm_close) struct shm memory = {0};
	const struct subject *subject = row->subject;
	struct run run = {.options = options, .row = row, .layout = &layouts[row->shape]};

	int r = shm_open_anonymous(&board, sizeof(struct board));
	if (r == 0)
		r = shm_open_anonymous(&memory, subject->memory_bytes);
	if (r < 0)
		return trace(r);
	run.board = board.data;
	run.board->producing[0] = run.board->producing[1] = run.layout->producers;
	r = subject->open(memory.data, run.queues);
	if (r == 0)
		r = run_parts(&run, ret_value);
	if (subject->close)
		subject->close(run.queues);
	return r;
}
