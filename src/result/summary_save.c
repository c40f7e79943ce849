/* summary.json: one entry per cell, for the tools that keep one figure per name. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "result/internal.h"
#include "result/own.h"
#include "result/summary.h"

static void put_estimate(json_t *object, const char *key, const struct estimate *estimate)
{
	if (estimate->n == 0)
		return;
	json_t *json = own(json_object());
	json_put_number(json, "value", estimate->value);
	json_put_integer(json, "n", estimate->n);
	if (estimate->level > 0) {
		json_put_number(json, "low", estimate->low);
		json_put_number(json, "high", estimate->high);
		json_put_number(json, "level", estimate->level);
	}
	json_put(object, key, json);
}

static void put_counters(json_t *json, const struct summary *summary)
{
	if (summary->count > 0) {
		json_put_number(json, "p50", summary->p50_ns);
		json_put_number(json, "p90", summary->p90_ns);
		json_put_number(json, "p99", summary->p99_ns);
		json_put_number(json, "p999", summary->p999_ns);
		json_put_number(json, "max", summary->max_ns);
	}
	if (summary->time.level > 0) {
		json_put_number(json, "ci_low", summary->time.low);
		json_put_number(json, "ci_high", summary->time.high);
	}
	json_put_number(json, "cpu_ns_per_message", summary->cpu.value);
	if (summary->cell->throughput && summary->rate.n)
		json_put_number(json, "items_per_second", summary->rate.value);
	if (summary->cell->throughput && summary->bytes.n)
		json_put_number(json, "bytes_per_second", summary->bytes.value);
}

static json_t *benchmark_json(const struct summary *summary, size_t family)
{
	json_t *json = own(json_object());
	char *name;

	if (asprintf(&name, "%s/real_time", summary->cell->name) < 0)
		own(NULL);
	json_put_string(json, "name", name);
	json_put_integer(json, "family_index", (int64_t)family);
	json_put_integer(json, "per_family_instance_index", 0);
	json_put_string(json, "run_name", name);
	json_put_string(json, "run_type", "iteration");
	json_put_integer(json, "repetitions", 1);
	json_put_integer(json, "repetition_index", 0);
	json_put_integer(json, "threads", 1);
	json_put_integer(json, "iterations", summary->repetitions);
	json_put_number(json, "real_time", summary->time.value);
	json_put_number(json, "cpu_time", summary->cpu.value);
	json_put_string(json, "time_unit", "ns");
	put_counters(json, summary);
	free(name);
	return json;
}

static json_t *sides_json(const struct summary *summary)
{
	json_t *array = own(json_array());

	for (unsigned i = 0; i < summary->sides; i++) {
		const struct summary_side *side = &summary->side[i];
		json_t *json = own(json_object());
		json_put_integer(json, "side", i);
		json_put_number(json, "cpu_ns_per_message", side->cpu_ns);
		json_put_number(json, "voluntary_switches_per_message", side->voluntary_switches);
		json_put_number(
			json, "involuntary_switches_per_message", side->involuntary_switches);
		json_put_number(json, "page_faults_per_message", side->page_faults);
		if (side->migrations >= 0)
			json_put_integer(json, "migrations", side->migrations);
		json_array_append_new(array, json);
	}
	return array;
}

static json_t *populations_json(const struct summary *summary)
{
	json_t *array = own(json_array());

	for (unsigned i = 0; i < summary->population_count; i++) {
		const struct summary_population *population = &summary->populations[i];
		json_t *json = own(json_object());
		json_put_string(json, "state", population->state);
		json_put_integer(json, "n", population->n);
		json_put_number(json, "median_ns", population->median_ns);
		json_array_append_new(array, json);
	}
	return array;
}

static json_t *facts_json(const struct summary *summary)
{
	json_t *facts = own(json_object());

	for (unsigned i = 0; i < summary->fact_count; i++) {
		const struct summary_fact *fact = &summary->facts[i];
		json_t *json = own(json_object());
		json_put_number(json, "value", fact->value);
		json_put_number(json, "min", fact->min);
		json_put_number(json, "max", fact->max);
		json_put(facts, fact->name, json);
	}
	return facts;
}

static json_t *summary_json(const struct summary *summary)
{
	const struct result_cell *cell = summary->cell;
	json_t *json = own(json_object()), *counters;

	json_put_string(json, "name", cell->name);
	json_put(json, "axes", json_incref(cell->axes_json));
	json_put_string(json, "unit", cell->unit);
	json_put_string(json, "direction", cell->direction);
	json_put_string(json, "status", result_status_name(cell->status));
	json_put_string(json, "reason", cell->reason);
	json_put_integer(json, "rejected", summary->rejected);
	json_put_integer(json, "failures", summary->failures);
	if (summary->time.n == 0)
		return json;
	json_put_string(json, "state", summary->state);
	put_estimate(json, "time_ns", &summary->time);
	put_estimate(json, "messages_per_second", &summary->rate);
	put_estimate(json, "bytes_per_second", &summary->bytes);
	put_estimate(json, "cpu_ns_per_message", &summary->cpu);
	json_put_number(json, "spread_within", summary->spread_within);
	json_put_number(json, "spread_between", summary->spread_between);
	json_put(json, "bimodal", json_boolean(summary->bimodal));
	if (summary->count > 0) {
		json_put_integer(json, "samples", (int64_t)summary->count);
		json_put_integer(json, "batch", summary->batch);
		json_put_number(json, "mean_ns", summary->mean_ns);
	}
	counters = own(json_object());
	for (unsigned i = 0; i < summary->counter_count; i++)
		json_put_number(
			counters, summary->counters[i].name, summary->counters[i].per_message);
	json_put(json, "counters", counters);
	if (summary->fact_count > 0)
		json_put(json, "facts", facts_json(summary));
	json_put(json, "sides", sides_json(summary));
	json_put(json, "other_populations", populations_json(summary));
	return json;
}

int summary_save(const struct results *results, const char *dir)
{
	const struct results_machine *machine = &results->machines[0];
	json_t *benchmarks = own(json_array()), *cells = own(json_array());
	json_t *ours = own(json_object());
	char text[FINGERPRINT_SUMMARY_MAX];

	for (size_t i = 0; i < results->cell_count; i++) {
		_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));
		summary_of(&results->cells[i], summary);
		if (summary->time.n > 0)
			json_array_append_new(benchmarks, benchmark_json(summary, i));
		json_array_append_new(cells, summary_json(summary));
	}
	json_put_integer(ours, "schema", RESULTS_SCHEMA);
	json_put_string(ours, "kind", "summary");
	json_put_string(ours, "version", machine->version);
	json_put_string(ours, "machine", fingerprint_summary(&machine->fingerprint, text));
	json_put(ours, "cells", cells);
	return trace(result_write(dir, "summary.json", result_context(results), benchmarks, ours));
}
