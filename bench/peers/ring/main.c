/*
 * ring-peers: os/ring beside the queues that one would pick instead, two processes on two CPUs.
 *
 * Each round runs every subject of a cell once, in random order, in two fresh processes. So a
 * disturbance, or a hypervisor that moves the CPUs, hits all alike, and what counts is the median
 * of the ratios within a round, with its exact sign interval. A probe before and after each round
 * tells where the CPUs really are (two cores of one L3, of two, or hyperthreads); rounds of
 * different states are different populations and never mixed, and one that saw both is dropped.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "bench/peers/ring/report.h"
#include "bench/peers/ring/subject.h"
#include "measure/probe.h"
#include "os/fd.h"
#include "os/idle.h"
#include "os/proc.h"
#include "os/shm.h"
#include "os/waiter.h"

enum { DEADLINE_MS = 60000, WARMUP_DIVISOR = 8 };

static const char help[] =
	"ring-peers [OPTION…]: the ring beside boost, ck and rigtorp\n"
	"\n"
	"  --cell NAME       only this cell: 8B, 64B, 1KiB, 64B_4MiB, 64B_rtt\n"
	"  --rounds N        runs of every subject in one state of the CPUs (default 15)\n"
	"  --run-ms N        about how long a run takes (default 60)\n"
	"  --cpus A,B        the two CPUs (default 0,1)\n"
	"  --seed N          of the order in a round (default: the time; it is printed)\n"
	"  --realtime        both sides under SCHED_FIFO: other work does not interrupt them\n"
	"  --no-idle-hold    let the CPUs go idle\n"
	"  --out FILE        write the results as JSON\n";

static const char *const cells[] = {"8B", "64B", "1KiB", "64B_4MiB", "64B_rtt"};

struct options {
	const char *cell, *out;
	unsigned rounds, run_ms;
	int cpus[2];
	uint64_t seed;
	bool is_realtime, holds_idle;
};

/* What both processes of a run see. */
struct board {
	_Alignas(128) _Atomic unsigned arrived;
	_Alignas(128) uint64_t wrong[2];
	int64_t ns;
};

struct run {
	const struct subject *subject;
	const struct options *options;
	struct board *board;
	void *memory;
	uint64_t count;
};

static int settle(const struct options *options, int side)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(options->cpus[side], &set);
	int r = sched_setaffinity(0, sizeof(set), &set);
	if (r == 0 && options->is_realtime)
		r = sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 10});
	return r;
}

/* A barrier that spins: the n-th meeting of both. */
static void meet(struct board *board, unsigned n)
{
	atomic_fetch_add(&board->arrived, 1);
	while (atomic_load(&board->arrived) < 2 * n)
		waiter_pause();
}

static int run_side(struct run *run, int side)
{
	uint64_t warmup = run->count / WARMUP_DIVISOR;

	if (settle(run->options, side) < 0)
		return 1;
	meet(run->board, 1);
	uint64_t wrong = run->subject->sides[side](run->memory, 0, warmup);
	int64_t start = clock_ns();
	wrong += run->subject->sides[side](run->memory, warmup, run->count);
	int64_t end = clock_ns();
	run->board->wrong[side] = wrong;
	if (side == 0)
		run->board->ns = end - start;
	/* Nobody leaves while the other may still read from it. */
	meet(run->board, 2);
	return 0;
}

static int side0(void *run)
{
	return run_side(run, 0);
}

static int side1(void *run)
{
	return run_side(run, 1);
}

/* One run in two fresh processes; ns per message (or round trip). */
static int measure(const struct options *options, const struct subject *subject, uint64_t count,
	double *ret_ns)
{
	_cleanup_(shm_close) struct shm board = {0}, memory = {0};
	_cleanup_(proc_kill) struct proc a = PROC_NULL;
	_cleanup_(proc_kill) struct proc b = PROC_NULL;
	struct run run = {.subject = subject, .options = options, .count = count};
	int statuses[2] = {0, 0};

	int r = shm_open_anonymous(&board, sizeof(struct board));
	if (r == 0)
		r = shm_open_anonymous(&memory, subject->memory_bytes);
	if (r < 0)
		return trace(r);
	run.board = board.data;
	run.memory = memory.data;
	r = subject->open(run.memory);
	if (r == 0)
		r = proc_start(&a, side0, &run);
	if (r == 0)
		r = proc_start(&b, side1, &run);
	if (r == 0)
		r = proc_join(&a, deadline_after_ms(DEADLINE_MS), &statuses[0]);
	if (r == 0)
		r = proc_join(&b, deadline_after_ms(DEADLINE_MS), &statuses[1]);
	if (subject->close)
		subject->close(run.memory);
	if (r < 0)
		return fail(r, "%s, %s: %s", subject->cell, subject->name, error_message(r));
	if (statuses[0] || statuses[1])
		return fail(-EIO, "%s, %s: a side failed (are the CPUs %d and %d there?)",
			subject->cell, subject->name, options->cpus[0], options->cpus[1]);
	if (run.board->wrong[0] || run.board->wrong[1])
		return fail(-EBADMSG, "%s, %s: a message was wrong", subject->cell, subject->name);
	*ret_ns = (double)run.board->ns / (double)count;
	return 0;
}

