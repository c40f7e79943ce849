/*
 * ring-waits: how a side should wait. Round trips of 64 B through shm_ring, with each strategy, on
 * one CPU, on two, and unbound; is the default within 1.2 times of the best fixed one in each?
 *
 * Each round runs every strategy once in every placement, in random order and in fresh processes,
 * and a ratio is formed within a round. A run takes a fixed time, because a round trip takes
 * 0.1 µs here and milliseconds there; its last message says so.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "bench/peers/ring/interval.h"
#include "os/fd.h"
#include "os/idle.h"
#include "os/proc.h"
#include "transport/transport.h"

enum { MESSAGE_BYTES = 64, DEADLINE_MS = 60000, PLACEMENTS = 3, CLOCK_EVERY = 16 };

static const char help[] =
	"ring-waits [OPTION…]: the ways to wait, in every placement\n"
	"\n"
	"  --rounds N        runs of every strategy in every placement (default 15)\n"
	"  --run-ms N        how long a run takes (default 60)\n"
	"  --cpus A,B        the two CPUs (default 0,1); one CPU: the first\n"
	"  --seed N          of the order in a round (default: the time; it is printed)\n"
	"  --no-idle-hold    let the CPUs go idle\n"
	"  --realtime        both sides under SCHED_RR: other work does not interrupt them\n"
	"  --limit X         fail when the default is proven not to be within X times of the\n"
	"                    best fixed one: when its interval begins above that\n"
	"  --attempts N      measure again, up to N times in all, before failing (default 1)\n"
	"  --out FILE        write the results as JSON\n";

static const char *const strategies[WAITER_STRATEGY_COUNT] = {
	[WAITER_SPIN_THEN_PARK] = "spin-then-park",
	[WAITER_SPIN] = "spin",
	[WAITER_YIELD] = "yield",
	[WAITER_PARK] = "park",
};

static const char *const placements[PLACEMENTS] = {"one CPU", "two CPUs", "unbound"};

struct options {
	unsigned rounds, run_ms, attempts;
	int cpus[2];
	uint64_t seed;
	bool holds_idle, is_realtime;
	double limit;
	const char *out;
};

struct run {
	const struct options *options;
	unsigned placement;
	struct channel channel;
};

/* ns per round trip: [placement][strategy][round]. */
static double ns[PLACEMENTS][WAITER_STRATEGY_COUNT][INTERVAL_VALUES_MAX];

