/*
 * The loop: its forms do exactly the iterations that the library asks for, and whatever a benchmark
 * does wrong in it becomes its error instead of an abort.
 */
#include "collect.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int64_t done; /* iterations in the last run */
static int calls;

static int clear(void **state)
{
	(void)state;
	calls = 0;
	done = 0;
	return gb_clear();
}

static void run_for(struct gb_state *st, void *user)
{
	(void)user;
	done = 0;
	assert_int_equal(gb_iterations_done(st), 0);
	GB_FOR (st)
		done++;
	assert_int_equal(done, gb_max_iterations(st));
	assert_int_equal(gb_iterations_done(st), done);
}

static void run_by_hand(struct gb_state *st, void *user)
{
	(void)user;
	done = gb_loop_begin(st);
	assert_int_equal(done, gb_max_iterations(st));
	gb_loop_end(st);
}

static void run_keep(struct gb_state *st, void *user)
{
	(void)user;
	done = 0;
	while (gb_keep_running(st)) {
		done++;
		assert_int_equal(gb_iterations_done(st), done);
	}
	assert_false(gb_keep_running(st));
	assert_int_equal(done, gb_max_iterations(st));
}

static void run_batch(struct gb_state *st, void *user)
{
	(void)user;
	done = 0;
	for (int64_t n; (n = gb_keep_running_batch(st, 64)) > 0;)
		done += n;
	assert_int_equal(done, gb_max_iterations(st));
}

static void test_forms(void **state)
{
	gb_fn *const forms[] = {run_for, run_by_hand, run_keep, run_batch};
	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		gb_clear();
		gb_iterations(gb_register("form", forms[i], NULL), 1000);
		assert_int_equal(collect(), 1);
		assert_int_equal(errors(), 0);
		assert_int_equal(done, 1000);
		assert_int_equal(report_of("form")->report.iterations, 1000);
	}
}

static void run_pauses(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st) {
		assert_int_equal(gb_pause(st), 0);
		assert_int_equal(gb_resume(st), 0);
	}
	calls++;
}

static void run_ends_paused(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		assert_int_equal(gb_pause(st), 0);
}

static void test_pause(void **state)
{
	(void)state;
	gb_iterations(gb_register("pauses", run_pauses, NULL), 10);
	gb_iterations(gb_register("ends", run_ends_paused, NULL), 1);
	assert_int_equal(collect(), 2);
	assert_int_equal(errors(), 0);
	assert_int_equal(successes(), 2);
}

/* ---- mistakes ---- */

static void no_loop(struct gb_state *st, void *user)
{
	(void)st, (void)user;
}
static void leaves_for(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		break;
}
static void leaves_keep(struct gb_state *st, void *user)
{
	(void)user;
	while (gb_keep_running(st))
		return;
}
static void leaves_batch(struct gb_state *st, void *user)
{
	(void)user;
	gb_keep_running_batch(st, 1);
}
static void two_loops(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
	GB_FOR (st)
		GB_CLOBBER();
}
static void mixes(struct gb_state *st, void *user)
{
	(void)user;
	gb_loop_begin(st);
	while (gb_keep_running(st))
		GB_CLOBBER();
}
static void batch_of_none(struct gb_state *st, void *user)
{
	(void)user;
	while (gb_keep_running_batch(st, 0) > 0)
		GB_CLOBBER();
}
static void pauses_before(struct gb_state *st, void *user)
{
	(void)user;
	assert_int_equal(gb_pause(st), -EINVAL);
}
static void pauses_twice(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st) {
		gb_pause(st);
		assert_int_equal(gb_pause(st), -EINVAL);
		break;
	}
}
static void resumes_running(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st) {
		assert_int_equal(gb_resume(st), -EINVAL);
		break;
	}
}
static void pauses_after_error(struct gb_state *st, void *user)
{
	(void)user;
	while (gb_keep_running(st)) {
		gb_skip_with_error(st, "pause after this");
		assert_int_equal(gb_pause(st), -ECANCELED);
		assert_int_equal(gb_resume(st), -ECANCELED);
	}
}
static void asks_too_far(struct gb_state *st, void *user)
{
	(void)user;
	assert_int_equal(gb_range_count(st), 1);
	assert_int_equal(gb_range_at(st, 0), 5);
	assert_int_equal(gb_range_at(st, 1), 0);
	GB_FOR (st)
		GB_CLOBBER();
}
static void bad_counter(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
	assert_int_equal(gb_counter(st, "c", 1, 0, 1001), -EINVAL);
}
static void bad_time(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
	assert_int_equal(gb_set_iteration_time(st, -1), -EINVAL);
}

