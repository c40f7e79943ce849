/*
 * process-peers: libmp's process beside the bare system calls of each start method. What is started
 * does nothing and ends; what is timed is start and join.
 *
 * Each round runs a batch of every subject, in random order, in one process pinned to one CPU or to
 * none, and takes the least of it; a ratio is formed within a round. It is done with as much memory
 * resident as asked for, because a fork copies its page tables, and once more with none.
 *
 * What execs loads this very program: bare calls with an argument that makes main() return at once,
 * libmp by mp_freeze_support(). So both pay for the same dynamic linker.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench/peers/ring/interval.h"
#include "mp/process.h"

static const char help[] =
	"process-peers [OPTION…]: start and join of a process that does nothing\n"
	"\n"
	"  --rounds N        batches of every subject (default 41)\n"
	"  --batch N         starts in a batch (default 20)\n"
	"  --resident-mib N  memory that the parent has touched, in a second pass (default 256)\n"
	"  --cpu N           pin everything to this CPU (default: not pinned)\n"
	"  --seed N          of the order in a round (default: the time; it is printed)\n";

struct options {
	unsigned rounds, batch, resident_mib;
	int cpu;
	uint64_t seed;
};

static char *const nothing_arguments[] = {"process-peers", "--nothing", NULL};

static int run_nothing(void *argument)
{
	(void)argument;
	return 0;
}

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	return status == 0 ? 0 : -ECHILD;
}

static int bare_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -errno : wait_for(pid);
}

static int bare_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/proc/self/exe", nothing_arguments, environ);
		_exit(127);
	}
	return pid < 0 ? -errno : wait_for(pid);
}

static int bare_posix_spawn(void)
{
	pid_t pid;
	int error = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, nothing_arguments, environ);

	return error != 0 ? -error : wait_for(pid);
}

static int bare_clone3(void)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid == 0)
		syscall(SYS_exit_group, 0);
	return pid < 0 ? -errno : wait_for(pid);
}

static int ours(enum mp_start_method method, bool is_daemon)
{
	const struct mp_process_options options = {.start_method = method, .is_daemon = is_daemon};
	struct mp_process *process;
	int code;

	int r = mp_process_start(run_nothing, NULL, &options, &process);
	if (r < 0)
		return r;
	r = mp_process_join(process, MP_FOREVER, &code);
	mp_process_free(process);
	return r < 0 ? r : code == 0 ? 0 : -ECHILD;
}

static int ours_fork(void)
{
	return ours(MP_FORK, false);
}

static int ours_fork_daemon(void)
{
	return ours(MP_FORK, true);
}

static int ours_spawn(void)
{
	return ours(MP_SPAWN, false);
}

static int ours_clone3(void)
{
	return ours(MP_CLONE3, false);
}

static const struct subject {
	const char *name;
	int (*run)(void);
	int peer; /* what it is compared with; -1 */
} subjects[] = {
	{"fork, waitpid", bare_fork, -1},
	{"mp_process, MP_FORK", ours_fork, 0},
	{"mp_process, MP_FORK, daemon", ours_fork_daemon, 0},
	{"vfork, exec, waitpid", bare_vfork, -1},
	{"posix_spawn, waitpid", bare_posix_spawn, 3},
	{"mp_process, MP_SPAWN", ours_spawn, 3},
	{"clone3, waitpid", bare_clone3, -1},
	{"mp_process, MP_CLONE3", ours_clone3, 6},
};

enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static double us[SUBJECTS][INTERVAL_VALUES_MAX];