static int settle(const struct run *run, unsigned side)
{
	cpu_set_t set;

	if (run->placement == 2)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(run->options->cpus[run->placement == 0 ? 0 : side], &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* Sends back what it gets, until the first byte says that it was the last. */
static int echo(void *argument)
{
	struct run *run = argument;
	const struct transport *transport = run->channel.transport;
	char message[MESSAGE_BYTES];

	if (settle(run, 1) < 0 || channel_attach(&run->channel, 1) < 0)
		return 1;
	do {
		if (transport->recv(run->channel.state, message, sizeof(message)) < 0 ||
			transport->send(run->channel.state, message, sizeof(message)) < 0)
			return 1;
	} while (message[0] == 0);
	channel_close(&run->channel);
	return 0;
}

static int round_trip(struct channel *channel, char first_byte)
{
	char message[MESSAGE_BYTES] = {first_byte, 1, 2, 3};
	char back[MESSAGE_BYTES];
	int r = channel->transport->send(channel->state, message, sizeof(message));

	if (r == 0)
		r = channel->transport->recv(channel->state, back, sizeof(back));
	if (r == 0 && memcmp(message, back, sizeof(back)) != 0)
		r = -EBADMSG;
	return r;
}

/* In a process of its own: what it found is left in the pipe. */
struct caller {
	struct run *run;
	int out;
};

static int call(void *argument)
{
	struct caller *caller = argument;
	struct run *run = caller->run;
	uint64_t count = 0;

	if (settle(run, 0) < 0 || channel_attach(&run->channel, 0) < 0)
		return 1;
	for (int i = 0; i < 2; i++)
		if (round_trip(&run->channel, 0) < 0)
			return 1;
	int64_t start = clock_ns(), now = start;
	int64_t end = start + run->options->run_ms * NS_PER_MS;
	while (now < end) {
		if (round_trip(&run->channel, 0) < 0)
			return 1;
		count++;
		/* Seldom, but where a round trip takes ms each time. */
		if (count % CLOCK_EVERY == 0 || now - start > (int64_t)count * NS_PER_MS ||
			count < CLOCK_EVERY)
			now = clock_ns();
	}
	double result = (double)(now - start) / (double)count;
	if (round_trip(&run->channel, 1) < 0)
		return 1;
	channel_close(&run->channel);
	return fd_write_full(caller->out, &result, sizeof(result)) < 0;
}

static int measure(const struct options *options, unsigned placement, enum waiter_strategy strategy,
	double *ret_ns)
{
	_cleanup_(channel_close) struct channel channel = {0};
	_cleanup_(proc_kill) struct proc a = PROC_NULL;
	_cleanup_(proc_kill) struct proc b = PROC_NULL;
	struct transport_options wanted = {
		.message_max_bytes = MESSAGE_BYTES, .sides = 2, .wait = strategy};
	int ends[2], statuses[2] = {0, 0};

	int r = channel_open(&channel, transport_find("shm_ring"), &wanted);
	if (r < 0)
		return trace(r);
	if (pipe(ends) < 0)
		return fail(-errno, "pipe: %s", error_message(-errno));
	_cleanup_(fd_close) int in = ends[0];
	_cleanup_(fd_close) int out = ends[1];
	struct run run = {.options = options, .placement = placement, .channel = channel};
	struct caller caller = {&run, out};
	r = proc_start(&a, echo, &run);
	if (r == 0)
		r = proc_start(&b, call, &caller);
	if (r == 0)
		r = proc_join(&b, deadline_after_ms(DEADLINE_MS), &statuses[0]);
	if (r == 0)
		r = proc_join(&a, deadline_after_ms(DEADLINE_MS), &statuses[1]);
	if (r == 0 && (statuses[0] || statuses[1]))
		r = -EIO;
	if (r == 0)
		r = fd_read_full(in, ret_ns, sizeof(*ret_ns));
	return r < 0 ? fail(r, "%s, %s: %s", placements[placement], strategies[strategy],
			       error_message(r))
		     : 0;
}

static int measure_round(const struct options *options, unsigned round, uint64_t *seed)
{
	enum { CASES = PLACEMENTS * WAITER_STRATEGY_COUNT };
	unsigned order[CASES];

	for (unsigned i = 0; i < CASES; i++) {
		*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		unsigned j = (unsigned)((*seed >> 33) % (i + 1));
		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < CASES; i++) {
		unsigned placement = order[i] / WAITER_STRATEGY_COUNT;
		unsigned strategy = order[i] % WAITER_STRATEGY_COUNT;
		int r = measure(options, placement, strategy, &ns[placement][strategy][round]);
		if (r < 0)
			return trace(r);
	}
	return 0;
}

/* Strategy over strategy within each round. */
static struct interval ratio(unsigned placement, unsigned a, unsigned b, unsigned rounds)
{
	double values[INTERVAL_VALUES_MAX];

	for (unsigned i = 0; i < rounds; i++)
		values[i] = ns[placement][a][i] / ns[placement][b][i];
	return interval_of(values, rounds);
}

static unsigned best_fixed(unsigned placement, unsigned rounds)
{
	unsigned best = WAITER_SPIN;

	for (unsigned s = WAITER_SPIN; s < WAITER_STRATEGY_COUNT; s++)
		if (interval_of(ns[placement][s], rounds).median <
			interval_of(ns[placement][best], rounds).median)
			best = s;
	return best;
}

/* Prints the table; whether the default is within the limit everywhere. */
static bool print(const struct options *options, json_t *rows)
{
	bool is_within = true;

	printf("%-10s %-15s %12s\n", "", "", "round trip");
	for (unsigned p = 0; p < PLACEMENTS; p++) {
		unsigned best = best_fixed(p, options->rounds);
		for (unsigned s = 0; s < WAITER_STRATEGY_COUNT; s++) {
			struct interval time = interval_of(ns[p][s], options->rounds);
			struct interval r = ratio(p, s, best, options->rounds);
			printf("%-10s %-15s %9.3f µs   %.2f [%.2f, %.2f] of the best fixed one%s\n",
				s ? "" : placements[p], strategies[s], time.median / 1e3, r.median,
				r.low, r.high, s == best ? " (this)" : "");
			if (s == WAITER_SPIN_THEN_PARK && r.low > options->limit)
				is_within = false;
			json_t *all = json_array();
			for (unsigned i = 0; i < options->rounds; i++)
				json_array_append_new(all, json_real(ns[p][s][i]));
			json_array_append_new(rows,
				json_pack("{s:s, s:s, s:f, s:f, s:[f,f], s:s, s:o}", "placement",
					placements[p], "strategy", strategies[s], "median_ns",
					time.median, "times_the_best_fixed", r.median, "interval",
					r.low, r.high, "best_fixed", strategies[best], "ns", all));
		}
	}
	return is_within;
}

static int run_all(const struct options *options)
{
	_cleanup_(fd_close) int idle = options->holds_idle ? idle_hold() : -1;
	uint64_t seed = options->seed;

	if (options->holds_idle && idle < 0)
		fprintf(stderr, "ring-waits: %s\n", error_message(idle));
	/* The sides inherit it; round robin, so that those who spin on one CPU get there at all. */
	if (options->is_realtime &&
		sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 10}) < 0)
		return fail(-errno, "--realtime: %s (see 'ulimit -r')", error_message(-errno));
	printf("seed %llu, CPUs %d and %d, idle states %s%s, %u rounds, 64 B through shm_ring\n",
		(unsigned long long)seed, options->cpus[0], options->cpus[1],
		idle >= 0 ? "held" : "free", options->is_realtime ? ", realtime" : "",
		options->rounds);
	for (unsigned round = 0; round < options->rounds; round++) {
		int r = measure_round(options, round, &seed);
		if (r < 0)
			return trace(r);
	}
	json_t *rows = json_array();
	bool is_within = print(options, rows);
	json_t *root = json_pack("{s:s, s:I, s:b, s:s, s:s, s:o}", "program", "ring-waits", "seed",
		(json_int_t)options->seed, "realtime", options->is_realtime, "idle",
		idle >= 0 ? "held" : "free", "direction", "round trip", "rows", rows);
	int r = options->out ? json_dump_file(root, options->out, JSON_INDENT(1)) : 0;
	json_decref(root);
	if (r < 0)
		return fail(-EIO, "cannot write %s", options->out);
	return is_within ? 0
			 : fail(-ERANGE,
				   "the default is not within %.2f times of the best "
				   "fixed strategy",
				   options->limit);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"rounds", required_argument, NULL, 'n'},
		{"run-ms", required_argument, NULL, 'm'},
		{"cpus", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 's'},
		{"no-idle-hold", no_argument, NULL, 'i'},
		{"realtime", no_argument, NULL, 'r'},
		{"limit", required_argument, NULL, 'l'},
		{"attempts", required_argument, NULL, 'a'},
		{"out", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct options options = {.rounds = 15,
		.run_ms = 60,
		.attempts = 1,
		.cpus = {0, 1},
		.seed = (uint64_t)clock_of(CLOCK_REALTIME),
		.holds_idle = true,
		.limit = 1e9};
	int r = 0;

	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		if (c == 'n')
			options.rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'm')
			options.run_ms = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'p' &&
			 sscanf(optarg, "%d,%d", &options.cpus[0], &options.cpus[1]) != 2)
			r = fail(-EINVAL, "--cpus takes two numbers, as in 0,1");
		else if (c == 's')
			options.seed = strtoull(optarg, NULL, 10);
		else if (c == 'i')
			options.holds_idle = false;
		else if (c == 'r')
			options.is_realtime = true;
		else if (c == 'l')
			options.limit = strtod(optarg, NULL);
		else if (c == 'a')
			options.attempts = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'o')
			options.out = optarg;
		else if (c == 'h')
			return fputs(help, stdout) < 0;
		else if (c == '?')
			r = fail(-EINVAL, "see --help");
	}
	if (r == 0 && (options.rounds < 1 || options.rounds > INTERVAL_VALUES_MAX))
		r = fail(-EINVAL, "--rounds takes 1 to %d", INTERVAL_VALUES_MAX);
	if (r == 0 && sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("skipped: two placements need two CPUs\n");
		return 77;
	}
	if (r == 0)
		r = run_all(&options);
	/* A burst of foreign load lasts longer than one measurement. */
	for (unsigned i = 1; r == -ERANGE && i < options.attempts; i++) {
		options.seed++;
		r = run_all(&options);
	}
	if (r < 0)
		error_print(stderr, "ring-waits", r);
	return r < 0;
}