/* How many messages make a run of the wanted length. */
static int calibrate(
	const struct options *options, const struct subject *subject, uint64_t *ret_count)
{
	double ns;
	uint64_t count = 50000;

	for (int i = 0; i < 2; i++) {
		int r = measure(options, subject, count, &ns);
		if (r < 0)
			return trace(r);
		count = (uint64_t)((double)options->run_ms * 1e6 / ns) + 1000;
	}
	*ret_count = count;
	return 0;
}

/* Where the two CPUs are now. */
static enum probe_state probe(const struct options *options)
{
	struct probe_result result = {.state = PROBE_BUSY};

	for (int i = 0; i < 5 && result.state == PROBE_BUSY; i++)
		if (probe_run(options->cpus[0], options->cpus[1], &result) < 0)
			return PROBE_BUSY;
	return result.state;
}

/* Every subject once, in random order. */
static int measure_round(
	const struct options *options, struct cell *cell, const uint64_t *counts, uint64_t *seed)
{
	unsigned order[SUBJECTS_MAX];

	for (unsigned i = 0; i < cell->row_count; i++) {
		*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		unsigned j = (unsigned)((*seed >> 33) % (i + 1));
		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < cell->row_count; i++) {
		struct row *row = &cell->rows[order[i]];
		int r = measure(options, row->subject, counts[order[i]], &row->ns[cell->rounds]);
		if (r < 0)
			return trace(r);
	}
	return 0;
}

static int measure_cell(const struct options *options, struct cell *cell, uint64_t *seed)
{
	uint64_t counts[SUBJECTS_MAX];

	for (unsigned i = 0; i < cell->row_count; i++) {
		int r = calibrate(options, cell->rows[i].subject, &counts[i]);
		if (r < 0)
			return trace(r);
	}
	enum probe_state before = probe(options);
	for (unsigned try = 0; try < 3 * options->rounds && !cell_is_done(cell, options->rounds);
		try++) {
		int r = measure_round(options, cell, counts, seed);
		if (r < 0)
			return trace(r);
		enum probe_state after = probe(options);
		if (before == after && after != PROBE_BUSY)
			cell->states[cell->rounds++] = after;
		else
			cell->dropped++;
		before = after;
	}
	return 0;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{"cell", required_argument, NULL, 'c'},
		{"rounds", required_argument, NULL, 'n'},
		{"run-ms", required_argument, NULL, 'm'},
		{"cpus", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 's'},
		{"realtime", no_argument, NULL, 'r'},
		{"no-idle-hold", no_argument, NULL, 'i'},
		{"out", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		if (c == 'c')
			options->cell = optarg;
		else if (c == 'n')
			options->rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'm')
			options->run_ms = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'p' &&
			 sscanf(optarg, "%d,%d", &options->cpus[0], &options->cpus[1]) != 2)
			return fail(-EINVAL, "--cpus takes two numbers, as in 0,1");
		else if (c == 's')
			options->seed = strtoull(optarg, NULL, 10);
		else if (c == 'r')
			options->is_realtime = true;
		else if (c == 'i')
			options->holds_idle = false;
		else if (c == 'o')
			options->out = optarg;
		else if (c == 'h')
			return 1;
		else if (c == '?')
			return fail(-EINVAL, "see --help");
	}
	if (options->rounds < 1 || options->rounds > ROUNDS_MAX / 3)
		return fail(-EINVAL, "--rounds takes 1 to %d", ROUNDS_MAX / 3);
	return 0;
}

static int run_all(const struct options *options)
{
	static struct cell results[sizeof(cells) / sizeof(cells[0])];
	_cleanup_(fd_close) int idle = options->holds_idle ? idle_hold() : -1;
	uint64_t seed = options->seed;
	unsigned n = 0;

	if (options->holds_idle && idle < 0)
		fprintf(stderr, "ring-peers: %s\n", error_message(idle));
	/* The sides and the probe's threads inherit it. */
	if (options->is_realtime &&
		sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 10}) < 0)
		return fail(-errno, "--realtime: %s (see 'ulimit -r')", error_message(-errno));
	printf("seed %llu, CPUs %d and %d, idle states %s%s\n", (unsigned long long)seed,
		options->cpus[0], options->cpus[1], idle >= 0 ? "held" : "free",
		options->is_realtime ? ", realtime" : "");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct cell *cell = &results[n];
		if (options->cell && strcmp(options->cell, cells[i]) != 0)
			continue;
		cell_init(cell, cells[i]);
		int r = measure_cell(options, cell, &seed);
		if (r < 0)
			return trace(r);
		cell_print(cell);
		n++;
	}
	if (n == 0)
		return fail(-EINVAL, "there is no cell %s: see --help", options->cell);
	return options->out ? trace(cells_write(results, n, options->seed, idle >= 0,
				      options->is_realtime, options->out))
			    : 0;
}

int main(int argc, char **argv)
{
	struct options options = {
		.rounds = 15,
		.run_ms = 60,
		.cpus = {0, 1},
		.seed = (uint64_t)clock_of(CLOCK_REALTIME),
		.holds_idle = true,
	};
	int r = parse(argc, argv, &options);

	if (r > 0) {
		fputs(help, stdout);
		return 0;
	}
	if (r == 0)
		r = run_all(&options);
	if (r < 0)
		error_print(stderr, "ring-peers", r);
	return r < 0;
}
