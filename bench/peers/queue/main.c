/*
 * queue-peers: mp_queue beside the queues that one would pick instead, between processes.
 *
 * Each round runs every row of a cell once, in random order, in fresh processes. So a disturbance,
 * or a hypervisor that moves the CPUs, hits all alike, and what counts is the median of the ratios
 * within a round, with its exact sign interval. A probe before and after each round tells where
 * the CPUs really are; rounds of different states are never mixed, and one that saw both is
 * dropped.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "bench/peers/queue/cell.h"
#include "bench/peers/queue/run.h"
#include "os/fd.h"
#include "os/idle.h"

/* A round of sleeping takes a second per row. */
enum { IDLE_ROUNDS_MAX = 3 };

static const char help[] =
	"queue-peers [OPTION…]: mp_queue beside rigtorp, boost, POSIX, Python and others\n"
	"\n"
	"  --cell NAME       only this cell: 64B, 64KiB, rtt, rtt_one_cpu, idle\n"
	"  --rounds N        runs of every row in one state of the CPUs (default 11); idle: 3\n"
	"  --run-ms N        about how long a run takes (default 60)\n"
	"  --cpus A,B        the two CPUs (default 0,1)\n"
	"  --seed N          of the order in a round (default: the time; it is printed)\n"
	"  --realtime        all under SCHED_RR: other work does not interrupt them\n"
	"  --no-idle-hold    let the CPUs go idle\n"
	"  --no-python       leave Python out\n"
	"  --only TEXT       only rows whose queue has this in its name\n"
	"  --out FILE        write the results as JSON\n";

struct options {
	struct run_options run;
	const char *cell, *only, *out;
	unsigned rounds;
	uint64_t seed;
	bool holds_idle, has_python, is_realtime;
};

/* Where the two CPUs are now. */
static enum probe_state probe(const struct options *options)
{
	struct probe_result result = {.state = PROBE_BUSY};

	for (int i = 0; i < 5 && result.state == PROBE_BUSY; i++)
		if (probe_run(options->run.cpus[0], options->run.cpus[1], &result) < 0)
			return PROBE_BUSY;
	return result.state;
}

static int measure_row(const struct options *options, struct row *row, unsigned round)
{
	int r = row->subject->python ? run_python(&options->run, row, &row->values[round])
				     : run_row(&options->run, row, &row->values[round]);

	if (r < 0 && r != -EOPNOTSUPP) {
		char message[256];
		snprintf(message, sizeof(message), "%s", error_message(r));
		return fail(r, "%s: %s", row->subject->name, message);
	}
	return r;
}

/* Every row once, in random order. */
static int measure_round(const struct options *options, struct cell *cell, uint64_t *seed)
{
	unsigned order[ROWS_MAX];

	for (unsigned i = 0; i < cell->row_count; i++) {
		*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		unsigned j = (unsigned)((*seed >> 33) % (i + 1));
		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < cell->row_count; i++) {
		struct row *row = &cell->rows[order[i]];
		if (row->skipped[0])
			continue;
		int r = measure_row(options, row, cell->rounds);
		if (r < 0)
			return trace(r);
	}
	return 0;
}

/* Also a first run of each row, which is not counted: what is not there shows. */
static int leave_out(const struct options *options, struct cell *cell)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < cell->row_count; i++) {
		struct row *row = &cell->rows[i];
		if ((options->only && !strstr(row->subject->name, options->only)) ||
			(!options->has_python && row->subject->python))
			continue;
		int r = measure_row(options, row, 0);
		if (r == -EOPNOTSUPP)
			snprintf(row->skipped, sizeof(row->skipped), "%s", error_message(r));
		else if (r < 0)
			return trace(r);
		cell->rows[kept++] = *row;
	}
	cell->row_count = kept;
	return 0;
}

static int measure_cell(const struct options *options, struct cell *cell, uint64_t *seed)
{
	unsigned rounds = options->rounds;

	if (strcmp(cell->name, "idle") == 0 && rounds > IDLE_ROUNDS_MAX)
		rounds = IDLE_ROUNDS_MAX;
	int r = leave_out(options, cell);
	if (r < 0)
		return trace(r);
	enum probe_state before = probe(options);
	for (unsigned try = 0; try < 3 * rounds && cell_rounds(cell) < rounds; try++) {
		r = measure_round(options, cell, seed);
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
		{"no-python", no_argument, NULL, 'y'},
		{"only", required_argument, NULL, 'l'},
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
			options->run.run_ms = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'p' &&
			 sscanf(optarg, "%d,%d", &options->run.cpus[0], &options->run.cpus[1]) != 2)
			return fail(-EINVAL, "--cpus takes two numbers, as in 0,1");
		else if (c == 's')
			options->seed = strtoull(optarg, NULL, 10);
		else if (c == 'r')
			options->is_realtime = true;
		else if (c == 'i')
			options->holds_idle = false;
		else if (c == 'y')
			options->has_python = false;
		else if (c == 'l')
			options->only = optarg;
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
	static struct cell cells[CELLS];
	_cleanup_(fd_close) int idle = options->holds_idle ? idle_hold() : -1;
	uint64_t seed = options->seed;
	unsigned n = 0;

	if (options->holds_idle && idle < 0)
		fprintf(stderr, "queue-peers: %s\n", error_message(idle));
	/* All processes inherit it, those of Python too. */
	if (options->is_realtime &&
		sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1}) < 0)
		return fail(-errno, "--realtime: %s (see 'ulimit -r')", error_message(-errno));
	printf("seed %llu, CPUs %d and %d, idle states %s%s\n", (unsigned long long)seed,
		options->run.cpus[0], options->run.cpus[1], idle >= 0 ? "held" : "free",
		options->is_realtime ? ", realtime" : "");
	for (unsigned i = 0; i < CELLS; i++) {
		if (options->cell && strcmp(options->cell, cell_names[i]) != 0)
			continue;
		cell_init(&cells[n], i);
		int r = measure_cell(options, &cells[n], &seed);
		if (r < 0)
			return trace(r);
		cell_print(&cells[n]);
		n++;
	}
	if (n == 0)
		return fail(-EINVAL, "there is no cell %s: see --help", options->cell);
	return options->out ? trace(cells_write(cells, n, options->seed, idle >= 0,
				      options->is_realtime, options->out))
			    : 0;
}

int main(int argc, char **argv)
{
	struct options options = {
		.run = {.cpus = {0, 1}, .run_ms = 60, .python = PYTHON_QUEUE},
		.rounds = 11,
		.seed = (uint64_t)clock_of(CLOCK_REALTIME),
		.holds_idle = true,
		.has_python = true,
	};
	int r = parse(argc, argv, &options);

	if (r > 0) {
		fputs(help, stdout);
		return 0;
	}
	if (r == 0)
		r = run_all(&options);
	if (r < 0)
		error_print(stderr, "queue-peers", r);
	return r < 0;
}
