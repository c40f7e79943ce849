/*
 * The reports of synthetic results: tables, plot data and verdicts against golden files; the page
 * and the pictures by what must and must not be in them.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cmocka_prelude.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "golden.h"
#include "helpers.h"
#include "report/console.h"
#include "report/html.h"
#include "report/plot.h"
#include "report/table.h"
#include "report/verdict.h"
#include "report/view.h"
#include "result/file.h"
#include "result/own.h"
#include "synthetic.h"

enum { SUBJECTS = 5 };

static struct results *small(unsigned rounds)
{
	return synthetic_results(
		&(struct synthetic_options){.subjects = SUBJECTS, .rounds = rounds, .small = true});
}

static void test_console(void **state)
{
	_cleanup_(results_freep) struct results *results = small(0);
	_cleanup_(freep) char *wide = console_text(results, 100, true);
	_cleanup_(freep) char *narrow = console_text(results, 60, false);

	(void)state;
	assert_true(golden_is("console.txt", wide));
	assert_true(golden_is("console_narrow.txt", narrow));
}

/* The pairs of CPUs are rows of one table. */
static void test_console_pairs(void **state)
{
	_cleanup_(results_freep) struct results *results =
		synthetic_results(&(struct synthetic_options){.subjects = SUBJECTS, .rounds = 1});
	_cleanup_(freep) char *text = console_text(results, 100, false);

	(void)state;
	assert_non_null(strstr(text, "pingpong, processes, between named CPUs, 64 B (per round"));
	assert_non_null(strstr(text, "\ncpu0-cpu1 shm_spin "));
	assert_non_null(strstr(text, "\ncpu6-cpu7 shm_spin "));
	assert_null(strstr(text, "processes, cpu"));
}

static void test_no_file_is_error(void **state)
{
	_cleanup_(results_freep) struct results *results = small(1);
	_cleanup_(fclosep) FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_true(report_console(full, results, NULL) < 0);
}

static void test_plot_data(void **state)
{
	static const char *const files[] = {"latency_size_same_l3.dat", "latency_size_same_l3.gp",
		"throughput_size_same_l3.dat", "pareto_same_l3.dat", "process_thread_same_l3.dat"};
	_cleanup_(results_freep) struct results *results = small(0);
	struct report_plots_options options = {0};
	char dir[64], path[192];

	(void)state;
	make_dir(dir);
	assert_int_equal(report_plots(results, dir, &options), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/plots/%s", dir, files[i]);
		assert_true(golden_is_file(files[i], path));
	}
	remove_dir(dir);
}

static char *plot_file(const char *dir, const char *name)
{
	char path[192], *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/plots/%s", dir, name);
	assert_int_equal(file_read(path, &text, &size), 0);
	return text;
}

/* Spinning on one CPU takes milliseconds: said, not drawn. Between two cores it is drawn. */
static void test_outlier_is_left_out(void **state)
{
	_cleanup_(results_freep) struct results *results = small(0);
	struct report_plots_options options = {0};
	char dir[64];

	(void)state;
	make_dir(dir);
	assert_int_equal(report_plots(results, dir, &options), 0);
	_cleanup_(freep) char *script = plot_file(dir, "pareto_same_pu.gp");
	_cleanup_(freep) char *points = plot_file(dir, "pareto_same_pu.dat");
	_cleanup_(freep) char *lines = plot_file(dir, "ecdf_same_pu.dat");
	_cleanup_(freep) char *cores = plot_file(dir, "ecdf_same_l3.dat");
	assert_non_null(strstr(script, "shm_spin (8"));
	assert_null(strstr(points, "shm_spin"));
	assert_null(strstr(lines, "shm_spin"));
	assert_non_null(strstr(cores, "shm_spin"));
	remove_dir(dir);
}

/* Two of the first three runs of unix_stream were far. */
static void test_far_is_marked(void **state)
{
	_cleanup_(results_freep) struct results *results = small(3);
	struct report_plots_options options = {0};
	char dir[64];

	(void)state;
	make_dir(dir);
	assert_int_equal(report_plots(results, dir, &options), 0);
	_cleanup_(freep) char *script = plot_file(dir, "latency_size_same_l3.gp");
	_cleanup_(freep) char *points = plot_file(dir, "pareto_same_l3.dat");
	assert_non_null(strstr(script, "Ringed: the CPUs were not near."));
	assert_non_null(strstr(points, "\"unix_stream (far)\""));
	assert_null(strstr(points, "\"pipe (far)\""));
	remove_dir(dir);
}

