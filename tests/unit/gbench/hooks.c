/*
 * Functions with user data that the library takes without: setup, teardown, statistics,
 * complexities; and what happens when they fail or there are too many.
 */
#include "collect.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct hooked {
	int setups, runs, teardowns;
	int setup_result;
	int64_t last_argument;
};

static int clear(void **state)
{
	(void)state;
	return gb_clear();
}

static int set_up(const struct gb_state *st, void *user)
{
	struct hooked *h = user;
	h->setups++;
	h->last_argument = gb_range_count(st) ? gb_range_at(st, 0) : -1;
	return h->setup_result;
}

static void tear_down(const struct gb_state *st, void *user)
{
	struct hooked *h = user;
	(void)st;
	h->teardowns++;
}

static void run(struct gb_state *st, void *user)
{
	struct hooked *h = user;
	h->runs++;
	GB_FOR (st)
		GB_CLOBBER();
}

static void test_user_data(void **state)
{
	struct hooked h[2] = {{0}};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct gb_bench *b = gb_register("hooked", run, &h[i]);
		assert_int_equal(gb_setup(b, set_up, &h[i]), 0);
		assert_int_equal(gb_teardown(b, tear_down, &h[i]), 0);
		gb_arg(b, 10 + i);
		gb_iterations(b, 1);
		gb_repetitions(b, 2 + i);
	}
	assert_int_equal(collect(), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(h[i].setups, 2 + i);
		assert_int_equal(h[i].runs, 2 + i);
		assert_int_equal(h[i].teardowns, 2 + i);
		assert_int_equal(h[i].last_argument, 10 + i);
	}
}

/* Why a server doesn't belong there. */
static void test_setup_runs_with_each_calibration(void **state)
{
	struct hooked h = {0};
	struct gb_bench *b = gb_register("hooked", run, &h);
	(void)state;
	gb_setup(b, set_up, &h);
	gb_min_time(b, 0.0005);
	gb_repetitions(b, 2);
	assert_int_equal(collect(), 1);
	assert_true(h.setups > 2);
	assert_int_equal(h.setups, h.runs);
}

static void test_setup_fails(void **state)
{
	struct hooked h = {.setup_result = -ENOENT};
	struct gb_bench *b = gb_register("hooked", run, &h);
	(void)state;
	gb_setup(b, set_up, &h);
	gb_teardown(b, tear_down, &h);
	gb_iterations(b, 1);
	gb_repetitions(b, 3);
	assert_int_equal(collect(), 1);
	assert_int_equal(errors(), 3);
	assert_error("setup failed: No such file");
	assert_int_equal(h.setups, 1);
	assert_int_equal(h.runs, 0);
	assert_int_equal(h.teardowns, 0);
	/* The next gb_run tries again. */
	h.setup_result = 0;
	assert_int_equal(collect(), 1);
	assert_int_equal(errors(), 0);
	assert_int_equal(h.setups - 1, h.teardowns);
}

/* Their State has neither a timer nor a manager; the library would use null pointers. */
static int does_too_much(const struct gb_state *st, void *user)
{
	struct gb_state *s = (struct gb_state *)(uintptr_t)st;
	(void)user;
	assert_int_equal(gb_skip_with_error(s, "x"), -EPERM);
	assert_said("setup or teardown");
	assert_int_equal(gb_skip_with_message(s, "x"), -EPERM);
	assert_int_equal(gb_set_label(s, "x"), -EPERM);
	assert_int_equal(gb_counter(s, "x", 1, 0, 1000), -EPERM);
	assert_int_equal(gb_pause(s), -EPERM);
	assert_int_equal(gb_resume(s), -EPERM);
	assert_int_equal(gb_set_iteration_time(s, 1), -EPERM);
	assert_int_equal(gb_set_complexity_n(s, 1), -EPERM);
	assert_int_equal(gb_loop_begin(s), 0);
	assert_false(gb_keep_running(s));
	assert_int_equal(gb_range_at(st, 3), 0);
	assert_int_equal(gb_thread_count(st), 1);
	assert_string_equal(gb_state_name(st), "hooked");
	return 0;
}

static void test_setup_does_too_much(void **state)
{
	struct hooked h = {0};
	struct gb_bench *b = gb_register("hooked", run, &h);
	(void)state;
	gb_setup(b, does_too_much, NULL);
	gb_iterations(b, 1);
	assert_int_equal(collect(), 1);
	assert_int_equal(errors(), 0);
}

/* ---- statistics ---- */

static double scaled_max(const double *values, size_t count, void *user)
{
	const double *scale = user;
	double max = 0;
	for (size_t i = 0; i < count; i++)
		max = fmax(max, values[i]);
	return *scale * max;
}

static void counts_up(struct gb_state *st, void *user)
{
	int *n = user;
	GB_FOR (st)
		GB_CLOBBER();
	gb_counter(st, "n", ++*n, GB_COUNTER_PLAIN, 1000);
}

static double counter_of(const char *aggregate)
{
	for (size_t i = 0; i < collected.count; i++)
		if (strcmp(collected.kept[i].aggregate, aggregate) == 0)
			return collected.kept[i].counters[0].value;
	fail_msg("no aggregate %s", aggregate);
	return 0;
}

static void test_statistics(void **state)
{
	double ten = 10, hundred = 100;
	int n = 0;
	struct gb_bench *b = gb_register("counts", counts_up, &n);
	(void)state;
	gb_iterations(b, 1);
	gb_repetitions(b, 4);
	assert_int_equal(gb_statistic(b, "ten", scaled_max, &ten, GB_STATISTIC_TIME), 0);
	assert_int_equal(
		gb_statistic(b, "hundred", scaled_max, &hundred, GB_STATISTIC_PERCENTAGE), 0);
	assert_int_equal(collect(), 1);
	assert_true(counter_of("mean") == 2.5);
	assert_true(counter_of("ten") == 40);
	assert_true(counter_of("hundred") == 400);
}