/* The least of a batch: what else runs on the machine only ever adds. */
static int run_batch(const struct subject *subject, unsigned batch, double *ret_us)
{
	int64_t least_ns = INT64_MAX;

	for (unsigned i = 0; i < batch; i++) {
		int64_t begin = clock_ns();
		int r = subject->run();
		if (r < 0)
			return fail(r, "%s: %s", subject->name, error_message(r));
		int64_t ns = clock_ns() - begin;
		least_ns = ns < least_ns ? ns : least_ns;
	}
	*ret_us = (double)least_ns / 1e3;
	return 0;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static int run_round(const struct options *options, unsigned round, uint64_t *seed)
{
	unsigned order[SUBJECTS];

	for (unsigned i = 0; i < SUBJECTS; i++) {
		unsigned other = (unsigned)(next_random(seed) % (i + 1));
		order[i] = i;
		order[i] = order[other];
		order[other] = i;
	}
	for (unsigned i = 0; i < SUBJECTS; i++) {
		int r = run_batch(&subjects[order[i]], options->batch, &us[order[i]][round]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_pass(const struct options *options, unsigned resident_mib, uint64_t *seed)
{
	for (unsigned round = 0; round < options->rounds; round++) {
		int r = run_round(options, round, seed);
		if (r < 0)
			return r;
	}
	printf("\n%-30s %12s %12s   ratio to the bare call\n", "", "median", "95 %");
	printf("resident: %u MiB and little more\n", resident_mib);
	for (unsigned i = 0; i < SUBJECTS; i++) {
		struct interval time = interval_of(us[i], options->rounds);
		printf("%-30s %9.1f us %6.1f..%-6.1f", subjects[i].name, time.median, time.low,
			time.high);
		if (subjects[i].peer >= 0) {
			double ratios[INTERVAL_VALUES_MAX];
			for (unsigned k = 0; k < options->rounds; k++)
				ratios[k] = us[i][k] / us[subjects[i].peer][k];
			struct interval ratio = interval_of(ratios, options->rounds);
			printf("  %.3f (%.3f..%.3f)", ratio.median, ratio.low, ratio.high);
		}
		printf("\n");
	}
	return 0;
}

static int run_all(const struct options *options)
{
	uint64_t seed = options->seed;
	cpu_set_t set;

	printf("seed %llu, %u rounds of %u\n", (unsigned long long)options->seed, options->rounds,
		options->batch);
	if (options->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(options->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) < 0)
			return fail(-errno, "CPU %d: %s", options->cpu, strerror(errno));
	}
	int r = run_pass(options, 0, &seed);
	if (r < 0 || options->resident_mib == 0)
		return r;
	size_t bytes = (size_t)options->resident_mib << 20;
	char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return fail(-errno, "%u MiB: %s", options->resident_mib, strerror(errno));
	/* Page by page, as a heap that has grown. */
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	memset(memory, 1, bytes);
	r = run_pass(options, options->resident_mib, &seed);
	munmap(memory, bytes);
	return r;
}

static const struct option longs[] = {{"rounds", required_argument, NULL, 'r'},
	{"batch", required_argument, NULL, 'b'}, {"resident-mib", required_argument, NULL, 'm'},
	{"cpu", required_argument, NULL, 'c'}, {"seed", required_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'}, {0}};

static int parse(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		if (option == 'h') {
			fputs(help, stdout);
			exit(EXIT_SUCCESS);
		}
		unsigned long long number = optarg ? strtoull(optarg, NULL, 10) : 0;
		if (option == 'r')
			options->rounds = (unsigned)number;
		else if (option == 'b')
			options->batch = (unsigned)number;
		else if (option == 'm')
			options->resident_mib = (unsigned)number;
		else if (option == 'c')
			options->cpu = (int)number;
		else if (option == 's')
			options->seed = number;
		else
			return fail(-EINVAL, "see --help");
	}
	if (options->rounds == 0 || options->rounds > INTERVAL_VALUES_MAX || options->batch == 0)
		return fail(
			-EINVAL, "--rounds is 1 to %d, --batch at least 1", INTERVAL_VALUES_MAX);
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = {.rounds = 41,
		.batch = 20,
		.resident_mib = 256,
		.cpu = -1,
		.seed = (uint64_t)clock_ns()};

	if (argc == 2 && strcmp(argv[1], "--nothing") == 0)
		return 0;
	mp_freeze_support();
	int r = parse(argc, argv, &options);
	if (r == 0)
		r = run_all(&options);
	if (r < 0)
		error_print(stderr, "process-peers", r);
	return r < 0;
}
