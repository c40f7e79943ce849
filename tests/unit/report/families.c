/*
 * The reports of synthetic pools, locks, ways to spawn and scenarios: tables, plot data and
 * verdicts against golden files, and the page by what must be in it.
 */
#include <stdio.h>
#include <string.h>

#include "../../cmocka_prelude.h"
#include "base/cleanup.h"
#include "golden.h"
#include "helpers.h"
#include "report/html.h"
#include "report/plot.h"
#include "report/view.h"
#include "result/file.h"
#include "synthetic.h"

/* Params are in the headings, maps are per task, and scenarios have a verdict. */
static void test_console_families(void **state)
{
	_cleanup_(results_freep) struct results *results = synthetic_families("plsc", 8);
	_cleanup_(freep) char *text = console_text(results, 120, true);

	(void)state;
	assert_true(golden_is("console_families.txt", text));
}

/* Results of one family have nothing of another. */
static void test_one_family(void **state)
{
	static const struct {
		const char *family, *there, *not_there;
	} cases[] = {
		{"p", "Break-even", "Scenario"},
		{"l", "fairness", "speed-up"},
		{"s", "256 MiB resident", "Break-even"},
		{"c", "Scenario ticket", "uncontended"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(results_freep) struct results *results =
			synthetic_families(cases[i].family, 2);
		_cleanup_(freep) char *text = console_text(results, 100, true);
		struct report_plots_options options = {0};
		char dir[64];
		assert_non_null(strstr(text, cases[i].there));
		assert_null(strstr(text, cases[i].not_there));
		make_dir(dir);
		assert_int_equal(report_plots(results, dir, &options), 0);
		assert_int_equal(report_html(results, dir), 0);
		remove_dir(dir);
	}
}

static void test_plot_data_families(void **state)
{
	static const char *const files[] = {"speedup_same_l3.dat", "speedup_same_l3.gp",
		"efficiency_same_l3.dat", "dispatch_same_l3.dat", "lock_cost_same_l3.dat",
		"contended_same_l3.dat", "fairness_same_l3.dat", "spawn_same_pu.dat",
		"python_same_l3.dat", "pool_kinds_same_l3.dat"};
	_cleanup_(results_freep) struct results *results = synthetic_families("plsc", 8);
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

/* Params and facts have columns, and a scenario that failed a row, with as many cells as others. */
static void test_page_families(void **state)
{
	_cleanup_(results_freep) struct results *results = synthetic_families("plsc", 8);
	_cleanup_(freep) char *page = NULL;
	char dir[64], path[128];
	size_t size;

	(void)state;
	make_dir(dir);
	assert_int_equal(report_html(results, dir), 0);
	snprintf(path, sizeof(path), "%s/report.html", dir);
	assert_int_equal(file_read(path, &page, &size), 0);
	assert_non_null(strstr(page, ">contenders</button>"));
	assert_non_null(strstr(page, ">fairness</button>"));
	assert_non_null(strstr(page, ">speed-up</button>"));
	assert_non_null(strstr(page, "shown: wrong without a lock, as expected</td>"));
	char *failed =
		strstr(page, "failed: oversold in spite of the lock: 6 of 5 tickets &lt;!&gt;");
	assert_non_null(failed);
	/* Where columns are sorted, every row must have them all. */
	char *head = strstr(page, "<strong>ticket</strong>");
	assert_non_null(head);
	unsigned heads = 0, cells = 0;
	char *end = strstr(head, "</thead>");
	for (char *at = head; (at = strstr(at, "<th ")) && at < end; at++)
		heads++;
	char *row = failed;
	while (strncmp(row, "<tr", 3) != 0)
		row--;
	end = strstr(row, "</tr>");
	for (char *at = row; (at = strstr(at, "<td")) && at < end; at++)
		cells++;
	assert_int_equal(cells, heads);
	remove_dir(dir);
}

/* A lock that is fast and unfair is named with its fairness; what is no contender never wins. */
static void test_verdict_of_families(void **state)
{
	_cleanup_(results_freep) struct results *results = synthetic_families("plsc", 8);
	_cleanup_(results_freep) struct results *few = synthetic_families("pl", 3);
	struct verdict verdicts[VERDICTS_MAX];

	(void)state;
	_cleanup_(view_freep) struct view *view = view_new(results);
	size_t count = verdict_make(view, verdicts);
	const struct verdict *lock = find_verdict(verdicts, count, "Which lock: two want it");
	const struct verdict *grain = find_verdict(verdicts, count, "From which grain");
	const struct verdict *scenarios = find_verdict(verdicts, count, "Do the scenarios");
	assert_true(lock && grain && scenarios);
	assert_string_equal(lock->advice, "Take spinlock.");
	assert_non_null(strstr(lock->answer, "of the most, is 0.12."));
	assert_non_null(strstr(grain->advice, " on (mp_threads)."));
	assert_string_equal(scenarios->advice, "No.");
	for (size_t i = 0; i < count; i++) {
		assert_null(strstr(verdicts[i].advice, "serial"));
		assert_null(strstr(verdicts[i].advice, "none"));
	}
	_cleanup_(view_freep) struct view *few_view = view_new(few);
	count = verdict_make(few_view, verdicts);
	lock = find_verdict(verdicts, count, "Which lock: two want it");
	assert_non_null(lock);
	assert_string_equal(
		lock->advice, "spinlock is ahead of mp_lock, not proven (too few runs).");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_console_families),
		cmocka_unit_test(test_one_family),
		cmocka_unit_test(test_plot_data_families),
		cmocka_unit_test(test_page_families),
		cmocka_unit_test(test_verdict_of_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