static void test_without_gnuplot(void **state)
{
	_cleanup_(results_freep) struct results *results = small(0);
	struct report_plots_options options = {.svg = true, .png = true};
	_cleanup_(freep) char *path = own_string(getenv("PATH"));
	char dir[64], plots[96];

	(void)state;
	make_dir(dir);
	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(report_plots(results, dir, &options), REPORT_PLOTS_NO_GNUPLOT);
	setenv("PATH", path, 1);
	snprintf(plots, sizeof(plots), "%s/plots", dir);
	assert_true(remove_files(plots, ".dat") >= 8);
	assert_true(remove_files(plots, ".gp") >= 9);
	assert_int_equal(remove_files(plots, ""), 0);
	remove_dir(dir);
}

/* A gnuplot that hangs is killed, and leaves nothing half drawn. */
static void test_gnuplot_that_hangs(void **state)
{
	_cleanup_(results_freep) struct results *results = small(1);
	struct report_plots_options options = {.svg = true, .limit_ms = 20};
	_cleanup_(freep) char *path = own_string(getenv("PATH"));
	char dir[64], plots[96];

	(void)state;
	make_dir(dir);
	snprintf(plots, sizeof(plots), "%s/gnuplot", dir);
	FILE *fake = own(fopen(plots, "w"));
	fputs("#!/bin/sh\nPATH=/usr/bin:/bin exec sleep 1000\n", fake);
	assert_int_equal(fchmod(fileno(fake), 0755), 0);
	fclose(fake);
	setenv("PATH", dir, 1);
	assert_int_equal(report_plots(results, dir, &options), -ETIMEDOUT);
	assert_non_null(strstr(error_message(-ETIMEDOUT), "gnuplot was killed"));
	setenv("PATH", path, 1);
	snprintf(plots, sizeof(plots), "%s/plots", dir);
	assert_int_equal(remove_files(plots, ".svg"), 0);
	assert_int_equal(remove_files(plots, ".err"), 0);
	remove_dir(dir);
}

static bool have_gnuplot(void)
{
	return access("/usr/bin/gnuplot", X_OK) == 0 || access("/usr/local/bin/gnuplot", X_OK) == 0;
}

static void test_pictures(void **state)
{
	_cleanup_(results_freep) struct results *results = small(0);
	struct report_plots_options options = {.svg = true, .png = true};
	_cleanup_(freep) char *svg = NULL, *page = NULL;
	char dir[64], path[128];
	size_t size;

	(void)state;
	if (!have_gnuplot())
		skip();
	make_dir(dir);
	assert_int_equal(report_plots(results, dir, &options), 0);
	assert_int_equal(report_html(results, dir), 0);
	snprintf(path, sizeof(path), "%s/plots/pareto_same_l3.svg", dir);
	assert_int_equal(file_read(path, &svg, &size), 0);
	assert_non_null(strstr(svg, "<title>Latency against CPU cost, between two cores"));
	assert_non_null(strstr(svg, "id='pareto_same_l3_gpDot'"));
	assert_null(strstr(svg, "id='gp"));
	assert_non_null(strstr(svg, "odd_&lt;b>&amp;'name'"));
	snprintf(path, sizeof(path), "%s/report.html", dir);
	assert_int_equal(file_read(path, &page, &size), 0);
	assert_non_null(strstr(page, "<svg role=\"img\""));
	snprintf(path, sizeof(path), "%s/plots", dir);
	unsigned pictures = remove_files(path, ".svg");
	assert_true(pictures >= 8);
	assert_int_equal(remove_files(path, ".png"), pictures);
	assert_int_equal(remove_files(path, ".err"), 0);
	remove_dir(dir);
}

static void test_page(void **state)
{
	_cleanup_(results_freep) struct results *results = small(0);
	_cleanup_(freep) char *page = NULL;
	char dir[64], path[128];
	size_t size;

	(void)state;
	make_dir(dir);
	assert_int_equal(report_html(results, dir), 0);
	snprintf(path, sizeof(path), "%s/report.html", dir);
	assert_int_equal(file_read(path, &page, &size), 0);
	assert_non_null(strstr(page, "odd_&lt;b&gt;&amp;&#39;name&#39;"));
	assert_null(strstr(page, "odd_<b>"));
	assert_null(strstr(page, "<here>"));
	assert_null(strstr(page, "<signal 9>"));
	/* Nothing is loaded. */
	assert_null(strstr(page, "src="));
	assert_null(strstr(page, "@import"));
	assert_null(strstr(page, "url("));
	/* The verdict stands before all else. */
	assert_true(strstr(page, "id=\"verdict\"") < strstr(page, "id=\"tables\""));
	assert_non_null(strstr(page, "this machine has one NUMA node"));
	assert_non_null(strstr(page, "far: "));
	remove_dir(dir);
}

