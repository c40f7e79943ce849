/* The summary against figures that can be worked out by hand. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmocka_prelude.h"
#include "base/cleanup.h"
#include "result/json.h"
#include "result/own.h"
#include "result/summary.h"

#define NAME "pingpong/pipe/process/same_l3/64B"

/* One record with one run: three repetitions around `ns`, whose median is `ns`. */
static void add(struct results *results, double ns, const char *before, const char *after)
{
	_cleanup_(json_freep) json_t *record = own(json_pack(
		"{s:{s:[]}, s:[], s:{s:i, s:s, s:[{s:s, s:{s:s, s:s, s:s, s:s, s:i}, s:s, s:b, "
		"s:s, "
		"s:{s:s, s:s, s:[{s:f, s:f}, {s:f, s:f}, {s:f, s:f}], "
		"s:[{s:f, s:f, s:i, s:{s:f}}, {s:f, s:f, s:i, s:{s:f}}], "
		"s:{s:i, s:[[i, i, i], [i, i, i]]}}}]}}",
		"context", "caches", "benchmarks", "ipcmark", "schema", 1, "kind", "record",
		"cells", "name", NAME, "axes", "workload", "pingpong", "subject", "pipe", "exec",
		"process", "placement", "same_l3", "size", 64, "unit", "round trip", "throughput",
		0, "status", "ok", "run", "state_before", before, "state_after", after,
		"repetitions", "real_time_ns", ns, "messages_per_second", 1e9 / ns, "real_time_ns",
		ns * 0.5, "messages_per_second", 2e9 / ns, "real_time_ns", ns * 3,
		"messages_per_second", 1e9 / ns / 3, "sides", "cpu_ns_per_message", ns / 2,
		"voluntary_switches_per_message", 1.0, "migrations", 1, "counters", "cycles", 10.0,
		"cpu_ns_per_message", ns / 4, "voluntary_switches_per_message", 0.5, "migrations",
		2, "counters", "cycles", 20.0, "histogram", "batch", 4, "buckets", 100, 100, 99,
		900, 900, 1));
	assert_true(results_add_record_json(results, record, "test", 0) >= 0);
}

static void test_estimates(void **state)
{
	_cleanup_(results_freep) struct results *results = results_new();
	_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));

	(void)state;
	for (unsigned i = 1; i <= 5; i++)
		add(results, 100 * i, "near", "near");
	summary_of(results_find(results, NAME), summary);
	assert_int_equal(summary->time.n, 5);
	assert_true(summary->time.value == 300);
	assert_true(summary->time.level == 0 && summary->time.low == 300);

	add(results, 600, "near", "near");
	summary_of(results_find(results, NAME), summary);
	assert_true(summary->time.value == 350);
	/* Six runs: from the smallest to the largest, 1 - 2 / 64. */
	assert_true(summary->time.low == 100 && summary->time.high == 600);
	assert_true(fabs(summary->time.level - 0.96875) < 1e-9);
	assert_int_equal(summary->repetitions, 18);
	assert_true(summary->cpu.value == 350 * 0.75);
	assert_true(summary->side[1].cpu_ns == 350 * 0.25);
	assert_true(summary->switches_per_message == 1.5);
	assert_int_equal(summary->migrations, 18);
	assert_int_equal(summary->counter_count, 1);
	assert_true(summary->counters[0].per_message == 30);
	assert_int_equal(summary->count, 600);
	assert_int_equal(summary->batch, 4);
	assert_true(summary->p50_ns == 0.1 && summary->p99_ns == 0.1);
	assert_true(summary->p999_ns == 0.9 && summary->max_ns == 0.9);
}

static void test_populations(void **state)
{
	_cleanup_(results_freep) struct results *results = results_new();
	_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));

	(void)state;
	add(results, 900, "far", "far");
	add(results, 100, "near", "near");
	add(results, 110, "near", "near");
	add(results, 1, "near", "far");
	add(results, 2, "busy", "busy");
	summary_of(results_find(results, NAME), summary);
	assert_string_equal(summary->state, "near");
	assert_int_equal(summary->time.n, 2);
	assert_true(summary->time.value == 105);
	assert_int_equal(summary->rejected, 2);
	assert_int_equal(summary->population_count, 1);
	assert_string_equal(summary->populations[0].state, "far");
	assert_int_equal(summary->populations[0].n, 1);
	assert_true(summary->populations[0].median_ns == 900);
	assert_int_equal(summary->count, 200);
}

static void test_modes(void **state)
{
	_cleanup_(results_freep) struct results *results = results_new();
	_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(results, i < 4 ? 100 + i : 800 + i, "near", "near");
	summary_of(results_find(results, NAME), summary);
	assert_true(summary->bimodal);
	assert_int_equal(summary->n_low, 4);
	assert_true(summary->median_low_ns < 104 && summary->median_high_ns > 800);
}

static void test_all_rejected(void **state)
{
	_cleanup_(results_freep) struct results *results = results_new();
	_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));

	(void)state;
	add(results, 1, "near", "far");
	summary_of(results_find(results, NAME), summary);
	assert_int_equal(summary->time.n, 0);
	assert_int_equal(summary->rejected, 1);
}

/* Facts: of a run the median over the repetitions that have them, of the cell that over the runs.
 */
static void test_facts(void **state)
{
	static const double sold[][3] = {{5, 1, 3}, {10, 30, 20}, {7, 7, 8}};
	_cleanup_(results_freep) struct results *results = results_new();
	_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		add(results, 100, "near", "near");
	struct result_cell *cell = results_find(results, NAME);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 3; j++) {
			json_t *repetitions = json_object_get(cell->runs[i].json, "repetitions");
			json_put(json_array_get(repetitions, j), "facts",
				own(json_pack("{s:f}", "oversold", sold[i][j])));
		}
	json_t *last = json_array_get(json_object_get(cell->runs[1].json, "repetitions"), 2);
	json_put(json_object_get(last, "facts"), "fairness", own(json_real(0.5)));
	summary_of(cell, summary);
	assert_int_equal(summary->fact_count, 2);
	const struct summary_fact *fact = summary_fact(summary, "oversold");
	assert_true(fact->value == 7 && fact->min == 1 && fact->max == 30);
	fact = summary_fact(summary, "fairness");
	assert_true(fact->value == 0.5 && fact->min == 0.5 && fact->max == 0.5);
	assert_null(summary_fact(summary, "novel"));
}

static void test_ratio(void **state)
{
	struct estimate a = {.value = 10, .low = 9, .high = 11, .level = 0.97, .n = 9};
	struct estimate b = {.value = 20, .low = 18, .high = 22, .level = 0.97, .n = 7};
	struct estimate none = {.value = 50, .low = 50, .high = 50, .level = 0, .n = 3};

	(void)state;
	struct estimate ratio = estimate_ratio(&a, &b);
	assert_true(ratio.value == 2 && ratio.low == 18.0 / 11 && ratio.high == 22.0 / 9);
	assert_true(fabs(ratio.level - 0.94) < 1e-9 && ratio.n == 7);
	assert_true(estimate_differs(&a, &b) && estimate_differs(&b, &a));
	assert_true(estimate_ratio(&a, &none).level == 0);
	assert_false(estimate_differs(&a, &none));
	b.low = 11;
	assert_false(estimate_differs(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_estimates),
		cmocka_unit_test(test_populations),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_all_rejected),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_ratio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