static void test_pool_is_full(void **state)
{
	double one = 1;
	struct gb_bench *b = gb_register("b", run, NULL);
	int r = 0;
	(void)state;
	for (int i = 0; i < GB_POOL_MAX && r == 0; i++)
		r = gb_statistic(b, "s", scaled_max, &one, GB_STATISTIC_TIME);
	assert_int_equal(r, 0);
	assert_int_equal(gb_statistic(b, "s", scaled_max, &one, GB_STATISTIC_TIME), -ENOSPC);
	assert_said("256");
	gb_clear();
	b = gb_register("b", run, NULL);
	assert_int_equal(gb_statistic(b, "s", scaled_max, &one, GB_STATISTIC_TIME), 0);
}

static void test_many_setups(void **state)
{
	static struct hooked h[GB_POOL_MAX];
	(void)state;
	memset(h, 0, sizeof h);
	for (int i = 0; i < GB_POOL_MAX; i++) {
		struct gb_bench *b = gb_register("b", run, &h[i]);
		gb_iterations(b, 1);
		assert_int_equal(gb_setup(b, set_up, &h[i]), 0);
	}
	const int r = gb_setup(gb_register("b", run, &h[0]), set_up, &h[0]);
	assert_true(r == -ENOSPC || r == 0); /* without limit in newer versions */
	assert_int_equal(
		gb_run(&(struct gb_reporter){.size = sizeof(struct gb_reporter)}, NULL, ""),
		GB_POOL_MAX + 1);
	for (int i = 1; i < GB_POOL_MAX; i++)
		assert_int_equal(h[i].setups, 1);
}

/* ---- complexity ---- */

struct curve {
	int asked;
};

static double square(int64_t n, void *user)
{
	struct curve *c = user;
	c->asked++;
	return (double)n * (double)n;
}

static void square_time(struct gb_state *st, void *user)
{
	const bool *forgets = user;
	const int64_t n = gb_range_at(st, 0), iterations = gb_loop_begin(st);
	gb_loop_end(st);
	gb_set_iteration_time(st, 1e-9 * (double)(n * n) * (double)iterations);
	if (!*forgets)
		gb_set_complexity_n(st, n);
}

static struct gb_bench *squares(bool *forgets)
{
	struct gb_bench *b = gb_register("squares", square_time, forgets);
	gb_iterations(b, 10);
	gb_use_manual_time(b);
	gb_arg_range(b, 8, 512);
	return b;
}

static void test_complexity(void **state)
{
	bool forgets = false;
	struct curve curve = {0};
	struct gb_bench *b = squares(&forgets);
	(void)state;
	assert_int_equal(gb_complexity_fn(b, square, &curve), 0);
	assert_int_equal(collect(), 3);
	assert_int_equal(errors(), 0);
	const struct kept *k = report_of("squares/iterations:10/manual_time_BigO");
	assert_true(k->report.is_big_o);
	assert_true(fabs(k->report.time_real - 1) < 1e-6);
	assert_true(curve.asked > 0);
	k = report_of("squares/iterations:10/manual_time_RMS");
	assert_true(k->report.is_rms);
	assert_true(k->report.time_real < 1e-6);
}

static void test_complexity_without_n(void **state)
{
	bool forgets = true;
	(void)state;
	assert_int_equal(gb_complexity(squares(&forgets), GB_O_AUTO), 0);
	assert_int_equal(collect(), -ECANCELED);
	assert_said("gb_set_complexity_n");
	assert_int_equal(collected.finals, 1);
	/* It can go on after that. */
	forgets = false;
	assert_int_equal(collect(), 3);
	assert_int_equal(errors(), 0);
}

static void fails_at(struct gb_state *st, void *user)
{
	const int64_t *argument = user;
	if (gb_range_at(st, 0) == *argument || *argument == 0) {
		gb_skip_with_error(st, "no luck");
		return;
	}
	GB_FOR (st)
		GB_CLOBBER();
	gb_set_complexity_n(st, gb_range_at(st, 0));
}

/* All fail: the library reads a null pointer after the last one. */
static void test_complexity_fails(void **state)
{
	int64_t all = 0, last = 512;
	struct gb_bench *b = gb_register("fails", fails_at, &all);
	(void)state;
	gb_arg_range(b, 8, 512);
	gb_iterations(b, 10);
	gb_complexity(b, GB_O_N);
	assert_int_equal(collect(), -ECANCELED);
	assert_said("no luck");

	gb_clear();
	b = gb_register("fails", fails_at, &last);
	gb_arg_range(b, 8, 512);
	gb_iterations(b, 10);
	gb_complexity(b, GB_O_N);
	assert_int_equal(collect(), 3);
	assert_int_equal(errors(), 1);
	assert_int_equal(successes(), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_user_data, clear),
		cmocka_unit_test_teardown(test_setup_runs_with_each_calibration, clear),
		cmocka_unit_test_teardown(test_setup_fails, clear),
		cmocka_unit_test_teardown(test_setup_does_too_much, clear),
		cmocka_unit_test_teardown(test_statistics, clear),
		cmocka_unit_test_teardown(test_pool_is_full, clear),
		cmocka_unit_test_teardown(test_many_setups, clear),
		cmocka_unit_test_teardown(test_complexity, clear),
		cmocka_unit_test_teardown(test_complexity_without_n, clear),
		cmocka_unit_test_teardown(test_complexity_fails, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
