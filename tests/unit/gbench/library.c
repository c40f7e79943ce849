/*
 * The library as a whole: its options never exit or abort, its life can end and begin again, and
 * what it forbids during a run is refused.
 */
#include "collect.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int clear(void **state)
{
	(void)state;
	return gb_clear();
}

static void run(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
}

/* gb_initialize with one argument; what is left of it is left in `left`. */
static int left;
static int initialize(const char *argument)
{
	char program[] = "program", copy[256];
	char *argv[] = {program, copy, NULL};
	int argc = argument ? 2 : 1;
	snprintf(copy, sizeof copy, "%s", argument ? argument : "");
	const int r = gb_initialize(&argc, argv);
	left = argc;
	return r;
}

static void test_options_refused(void **state)
{
	static const char *const bad[] = {"--benchmark_format=xml",
		"--benchmark_out_format=", "--benchmark_time_unit=min",
		"--benchmark_color=", "--benchmark_min_time=abc", "--benchmark_min_time=0",
		"--benchmark_min_time=-1", "--benchmark_min_time=0x", "--benchmark_min_time=nan",
		"--benchmark_min_warmup_time=-2", "--benchmark_repetitions=0",
		"--benchmark_repetitions=2x"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (initialize(bad[i]) != -EINVAL)
			fail_msg("%s was not refused", bad[i]);
		assert_said("must be");
	}
	assert_int_equal(gb_initialize(NULL, NULL), -EINVAL);
}

static void test_environment_refused(void **state)
{
	(void)state;
	assert_int_equal(setenv("BENCHMARK_FORMAT", "xml", 1), 0);
	assert_int_equal(initialize(NULL), -EINVAL);
	assert_said("BENCHMARK_FORMAT=xml");
	unsetenv("BENCHMARK_FORMAT");
	assert_int_equal(initialize(NULL), 0);
}

static void test_options_taken(void **state)
{
	(void)state;
	assert_int_equal(initialize("--benchmark_filter=abc"), 0);
	assert_int_equal(left, 1);
	assert_string_equal(gb_filter(), "abc");
	assert_int_equal(gb_set_filter(""), 0);
	assert_string_equal(gb_filter(), "");
	assert_int_equal(initialize("--v=2"), 0);
	assert_int_equal(gb_verbosity(), 2);
	assert_int_equal(initialize("--v=0"), 0);
	assert_int_equal(initialize("--mine"), 0);
	assert_int_equal(left, 2);
	char *argv[] = {(char[]){"p"}, (char[]){"--mine"}, NULL};
	assert_true(gb_report_unrecognized(2, argv));
	assert_false(gb_report_unrecognized(1, argv));
}

static void my_help(void *user)
{
	++*(int *)user;
}

/* The library would exit. */
static void test_help(void **state)
{
	int asked = 0;
	(void)state;
	gb_set_help(my_help, &asked);
	assert_int_equal(initialize("--help"), GB_HELP);
	assert_int_equal(asked, 1);
	gb_set_help(NULL, NULL);
}

static void print_default_help(void)
{
	initialize("--help");
	printf("came back\n");
}

static void test_default_help(void **state)
{
	char output[8192];
	(void)state;
	const int status = in_child(print_default_help, output, sizeof output);
	assert_int_equal(status, 0);
	assert_non_null(strstr(output, "--benchmark_filter"));
	assert_non_null(strstr(output, "came back"));
}

static void test_units(void **state)
{
	(void)state;
	assert_int_equal(gb_set_default_unit((enum gb_unit)9), -EINVAL);
	assert_int_equal(gb_set_default_unit(GB_MS), 0);
	assert_int_equal(gb_default_unit(), GB_MS);
	gb_iterations(gb_register("b", run, NULL), 1);
	assert_int_equal(collect(), 1);
	assert_int_equal(report_of("b")->report.unit, GB_MS);
	assert_int_equal(gb_set_default_unit(GB_NS), 0);
	assert_string_equal(gb_unit_name(GB_US), "us");
}

static void test_version(void **state)
{
	(void)state;
	assert_string_not_equal(gb_library_version(), "");
	/* Says the same twice, and prints nothing. */
	assert_int_equal(gb_library_is_debug(), gb_library_is_debug());
}

/* The library frees its context, and keeps the pointer. */
static void test_shutdown(void **state)
{
	(void)state;
	assert_int_equal(gb_add_context("key", "one"), 0);
	assert_int_equal(gb_add_context("key", "two"), -EEXIST);
	assert_said("one");
	assert_int_equal(gb_add_context("", "x"), -EINVAL);
	assert_int_equal(gb_shutdown(), 0);
	assert_int_equal(gb_shutdown(), 0);
	assert_int_equal(gb_add_context("key", "two"), 0);
	assert_int_equal(gb_shutdown(), 0);
}

