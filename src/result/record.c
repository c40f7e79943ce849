/*
 * Records: what one harness process wrote. The benchmarks of Google Benchmark in it give each
 * repetition its CPU time and counters; all else comes from our key. A record enters whole or not
 * at all: it is parsed into a list first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "result/internal.h"
#include "result/own.h"

struct entry {
	struct result_axes axes;
	const json_t *json;
	const char *name;
	struct result_run run; /* json NULL: failed */
};

struct entries {
	struct entry *entry;
	size_t count;
};

static void entries_deinit(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		result_run_deinit(&entries->entry[i].run);
	free(entries->entry);
}

/* Whether the benchmark is of the cell: its name goes on with what the library appends. */
static bool benchmark_is_of(const json_t *benchmark, const char *cell_name)
{
	static const char *const suffixes[] = {"", "/real_time", "/manual_time", "/process_time",
		"/iterations:", "/repeats:", "/min_time:", "/min_warmup_time:", "/threads:"};
	const char *name = json_string_value(json_object_get(benchmark, "name"));
	const char *type = json_string_value(json_object_get(benchmark, "run_type"));
	size_t length = strlen(cell_name);

	if (!name || strncmp(name, cell_name, length) != 0 ||
		(type && strcmp(type, "iteration") != 0) ||
		json_is_true(json_object_get(benchmark, "error_occurred")))
		return false;
	if (!name[length])
		return true;
	for (size_t i = 1; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strncmp(name + length, suffixes[i], strlen(suffixes[i])) == 0)
			return true;
	return false;
}

static bool is_counter(const char *key)
{
	static const char *const own_keys[] = {"family_index", "per_family_instance_index",
		"repetitions", "repetition_index", "threads", "iterations", "real_time", "cpu_time",
		"messages_per_second", "bytes_per_second", "items_per_second"};

	for (size_t i = 0; i < sizeof(own_keys) / sizeof(own_keys[0]); i++)
		if (strcmp(key, own_keys[i]) == 0)
			return false;
	return true;
}

static double unit_ns(const char *unit)
{
	if (unit && strcmp(unit, "us") == 0)
		return 1e3;
	if (unit && strcmp(unit, "ms") == 0)
		return 1e6;
	return unit && strcmp(unit, "s") == 0 ? 1e9 : 1;
}

/* Copies the CPU time and the counters of a benchmark entry into the repetition. */
static void annotate(json_t *repetition, json_t *benchmark)
{
	const char *unit = json_string_value(json_object_get(benchmark, "time_unit")), *key;
	json_t *value, *counters = own(json_object());

	json_put_number(repetition, "cpu_time_ns",
		unit_ns(unit) * json_number_value(json_object_get(benchmark, "cpu_time")));
	json_object_foreach (benchmark, key, value)
		if (json_is_number(value) && is_counter(key))
			json_object_set(counters, key, value);
	json_put(repetition, "counters", counters);
}

static void annotate_all(json_t *run, const json_t *record, const char *cell_name)
{
	json_t *repetitions = json_object_get(run, "repetitions"), *benchmark;
	size_t index, next = 0;

	json_array_foreach (json_object_get(record, "benchmarks"), index, benchmark) {
		if (!benchmark_is_of(benchmark, cell_name))
			continue;
		json_t *repetition = json_array_get(repetitions, next++);
		if (json_is_object(repetition))
			annotate(repetition, benchmark);
	}
}

static void read_cell(struct json_reader *reader, const json_t *record, const json_t *json,
	unsigned round, struct entry *ret)
{
	json_reader_at(reader, "ipcmark.cells");
	const char *name = json_need_string(reader, json, "name");
	json_reader_at(reader, "cell '%s'", name);
	const char *status = json_need_string(reader, json, "status");
	result_axes_read(reader, json_need_object(reader, json, "axes"), &ret->axes);
	ret->name = name;
	ret->json = json;
	if (reader->r < 0 || strcmp(status, "failed") == 0)
		return;
	if (strcmp(status, "ok") != 0) {
		json_reader_fail(reader, "'status' is neither ok nor failed but '%s'", status);
		return;
	}
	json_t *recorded = json_need_object(reader, json, "run");
	if (!recorded)
		return;
	json_t *run = own(json_deep_copy(recorded));
	json_put_integer(run, "round", round);
	annotate_all(run, record, name);
	result_run_read(reader, run, &ret->run);
	json_decref(run);
	if (reader->r >= 0)
		ret->run.why = result_run_judge(&ret->run);
}

static void set_text(char **member, const char *value)
{
	if (!value || !value[0])
		return;
	free(*member);
	*member = own_string(value);
}

/* 1 when the run was rejected. */
static int enter(struct results *results, struct entry *entry)
{
	struct result_cell *cell =
		result_cell_need(results, entry->name, &entry->axes, 0, RESULT_FAILED);

	json_decref(cell->axes_json);
	cell->axes_json = own(json_deep_copy(json_object_get(entry->json, "axes")));
	set_text(&cell->unit, json_string_value(json_object_get(entry->json, "unit")));
	set_text(&cell->direction, json_string_value(json_object_get(entry->json, "direction")));
	cell->throughput = json_is_true(json_object_get(entry->json, "throughput"));
	if (!entry->run.json) {
		result_cell_fail(cell, json_string_value(json_object_get(entry->json, "reason")));
		return 0;
	}
	int rejected = entry->run.why != NULL;
	result_cell_append(cell, &entry->run);
	return rejected;
}

int results_add_record_json(
	struct results *results, const json_t *record, const char *where, unsigned round)
{
	struct json_reader reader = {.file = where};
	_cleanup_(entries_deinit) struct entries entries = {0};
	json_t *ours = json_need_object(&reader, record, "ipcmark");
	int64_t schema = json_read_integer(&reader, ours, "schema", 0);
	json_t *cells = json_need_array(&reader, ours, "cells"), *cell;
	json_t *context = json_need_object(&reader, record, "context");
	size_t index;
	int rejected = 0;

	if (schema != RESULTS_SCHEMA)
		json_reader_fail(&reader, "this version reads schema %d, not %lld", RESULTS_SCHEMA,
			(long long)schema);
	if (reader.r < 0)
		return trace(reader.r);
	entries.entry = own_array(json_array_size(cells), sizeof(*entries.entry));
	json_array_foreach (cells, index, cell) {
		entries.count++;
		read_cell(&reader, record, cell, round, &entries.entry[index]);
		if (reader.r < 0)
			return trace(reader.r);
	}
	for (size_t i = 0; i < entries.count; i++)
		rejected += enter(results, &entries.entry[i]);
	if (!results->context)
		results->context = own(json_deep_copy(context));
	return rejected;
}

int results_add_record(struct results *results, const char *record_path, unsigned round)
{
	_cleanup_(json_freep) json_t *record = NULL;
	int r = json_load_path(record_path, &record);

	if (r < 0)
		return trace(r);
	return trace(results_add_record_json(results, record, record_path, round));
}