static void test_mistakes(void **state)
{
	static const struct {
		gb_fn *fn;
		const char *text;
	} mistakes[] = {
		{no_loop, "without running its loop"},
		{leaves_for, "left its loop early"},
		{leaves_keep, "left its loop early"},
		{leaves_batch, "left its loop early"},
		{two_loops, "second loop"},
		{mixes, "mixes"},
		{batch_of_none, "at least 1"},
		{pauses_before, "doesn't run"},
		{pauses_twice, "doesn't run"},
		{resumes_running, "isn't paused"},
		{pauses_after_error, "pause after this"},
		{asks_too_far, "argument 1 of 1"},
		{bad_counter, "1000 or 1024"},
		{bad_time, "0 or more"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		for (int threads = 1; threads <= 3; threads += 2) {
			gb_clear();
			struct gb_bench *b = gb_register("mistake", mistakes[i].fn, NULL);
			gb_iterations(b, 100);
			gb_repetitions(b, 3);
			gb_arg(b, 5);
			gb_threads(b, threads);
			assert_int_equal(collect(), 1);
			assert_int_equal(errors(), 3);
			assert_int_equal(aggregates(), 0);
			assert_error(mistakes[i].text);
		}
}

/* ---- errors ---- */

/* Fails in the `fails`-th call (from 1), before its loop, and returns. */
static void fails_before(struct gb_state *st, void *user)
{
	const int *fails = user;
	if (++calls == *fails) {
		assert_int_equal(gb_skip_with_error(st, "before"), 0);
		assert_true(gb_error_occurred(st));
		assert_true(gb_skipped(st));
		return;
	}
	GB_FOR (st)
		GB_CLOBBER();
}

static void fails_inside(struct gb_state *st, void *user)
{
	const int *fails = user;
	calls++;
	GB_FOR (st)
		if (calls == *fails) {
			gb_skip_with_error(st, "inside");
			break;
		}
}

static void fails_keep(struct gb_state *st, void *user)
{
	const int *fails = user;
	calls++;
	while (gb_keep_running(st))
		if (calls == *fails)
			gb_skip_with_error(st, "keep");
}

static void fails_batch(struct gb_state *st, void *user)
{
	const int *fails = user;
	calls++;
	while (gb_keep_running_batch(st, 64) > 0)
		if (calls == *fails)
			gb_skip_with_error(st, "batch");
}

static void fails_after(struct gb_state *st, void *user)
{
	const int *fails = user;
	calls++;
	GB_FOR (st)
		GB_CLOBBER();
	if (calls == *fails)
		gb_skip_with_error(st, "after");
}

static void fails_and_goes_on(struct gb_state *st, void *user)
{
	const int *fails = user;
	calls++;
	if (calls == *fails)
		gb_skip_with_error(st, "on");
	GB_FOR (st)
		GB_CLOBBER();
}

/* One of five repetitions fails. Those before it count, those after it fail too without being run,
 * and the library makes statistics over what is left or none, and doesn't abort. */
static void test_repetition_fails(void **state)
{
	gb_fn *const fns[] = {fails_before, fails_inside, fails_keep, fails_batch, fails_after,
		fails_and_goes_on};
	const char *const texts[] = {"before", "inside", "keep", "batch", "after", "on"};
	(void)state;
	for (size_t i = 0; i < sizeof fns / sizeof *fns; i++)
		for (int fails = 1; fails <= 5; fails++) {
			gb_clear();
			calls = 0;
			struct gb_bench *b = gb_register("fails", fns[i], &fails);
			gb_iterations(b, 100);
			gb_repetitions(b, 5);
			assert_int_equal(collect(), 1);
			assert_int_equal(calls, fails);
			assert_int_equal(successes(), fails - 1);
			assert_int_equal(errors(), 5 - (fails - 1));
			assert_int_equal(aggregates() > 0, fails - 1 >= 2);
			assert_error(texts[i]);
		}
}

/* The same while the library still looks for the number of iterations. */
static void test_calibration_fails(void **state)
{
	(void)state;
	for (int fails = 1; fails <= 4; fails++) {
		gb_clear();
		calls = 0;
		struct gb_bench *b = gb_register("fails", fails_before, &fails);
		gb_min_time(b, 0.001);
		gb_repetitions(b, 4);
		assert_int_equal(collect(), 1);
		assert_int_equal(errors(), 4);
		assert_int_equal(calls, fails);
	}
}

static void one_thread_fails(struct gb_state *st, void *user)
{
	(void)user;
	if (gb_thread_index(st) == 1) {
		gb_skip_with_error(st, "thread 1");
		return;
	}
	GB_FOR (st)
		GB_CLOBBER();
}

static void test_thread_fails(void **state)
{
	struct gb_bench *b = gb_register("threads", one_thread_fails, NULL);
	(void)state;
	gb_iterations(b, 100);
	gb_repetitions(b, 3);
	gb_threads(b, 4);
	assert_int_equal(collect(), 1);
	assert_int_equal(errors(), 3);
	assert_error("thread 1");
}

static void skips(struct gb_state *st, void *user)
{
	(void)user;
	gb_skip_with_message(st, "not on this machine");
	assert_false(gb_error_occurred(st));
	assert_true(gb_skipped(st));
}

static void test_skip_is_no_error(void **state)
{
	(void)state;
	gb_repetitions(gb_register("skips", skips, NULL), 3);
	assert_int_equal(collect(), 1);
	assert_int_equal(errors(), 0);
	assert_int_equal(successes(), 0);
	assert_true(report_of("skips")->is_skipped);
	assert_string_equal(report_of("skips")->message, "not on this machine");
}

/* ---- manual time ---- */

static void manual(struct gb_state *st, void *user)
{
	const double *seconds = user;
	const int64_t n = gb_loop_begin(st);
	gb_loop_end(st);
	if (seconds)
		assert_int_equal(gb_set_iteration_time(st, *seconds * (double)n), 0);
}

static void test_manual_time(void **state)
{
	double seconds = 250e-9;
	struct gb_bench *b = gb_register("manual", manual, &seconds);
	(void)state;
	gb_use_manual_time(b);
	gb_iterations(b, 1000);
	assert_int_equal(collect(), 1);
	assert_true(report_of("manual")->report.time_real > 249.99);
	assert_true(report_of("manual")->report.time_real < 250.01);
}

/* The library would try a thousand million iterations. */
static void test_manual_time_forgotten(void **state)
{
	(void)state;
	gb_use_manual_time(gb_register("manual", manual, NULL));
	assert_int_equal(collect(), 1);
	assert_error("never called gb_set_iteration_time");
}

/* ---- counters ---- */

static void counts(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
	assert_int_equal(gb_set_label(st, "labelled"), 0);
	assert_int_equal(gb_counter(st, "a_plain", 3, GB_COUNTER_PLAIN, 1000), 0);
	assert_int_equal(gb_counter(st, "b_average", 200, GB_COUNTER_AVG_ITERATIONS, 1024), 0);
	assert_int_equal(gb_counter(st, "c_inverted", 4,
				 GB_COUNTER_ITERATION_INVARIANT | GB_COUNTER_INVERT, 1000),
		0);
	assert_int_equal(gb_set_bytes(st, 1000), 0);
	assert_int_equal(gb_set_items(st, 10), 0);
}

static void test_counters(void **state)
{
	(void)state;
	gb_iterations(gb_register("counts", counts, NULL), 100);
	assert_int_equal(collect(), 1);
	const struct kept *k = report_of("counts");
	assert_string_equal(k->label, "labelled");
	assert_int_equal(k->report.counters_count, 5);
	assert_string_equal(k->counters[0].name, "a_plain");
	assert_true(k->counters[0].value == 3);
	assert_true(k->counters[1].value == 2);
	assert_int_equal(k->counters[1].one_k, 1024);
	assert_int_equal(k->counters[1].flags, GB_COUNTER_AVG_ITERATIONS);
	assert_string_equal(k->counters[2].name, "bytes_per_second");
	assert_true(k->counters[2].value > 1000);
	assert_true(k->counters[3].value == 1.0 / 400);
	assert_int_equal(k->counters[3].flags, GB_COUNTER_ITERATION_INVARIANT | GB_COUNTER_INVERT);
}

static void counts_differently(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
	gb_counter(st, "c", 1, calls++ % 2 ? GB_COUNTER_RATE : GB_COUNTER_PLAIN, 1000);
}

/* ComputeStats would abort. */
static void test_counter_flags_change(void **state)
{
	struct gb_bench *b = gb_register("counts", counts_differently, NULL);
	(void)state;
	gb_iterations(b, 1);
	gb_repetitions(b, 4);
	assert_int_equal(collect(), 1);
	assert_error("flags");
	assert_int_equal(successes(), 1);
}

static void counts_threads(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
	gb_counter(st, "sum", 1 + gb_thread_index(st), GB_COUNTER_PLAIN, 1000);
}

static void test_counters_are_summed(void **state)
{
	struct gb_bench *b = gb_register("counts", counts_threads, NULL);
	(void)state;
	gb_iterations(b, 10);
	gb_threads(b, 3);
	assert_int_equal(collect(), 1);
	assert_true(report_of("counts")->counters[0].value == 1 + 2 + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_forms, clear),
		cmocka_unit_test_teardown(test_pause, clear),
		cmocka_unit_test_teardown(test_mistakes, clear),
		cmocka_unit_test_teardown(test_repetition_fails, clear),
		cmocka_unit_test_teardown(test_calibration_fails, clear),
		cmocka_unit_test_teardown(test_thread_fails, clear),
		cmocka_unit_test_teardown(test_skip_is_no_error, clear),
		cmocka_unit_test_teardown(test_manual_time, clear),
		cmocka_unit_test_teardown(test_manual_time_forgotten, clear),
		cmocka_unit_test_teardown(test_counters, clear),
		cmocka_unit_test_teardown(test_counter_flags_change, clear),
		cmocka_unit_test_teardown(test_counters_are_summed, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
