/*
 * Reporters in C: what they are shown, display and file, and what is refused.
 */
#include "collect.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int checks_context(const struct gb_context *c, void *user)
{
	++*(int *)user;
	assert_int_equal(c->size, sizeof *c);
	assert_int_equal(c->cpus, (int)sysconf(_SC_NPROCESSORS_ONLN));
	assert_non_null(strstr(c->executable, "program"));
	assert_true(c->name_width >= 10);
	assert_in_range(c->scaling + 1, 0, 2);
	assert_string_not_equal(c->host, "");
	assert_non_null(c->output);
	for (size_t i = 0; i < c->caches_count; i++)
		assert_true(c->caches[i].size_bytes > 0 && *c->caches[i].type);
	return 0;
}

static void test_context(void **state)
{
	int calls = 0;
	char program[] = "program";
	char *argv[] = {program, NULL};
	int argc = 1;
	const struct gb_reporter r = {.size = sizeof r, .user = &calls, .context = checks_context};
	(void)state;
	assert_int_equal(gb_initialize(&argc, argv), 0);
	gb_iterations(gb_register("b", run, NULL), 1);
	assert_int_equal(gb_run(&r, NULL, ""), 1);
	assert_int_equal(calls, 1);
}

static int refuses(const struct gb_context *c, void *user)
{
	(void)c, (void)user;
	return -ENOTTY;
}

static void counts_calls(struct gb_state *st, void *user)
{
	++*(int *)user;
	run(st, NULL);
}

static void test_context_stops(void **state)
{
	int calls = 0;
	const struct gb_reporter r = {.size = sizeof r, .context = refuses};
	(void)state;
	gb_iterations(gb_register("b", counts_calls, &calls), 1);
	assert_int_equal(gb_run(&r, NULL, ""), -ENOTTY);
	assert_int_equal(calls, 0);
}

static void test_size(void **state)
{
	int calls = 0;
	/* A reporter of a program that was compiled when the struct ended after context. */
	struct gb_reporter old = collector();
	(void)state;
	gb_iterations(gb_register("b", counts_calls, &calls), 1);
	memset(&collected, 0, sizeof collected);
	old.size = offsetof(struct gb_reporter, config);
	assert_int_equal(gb_run(&old, NULL, ""), 1);
	assert_int_equal(collected.contexts, 1);
	assert_int_equal(collected.count, 0);
	old.size = 0;
	assert_int_equal(gb_run(&old, NULL, ""), -EINVAL);
	assert_said("sizeof");
	assert_int_equal(calls, 1);
}

static void takes(struct gb_state *st, void *user)
{
	const double *seconds = user;
	const int64_t n = gb_loop_begin(st);
	gb_loop_end(st);
	gb_set_iteration_time(st, (double)n * *seconds);
}

static void test_numbers(void **state)
{
	double seconds = 3e-6;
	struct gb_bench *b = gb_register("family/with/slashes", takes, &seconds);
	(void)state;
	gb_use_manual_time(b);
	gb_unit(b, GB_US);
	gb_arg(b, 1);
	gb_arg(b, 2);
	gb_iterations(b, 50);
	gb_repetitions(b, 3);
	assert_int_equal(collect(), 2);
	assert_int_equal(collected.contexts, 1);
	assert_int_equal(collected.finals, 1);
	assert_int_equal(collected.count, 2 * (3 + 4));
	const struct kept *k = &collected.kept[1];
	assert_string_equal(k->name, "family/with/slashes/1/iterations:50/repeats:3/manual_time");
	assert_string_equal(k->function, "family/with/slashes");
	assert_string_equal(k->args, "1");
	assert_int_equal(k->report.run_type, GB_RUN_ITERATION);
	assert_int_equal(k->report.repetition_index, 1);
	assert_int_equal(k->report.repetitions, 3);
	assert_int_equal(k->report.iterations, 50);
	assert_true(fabs(k->report.time_real - 3) < 1e-9);
	assert_true(fabs(k->report.accumulated_real_s - 150e-6) < 1e-12);
	assert_false(k->report.has_memory);
	k = &collected.kept[3];
	assert_string_equal(k->aggregate, "mean");
	assert_int_equal(k->report.run_type, GB_RUN_AGGREGATE);
	assert_int_equal(k->report.repetition_index, -1);
	assert_true(fabs(k->report.time_real - 3) < 1e-9);
	k = &collected.kept[6];
	assert_string_equal(k->aggregate, "cv");
	assert_int_equal(k->report.aggregate_unit, GB_STATISTIC_PERCENTAGE);
	assert_true(fabs(k->report.time_real) < 1e-6);
	assert_int_equal(collected.kept[13].report.instance_index, 1);
}

/* ---- the file; it stays set in the library, so these tests come last ---- */

/* The library would exit. */
static void test_file_needs_a_path(void **state)
{
	const struct gb_reporter r = collector();
	(void)state;
	gb_iterations(gb_register("b", run, NULL), 1);
	assert_int_equal(gb_run(&r, &r, ""), -EINVAL);
	assert_said("--benchmark_out");
}

static int set_out(const char *path)
{
	char program[] = "program", option[256];
	char *argv[] = {program, option, NULL};
	int argc = 2;
	snprintf(option, sizeof option, "--benchmark_out=%s", path);
	return gb_initialize(&argc, argv);
}

static int writes_context(const struct gb_context *c, void *user)
{
	*(struct gb_output **)user = c->output;
	return gb_write(c->output, "begin\n", 6);
}

static void writes_runs(const struct gb_report *r, size_t count, void *user)
{
	char line[256];
	for (size_t i = 0; i < count; i++) {
		const int n =
			snprintf(line, sizeof line, "%s %d\n", r[i].name, (int)r[i].iterations);
		gb_write(*(struct gb_output **)user, line, (size_t)n);
	}
}

static void writes_end(void *user)
{
	gb_write(*(struct gb_output **)user, "end\n", 4);
}

static void test_file_reporter(void **state)
{
	char path[] = "/tmp/gbench-test-XXXXXX", text[256] = "";
	struct gb_output *output = NULL;
	const struct gb_reporter display = collector();
	const struct gb_reporter file = {.size = sizeof file,
		.user = &output,
		.context = writes_context,
		.runs = writes_runs,
		.finalize = writes_end};
	(void)state;
	close(mkstemp(path));
	assert_int_equal(set_out(path), 0);
	gb_iterations(gb_register("b", run, NULL), 5);
	memset(&collected, 0, sizeof collected);
	assert_int_equal(gb_run(&display, &file, ""), 1);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof text - 1, f) > 0);
	fclose(f);
	unlink(path);
	assert_string_equal(text, "begin\nb/iterations:5 5\nend\n");
	assert_int_equal(collected.count, 1);
}

/* The library would exit. */
static void test_file_cannot_be_opened(void **state)
{
	const struct gb_reporter r = collector();
	(void)state;
	assert_int_equal(set_out("/nonexistent/file"), 0);
	gb_iterations(gb_register("b", run, NULL), 1);
	assert_int_equal(gb_run(&r, NULL, ""), -ENOENT);
	assert_said("/nonexistent/file: No such file");
	assert_int_equal(set_out(""), 0);
	assert_int_equal(gb_run(&r, NULL, ""), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_context, clear),
		cmocka_unit_test_teardown(test_context_stops, clear),
		cmocka_unit_test_teardown(test_size, clear),
		cmocka_unit_test_teardown(test_numbers, clear),
		cmocka_unit_test_teardown(test_file_needs_a_path, clear),
		cmocka_unit_test_teardown(test_file_reporter, clear),
		cmocka_unit_test_teardown(test_file_cannot_be_opened, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
