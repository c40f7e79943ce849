/*
 * Settings: what the library aborts over, loops over for ever or silently ignores is refused with
 * a message, and the refused benchmark fails when it is run.
 */
#include "collect.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void nothing(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
}

static int clear(void **state)
{
	(void)state;
	return gb_clear();
}

static struct gb_bench *fresh(void)
{
	gb_clear();
	struct gb_bench *b = gb_register("b", nothing, NULL);
	assert_non_null(b);
	return b;
}

/* Each call on a fresh benchmark `b`, which may have got settings before. */
#define REFUSED(error, text, before, call)     \
	do {                                   \
		struct gb_bench *b = fresh();  \
		before;                        \
		assert_int_equal(call, error); \
		assert_said(text);             \
	} while (0)
#define OK(call) assert_int_equal(call, 0)

static void test_register_refuses(void **state)
{
	(void)state;
	assert_null(gb_register(NULL, nothing, NULL));
	assert_said("no name");
	assert_null(gb_register("", nothing, NULL));
	assert_null(gb_register("x", NULL, NULL));
	assert_said("no function");
	/* The settings of what was refused don't crash. */
	assert_int_equal(gb_arg(NULL, 1), -EINVAL);
	assert_int_equal(gb_use_real_time(NULL), -EINVAL);
	assert_said("gb_register");
}

static void test_times_exclude_iterations(void **state)
{
	(void)state;
	REFUSED(-EINVAL, "minimum time", OK(gb_min_time(b, 1)), gb_iterations(b, 5));
	REFUSED(-EINVAL, "minimum time", OK(gb_min_warmup_time(b, 1)), gb_iterations(b, 5));
	REFUSED(-EINVAL, "fixed number", OK(gb_iterations(b, 5)), gb_min_time(b, 1));
	REFUSED(-EINVAL, "fixed number", OK(gb_iterations(b, 5)), gb_min_warmup_time(b, 1));
	REFUSED(-EINVAL, "real time", OK(gb_use_real_time(b)), gb_use_manual_time(b));
	REFUSED(-EINVAL, "manual time", OK(gb_use_manual_time(b)), gb_use_real_time(b));
}

static void test_numbers(void **state)
{
	(void)state;
	REFUSED(-EINVAL, "at least 1", , gb_iterations(b, 0));
	REFUSED(-EINVAL, "at least 1", , gb_repetitions(b, 0));
	REFUSED(-EINVAL, "more than 0", , gb_min_time(b, 0));
	REFUSED(-EINVAL, "more than 0", , gb_min_time(b, NAN));
	REFUSED(-EINVAL, "0 or more", , gb_min_warmup_time(b, -1));
	REFUSED(-EINVAL, "at least 2", , gb_range_multiplier(b, 1));
	REFUSED(-EINVAL, "1 to", , gb_threads(b, 0));
	REFUSED(-EINVAL, "1 to", , gb_threads(b, GB_THREADS_MAX + 1));
	REFUSED(-EINVAL, "swap", , gb_thread_range(b, 4, 2));
	REFUSED(-EINVAL, "stride", , gb_dense_thread_range(b, 1, 4, 0));
	REFUSED(-EINVAL, "is none", , gb_unit(b, (enum gb_unit)7));
	REFUSED(-EINVAL, "is none", , gb_complexity(b, (enum gb_big_o)77));
	REFUSED(-EINVAL, "gb_complexity_fn", , gb_complexity(b, GB_O_FUNCTION));
	REFUSED(-EINVAL, "no function", , gb_complexity_fn(b, NULL, NULL));
	REFUSED(-EINVAL, "no function", , gb_setup(b, NULL, NULL));
	REFUSED(-EINVAL, "no function", , gb_teardown(b, NULL, NULL));
	REFUSED(-EINVAL, "no function", , gb_statistic(b, "x", NULL, NULL, GB_STATISTIC_TIME));
	REFUSED(-EINVAL, "empty", , gb_set_name(b, ""));
}

