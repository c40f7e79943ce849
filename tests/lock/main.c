/*
 * lock_conformance [--lock=GLOB] [--exec=process|thread] [--check=GLOB] [--seed=N] [--list]
 *
 * Walks the registry: every lock × exec that it can do × check is a case of its own. Nobody
 * volunteers, so nobody is forgotten; what this machine cannot run is skipped with the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fnmatch.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "suite.h"

/* Of base/error.h, whose fail() is another one than cmocka's. */
const char *error_message(int r);

enum { CASES_MAX = 1024, NAME_MAX_BYTES = 96, EXIT_SKIPPED = 77 };

struct test_case {
	const struct lock *lock;
	const struct check *check; /* NULL: probe() has failed */
	bool threads;
	char name[NAME_MAX_BYTES];
	char reason[LOCK_REASON_MAX];
};

static struct test_case cases[CASES_MAX];
static struct CMUnitTest tests[CASES_MAX];
static unsigned case_count, skip_count;
static const char *lock_glob = "*", *exec_glob = "*", *check_glob = "*";
static uint64_t seed;

/* stdout may be TAP: a remark there is a comment. */
static void remark(const struct test_case *c, const char *name, const char *text)
{
	printf("# %s: %s: %s\n", c->name, name, text);
	fflush(stdout);
}

static void run_case(void **state)
{
	struct test_case *c = *state;
	struct trial trial;

	if (!c->check) {
		remark(c, "skipped", c->reason);
		skip();
	}
	int r = trial_open(&trial, c->lock, c->threads, seed);
	if (r < 0)
		fail_msg("%s: %s", c->name, error_message(r));
	int64_t start_ns = clock_ns();
	r = check_run(c->check, &trial);
	if (r < 0)
		found(&trial, "failed", "%s", error_message(r));
	for (unsigned i = 0; i < FINDINGS_MAX; i++)
		if (atomic_load(&trial.board->findings[i].is_whole))
			remark(c, trial.board->findings[i].name, trial.board->findings[i].text);
	if (clock_ns() - start_ns > NS_PER_S)
		printf("# %s: %.1f s\n", c->name, (double)(clock_ns() - start_ns) * 1e-9);
	bool failed = trial_failed(&trial);
	trial_close(&trial);
	if (failed)
		fail_msg("%s: see above; again with --seed=%" PRIu64, c->name, seed);
}

static struct test_case *add_case(const struct lock *lock, bool threads, const struct check *check)
{
	struct test_case *c = &cases[case_count];

	if (case_count == CASES_MAX)
		abort();
	*c = (struct test_case){.lock = lock, .check = check, .threads = threads};
	snprintf(c->name, sizeof(c->name), "%s/%s/%s", lock->name, threads ? "thread" : "process",
		check ? check->name : "probe");
	tests[case_count++] =
		(struct CMUnitTest){.name = c->name, .test_func = run_case, .initial_state = c};
	return c;
}

static void add_cases(const struct lock *lock, bool threads)
{
	char reason[LOCK_REASON_MAX] = "";

	if (fnmatch(lock_glob, lock->name, 0) != 0 ||
		fnmatch(exec_glob, threads ? "thread" : "process", 0) != 0 ||
		!(lock->capabilities & (threads ? LOCK_THREAD : LOCK_PROCESS)))
		return;
	if (lock->probe && lock->probe(reason) < 0) {
		memcpy(add_case(lock, threads, NULL)->reason, reason, sizeof(reason));
		skip_count++;
		return;
	}
	for (const struct check *check = checks; check->name; check++)
		if (check_applies(check, lock, threads) && fnmatch(check_glob, check->name, 0) == 0)
			add_case(lock, threads, check);
}

static void usage(int status)
{
	printf("usage: lock_conformance [--lock=GLOB] [--exec=process|thread] [--check=GLOB] "
	       "[--seed=N] [--list]\n");
	exit(status);
}

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"lock", required_argument, NULL, 'l'},
		{"exec", required_argument, NULL, 'e'},
		{"check", required_argument, NULL, 'c'},
		{"seed", required_argument, NULL, 's'},
		{"list", no_argument, NULL, 'L'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool list_only = false;
	int option;

	seed = (uint64_t)clock_ns();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			lock_glob = optarg;
		else if (option == 'e')
			exec_glob = optarg;
		else if (option == 'c')
			check_glob = optarg;
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'L')
			list_only = true;
		else
			usage(option == 'h' ? 0 : 2);
	}
	if (optind < argc)
		usage(2);
	return list_only;
}

int main(int argc, char **argv)
{
	bool list_only = parse(argc, argv);

	for (unsigned i = 0; locks[i]; i++)
		for (int threads = 0; threads < 2; threads++)
			add_cases(locks[i], threads);
	for (unsigned i = 0; list_only && i < case_count; i++)
		printf("%s\n", cases[i].name);
	if (list_only)
		return 0;
	if (case_count == 0) {
		fprintf(stderr, "lock_conformance: no such case\n");
		return 2;
	}
	/* As root: nobody else's semaphores are seen. Else they are compared before and after. */
	if (unshare(CLONE_NEWIPC) < 0)
		printf("# no IPC namespace of our own\n");
	printf("# --seed=%" PRIu64 "\n", seed);
	fflush(stdout);
	int failed = _cmocka_run_group_tests("lock", tests, case_count, NULL, NULL);
	if (failed == 0 && skip_count == case_count)
		return EXIT_SKIPPED;
	return failed != 0;
}