static void meddles(struct gb_state *st, void *user)
{
	struct gb_bench **b = user;
	assert_int_equal(gb_clear(), -EBUSY);
	assert_int_equal(gb_shutdown(), -EBUSY);
	assert_int_equal(gb_run(NULL, NULL, NULL), -EBUSY);
	assert_int_equal(gb_repetitions(*b, 3), -EBUSY);
	assert_null(gb_register("x", run, NULL));
	assert_int_equal(gb_set_memory_manager(NULL), -EBUSY);
	run(st, NULL);
}

static void test_busy(void **state)
{
	struct gb_bench *b;
	(void)state;
	b = gb_register("meddles", meddles, &b);
	gb_iterations(b, 1);
	assert_int_equal(collect(), 1);
	assert_int_equal(successes(), 1);
}

static void test_filter(void **state)
{
	const struct gb_reporter r = collector();
	(void)state;
	gb_iterations(gb_register("one", run, NULL), 1);
	gb_iterations(gb_register("two", run, NULL), 1);
	assert_int_equal(gb_run(&r, NULL, "two"), 1);
	assert_int_equal(gb_run(&r, NULL, "-two"), 1);
	gb_set_filter("nothing");
	assert_int_equal(gb_run(&r, NULL, "one"), 1);
	assert_int_equal(gb_run(&r, NULL, NULL), 0);
	gb_set_filter("");
	assert_int_equal(gb_run(&r, NULL, NULL), 2);
}

static void run_twice(void)
{
	initialize("--benchmark_format=json");
	gb_iterations(gb_register("one", run, NULL), 1);
	for (int i = 0; i < 3; i++) {
		printf("<%d>", gb_run(NULL, NULL, ""));
		fflush(stdout);
	}
}

/* The library deletes its default reporter after the first run, and uses it in the second. */
static void test_default_reporter_twice(void **state)
{
	char output[16384];
	int documents = 0;
	(void)state;
	assert_int_equal(in_child(run_twice, output, sizeof output), 0);
	for (const char *at = output; (at = strstr(at, "\"benchmarks\": [\n    {")); at++)
		documents++;
	assert_int_equal(documents, 3);
	assert_non_null(strstr(output, "<1>"));
}

static void start(void *user)
{
	++*(int *)user;
}

static void stop(struct gb_memory *ret_memory, void *user)
{
	++*(int *)user;
	assert_int_equal(ret_memory->net_heap_growth_bytes, INT64_MAX);
	ret_memory->allocs = 32;
	ret_memory->max_bytes_used = 4096;
}

static void test_memory_manager(void **state)
{
	int calls = 0;
	struct gb_memory_manager m = {
		.size = sizeof m, .user = &calls, .start = start, .stop = stop};
	(void)state;
	gb_iterations(gb_register("b", run, NULL), 64);
	assert_int_equal(gb_set_memory_manager(&m), 0);
	assert_int_equal(collect(), 1);
	assert_int_equal(calls, 2);
	const struct gb_report *r = &report_of("b")->report;
	assert_true(r->has_memory);
	assert_true(r->allocs_per_iteration == 2);
	assert_int_equal(r->allocs, 32);
	assert_int_equal(r->max_bytes_used, 4096);
	assert_int_equal(r->total_allocated_bytes, INT64_MAX);

	/* With repetitions, 1.7.1 leaves dangling pointers; the last one is good. */
	gb_clear();
	struct gb_bench *b = gb_register("b", run, NULL);
	gb_iterations(b, 64);
	gb_repetitions(b, 5);
	assert_int_equal(collect(), 1);
	assert_true(collected.kept[4].report.has_memory);
	assert_int_equal(collected.kept[4].report.allocs, 32);

	m.size = 3;
	assert_int_equal(gb_set_memory_manager(&m), -EINVAL);
	assert_int_equal(gb_set_memory_manager(NULL), 0);
	assert_int_equal(collect(), 1);
	assert_false(collected.kept[4].report.has_memory);
}

static void test_profiler(void **state)
{
	int calls = 0;
	(void)state;
	const int r = gb_set_profiler(start, start, &calls);
	gb_iterations(gb_register("b", run, NULL), 1);
	assert_int_equal(collect(), 1);
	if (r == -EOPNOTSUPP)
		assert_int_equal(calls, 0);
	else
		assert_int_equal(calls, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_options_refused, clear),
		cmocka_unit_test_teardown(test_environment_refused, clear),
		cmocka_unit_test_teardown(test_options_taken, clear),
		cmocka_unit_test_teardown(test_help, clear),
		cmocka_unit_test_teardown(test_default_help, clear),
		cmocka_unit_test_teardown(test_units, clear),
		cmocka_unit_test_teardown(test_version, clear),
		cmocka_unit_test_teardown(test_shutdown, clear),
		cmocka_unit_test_teardown(test_busy, clear),
		cmocka_unit_test_teardown(test_filter, clear),
		cmocka_unit_test_teardown(test_default_reporter_twice, clear),
		cmocka_unit_test_teardown(test_memory_manager, clear),
		cmocka_unit_test_teardown(test_profiler, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