static void test_arguments(void **state)
{
	const char *const names[] = {"x", "y"};
	const int64_t two[] = {1, 2};
	const struct gb_list lists[] = {{two, 2}, {two, 0}};
	const struct gb_range ranges[] = {{1, 8}, {8, 1}};
	const struct gb_range wide[] = {{INT64_MIN, INT64_MAX}, {INT64_MIN, INT64_MAX},
		{INT64_MIN, INT64_MAX}, {INT64_MIN, INT64_MAX}};
	(void)state;
	REFUSED(-EINVAL, "alike", OK(gb_arg(b, 1)), gb_args(b, two, 2));
	REFUSED(-EINVAL, "no arguments", , gb_args(b, two, 0));
	REFUSED(-EINVAL, "no arguments", , gb_args(b, NULL, 2));
	REFUSED(-EINVAL, "swap", , gb_arg_range(b, 8, 1));
	REFUSED(-EINVAL, "swap", , gb_arg_ranges(b, ranges, 2));
	REFUSED(-EINVAL, "alike", OK(gb_arg(b, 1)), gb_arg_ranges(b, ranges, 2));
	REFUSED(-EINVAL, "at least 1", , gb_arg_dense_range(b, 1, 8, 0));
	REFUSED(-EINVAL, "swap", , gb_arg_dense_range(b, 8, 1, 1));
	REFUSED(-ERANGE, "overflow", , gb_arg_dense_range(b, INT64_MAX - 1, INT64_MAX, 1));
	REFUSED(-E2BIG, "instances", , gb_arg_dense_range(b, INT64_MIN, 0, 1));
	REFUSED(-E2BIG, "instances", , gb_arg_ranges(b, wide, 4));
	REFUSED(-EINVAL, "list 1 is empty", , gb_args_product(b, lists, 2));
	REFUSED(-EINVAL, "no arguments", , gb_args_product(b, lists, 0));
	REFUSED(-EINVAL, "arguments", OK(gb_arg(b, 1)), gb_arg_names(b, names, 2));
	REFUSED(-EINVAL, "names", OK(gb_arg_names(b, names, 2)), gb_arg(b, 1));
	REFUSED(-EINVAL, "before", OK(gb_arg_names(b, names, 2)), gb_arg_name(b, "x"));
	OK(gb_arg_range(fresh(), INT64_MIN, INT64_MAX));
}

/* The library would run nothing, and not say so. */
static void test_names_without_arguments(void **state)
{
	(void)state;
	OK(gb_arg_name(fresh(), "x"));
	assert_int_equal(collect(), -EINVAL);
	assert_said("no arguments");
}

static void test_refused_setting_fails_the_run(void **state)
{
	(void)state;
	gb_repetitions(fresh(), -3);
	assert_int_equal(collect(), 1);
	assert_int_equal(errors(), 1);
	assert_error("repetitions: -3");
}

static void test_settings_arrive(void **state)
{
	const char *const names[] = {"x", "y"};
	const int64_t low[] = {1, 2}, high[] = {30};
	const struct gb_list lists[] = {{low, 2}, {high, 1}};
	struct gb_bench *b = fresh();
	(void)state;
	OK(gb_set_name(b, "named"));
	OK(gb_arg_names(b, names, 2));
	OK(gb_args_product(b, lists, 2));
	OK(gb_iterations(b, 7));
	OK(gb_repetitions(b, 2));
	OK(gb_report_aggregates_only(b, false));
	OK(gb_display_aggregates_only(b, false));
	OK(gb_unit(b, GB_US));
	OK(gb_measure_process_cpu_time(b));
	OK(gb_use_real_time(b));
	OK(gb_threads(b, 2));
	assert_int_equal(collect(), 2);
	const struct kept *k = report_of("named/x:2/y:30");
	assert_string_equal(
		k->name, "named/x:2/y:30/iterations:7/repeats:2/process_time/real_time/threads:2");
	assert_int_equal(k->report.unit, GB_US);
	assert_int_equal(k->report.threads, 2);
	assert_int_equal(k->report.iterations, 14);
	assert_int_equal(k->report.repetitions, 2);
	assert_int_equal(errors(), 0);
}

static void test_ranges_arrive(void **state)
{
	struct gb_bench *b = fresh();
	(void)state;
	OK(gb_iterations(b, 1));
	OK(gb_range_multiplier(b, 10));
	OK(gb_arg_range(b, 1, 1000));
	OK(gb_arg_dense_range(b, -4, -2, 2));
	OK(gb_dense_thread_range(b, 1, 3, 2));
	assert_int_equal(collect(), (4 + 2) * 2);
	report_of("b/100/iterations:1/threads:3");
	report_of("b/-2/iterations:1/threads:1");
	assert_int_equal(errors(), 0);
}

static void test_registry(void **state)
{
	struct gb_bench *b = fresh();
	(void)state;
	assert_int_equal(gb_bench_count(), 1);
	assert_ptr_equal(gb_bench_at(0), b);
	assert_null(gb_bench_at(1));
	assert_string_equal(gb_bench_name(b), "b");
	OK(gb_clear());
	assert_int_equal(gb_bench_count(), 0);
	assert_int_equal(collect(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_register_refuses, clear),
		cmocka_unit_test_teardown(test_times_exclude_iterations, clear),
		cmocka_unit_test_teardown(test_numbers, clear),
		cmocka_unit_test_teardown(test_arguments, clear),
		cmocka_unit_test_teardown(test_names_without_arguments, clear),
		cmocka_unit_test_teardown(test_refused_setting_fails_the_run, clear),
		cmocka_unit_test_teardown(test_settings_arrive, clear),
		cmocka_unit_test_teardown(test_ranges_arrive, clear),
		cmocka_unit_test_teardown(test_registry, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