static void test_verdict_of_few_runs(void **state)
{
	_cleanup_(results_freep) struct results *results = small(3);
	_cleanup_(view_freep) struct view *view = view_new(results);
	struct verdict verdicts[VERDICTS_MAX];

	(void)state;
	size_t count = verdict_make(view, verdicts);
	assert_true(count >= 4);
	assert_string_equal(
		verdicts[0].advice, "shm_spin is ahead of pipe, not proven (too few runs).");
	for (size_t i = 0; i < count; i++)
		assert_null(strstr(verdicts[i].advice, "Take "));
	assert_non_null(strstr(verdict_note(verdicts, count), "Fewer than 6"));
}

/* Of several senders the four, of several gaps the largest; the floor never wins. */
static void test_verdict_questions(void **state)
{
	_cleanup_(results_freep) struct results *results =
		synthetic_results(&(struct synthetic_options){.subjects = SUBJECTS});
	_cleanup_(view_freep) struct view *view = view_new(results);
	struct verdict verdicts[VERDICTS_MAX];

	(void)state;
	size_t count = verdict_make(view, verdicts);
	const struct verdict *fan_in = find_verdict(
		verdicts, count, "Most messages, 64 B from 4 senders, unbound (free), processes");
	const struct verdict *wakeup = find_verdict(verdicts, count,
		"Cheapest occasional message, 64 B after a gap of 10 ms, between two cores");
	assert_non_null(fan_in);
	assert_string_equal(fan_in->advice, "Take unix_stream.");
	assert_non_null(strstr(fan_in->answer,
		"unix_stream is judged by the 6 of its 8 runs whose CPUs were near; far: "));
	assert_non_null(strstr(fan_in->answer, "M/s (n = 2)."));
	assert_non_null(wakeup);
	assert_string_equal(wakeup->advice, "Take shm_spin.");
	for (size_t i = 0; i < count; i++)
		assert_null(strstr(verdicts[i].advice, "null"));
}

static void test_machines_stay_apart(void **state)
{
	_cleanup_(results_freep) struct results *one = small(0), *two = small(0), *both = NULL;
	char a[64], b[64], label[96];

	(void)state;
	make_dir(a);
	make_dir(b);
	fingerprint_add(&two->machines[0].fingerprint, "libc", "another");
	assert_int_equal(results_save(one, a), 0);
	assert_int_equal(results_save(two, b), 0);
	const char *dirs[] = {a, b};
	assert_int_equal(results_load_many(dirs, 2, &both), 0);
	_cleanup_(freep) char *text = console_text(both, 100, true);
	snprintf(label, sizeof(label), "pipe @%s", b + strlen("/tmp/"));
	assert_non_null(strstr(text, label));
	remove_dir(a);
	remove_dir(b);
}

static void test_table(void **state)
{
	static const struct table_column columns[] = {{"name", false, 0, false},
		{"µs", true, 2, false}, {"x", true, 1, false}, {"empty", false, 0, false},
		{"loose", false, 1, true}};
	_cleanup_(table_deinit) struct table table = {.columns = columns, .column_count = 5};
	const char *row[] = {"á", "10", "7", "", "longer than all"};
	_cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *out = own(open_memstream(&text, &size));

	(void)state;
	table_add(&table, row);
	table_print(&table, out, 80);
	table_print(&table, out, 14);
	fclose(out);
	assert_string_equal(text, "name  µs  x  loose\ná     10  7  longer than all\n"
				  "name  x  loose\ná     7  longer than all\n");
	assert_int_equal(table_text_width("5.1…7 µs"), 8);
}

static void test_empty(void **state)
{
	_cleanup_(results_freep) struct results *results = results_new();
	struct report_plots_options options = {.svg = true};
	_cleanup_(freep) char *text = console_text(results, 0, true);
	char dir[64];

	(void)state;
	assert_null(strstr(text, "median"));
	make_dir(dir);
	assert_int_equal(results_save(results, dir), 0);
	assert_int_equal(summary_save(results, dir), 0);
	assert_int_equal(report_plots(results, dir, &options), 0);
	assert_int_equal(report_html(results, dir), 0);
	remove_dir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_console),
		cmocka_unit_test(test_console_pairs),
		cmocka_unit_test(test_no_file_is_error),
		cmocka_unit_test(test_plot_data),
		cmocka_unit_test(test_outlier_is_left_out),
		cmocka_unit_test(test_far_is_marked),
		cmocka_unit_test(test_without_gnuplot),
		cmocka_unit_test(test_gnuplot_that_hangs),
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_verdict_of_few_runs),
		cmocka_unit_test(test_verdict_questions),
		cmocka_unit_test(test_machines_stay_apart),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
