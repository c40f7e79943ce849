/*
 * pool_conformance [--pool=NAME] [--check=NAME] [--seed=N]
 *
 * Walks the registry: every pool, every check. What this machine lacks is skipped with the reason.
 */
#include "../../cmocka_prelude.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "check.h"

enum { CASES_MAX = 512, EXIT_SKIPPED = 77 };

struct test_case {
	const struct pool *pool;
	const struct check *check;
	char name[64];
};

static struct test_case cases[CASES_MAX];
static struct CMUnitTest tests[CASES_MAX];
static unsigned case_count;
static uint64_t seed;

static void run_case(void **state)
{
	const struct test_case *c = *state;
	char text[CHECK_TEXT_MAX];

	int r = check_run(c->check, c->pool, seed, text);
	if (r == -EBADMSG)
		flunk("%s: %s (again with --seed=%" PRIu64 ")", c->name, text, seed);
	if (r < 0)
		flunk("%s: %s", c->name, error_message(r));
}

static void add_cases(const struct pool *pool, const char *check_name)
{
	char reason[POOL_REASON_MAX];

	if (pool_probe(pool, reason) < 0) {
		printf("# %s: skipped: %s\n", pool->name, reason);
		return;
	}
	for (const struct check *check = pool_checks; check->name; check++) {
		struct test_case *c = &cases[case_count];
		if (check_name && strcmp(check->name, check_name) != 0)
			continue;
		if (case_count == CASES_MAX)
			abort();
		*c = (struct test_case){.pool = pool, .check = check};
		snprintf(c->name, sizeof(c->name), "%s/%s", pool->name, check->name);
		tests[case_count++] = (struct CMUnitTest){
			.name = c->name, .test_func = run_case, .initial_state = c};
	}
}

int main(int argc, char **argv)
{
	const char *pool_name = NULL, *check_name = NULL;

	seed = (uint64_t)clock_ns() % 1000000007;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--pool=", 7) == 0) {
			pool_name = argv[i] + 7;
		} else if (strncmp(argv[i], "--check=", 8) == 0) {
			check_name = argv[i] + 8;
		} else if (strncmp(argv[i], "--seed=", 7) == 0) {
			seed = strtoull(argv[i] + 7, NULL, 0);
		} else {
			fprintf(stderr, "usage: pool_conformance [--pool=NAME] [--check=NAME] "
					"[--seed=N]\n");
			return 2;
		}
	}
	for (unsigned i = 0; pools[i]; i++)
		if (!pool_name || strcmp(pools[i]->name, pool_name) == 0)
			add_cases(pools[i], check_name);
	if (case_count == 0) {
		printf("1..0 # SKIP no pool of that name that can run here\n");
		return EXIT_SKIPPED;
	}
	printf("# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	return _cmocka_run_group_tests("pool", tests, case_count, NULL, NULL) != 0;
}
