/*
 * results.json. The benchmarks are derived from the runs at every save, so the two cannot disagree:
 * accepted runs only, no aggregates, no errors, no NaN, as the readers of that schema need it
 * (compare.py, github-action-benchmark, Bencher, Conbench).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "result/file.h"
#include "result/internal.h"
#include "result/own.h"

json_t *result_context(const struct results *results)
{
	static const char *const needed = "{\"date\": \"\", \"host_name\": \"\", \"executable\": "
					  "\"ipcmark\", \"num_cpus\": 0, "
					  "\"mhz_per_cpu\": 0, \"cpu_scaling_enabled\": false, "
					  "\"caches\": [], \"load_avg\": []}";
	json_t *context = own(json_loads(needed, 0, NULL));
	const struct results_machine *machine = &results->machines[0];

	json_put_string(context, "date", machine->started);
	if (results->context)
		json_object_update(context, results->context);
	json_put_string(context, "library_build_type",
		machine->build_type ? machine->build_type : "release");
	return context;
}

static json_t *benchmark_json(const struct result_cell *cell, size_t family, json_t *repetition,
	size_t index, size_t total)
{
	json_t *json = own(json_object()), *counters = json_object_get(repetition, "counters");
	char *name;

	if (asprintf(&name, "%s/real_time", cell->name) < 0)
		own(NULL);
	json_put_string(json, "name", name);
	json_put_integer(json, "family_index", (int64_t)family);
	json_put_integer(json, "per_family_instance_index", 0);
	json_put_string(json, "run_name", name);
	json_put_string(json, "run_type", "iteration");
	json_put_integer(json, "repetitions", (int64_t)total);
	json_put_integer(json, "repetition_index", (int64_t)index);
	json_put_integer(json, "threads", 1);
	json_put_integer(
		json, "iterations", json_integer_value(json_object_get(repetition, "iterations")));
	json_put_number(
		json, "real_time", json_number_value(json_object_get(repetition, "real_time_ns")));
	json_put_number(
		json, "cpu_time", json_number_value(json_object_get(repetition, "cpu_time_ns")));
	json_put_string(json, "time_unit", "ns");
	if (counters)
		json_object_update_missing(json, counters);
	if (cell->throughput) {
		json_t *messages = json_object_get(repetition, "messages_per_second");
		json_t *bytes = json_object_get(repetition, "bytes_per_second");
		if (messages)
			json_object_set(json, "items_per_second", messages);
		if (bytes)
			json_object_set(json, "bytes_per_second", bytes);
	}
	free(name);
	return json;
}

static size_t cell_repetitions(const struct result_cell *cell)
{
	size_t total = 0;

	for (size_t i = 0; i < cell->run_count; i++)
		total += cell->runs[i].why ? 0 : cell->runs[i].repetitions;
	return total;
}

/* One entry per accepted process run and repetition. */
static json_t *benchmarks_json(const struct results *results)
{
	json_t *array = own(json_array()), *repetition;

	for (size_t c = 0; c < results->cell_count; c++) {
		const struct result_cell *cell = &results->cells[c];
		size_t total = cell_repetitions(cell), next = 0, i;
		for (size_t r = 0; r < cell->run_count; r++) {
			if (cell->runs[r].why)
				continue;
			json_array_foreach (
				json_object_get(cell->runs[r].json, "repetitions"), i, repetition)
				json_array_append_new(
					array, benchmark_json(cell, c, repetition, next++, total));
		}
	}
	return array;
}

static json_t *cell_json(const struct result_cell *cell)
{
	json_t *json = own(json_object());
	json_t *accepted = own(json_array()), *rejected = own(json_array());

	json_put_string(json, "name", cell->name);
	json_put(json, "axes", json_incref(cell->axes_json));
	json_put_string(json, "unit", cell->unit);
	json_put_string(json, "direction", cell->direction);
	json_put(json, "throughput", json_boolean(cell->throughput));
	json_put_string(json, "status", result_status_name(cell->status));
	json_put_string(json, "reason", cell->reason);
	if (cell->failures)
		json_put_integer(json, "failures", cell->failures);
	for (size_t i = 0; i < cell->run_count; i++) {
		const struct result_run *run = &cell->runs[i];
		json_t *copy = own(json_copy(run->json));
		json_put_string(copy, "why", run->why);
		json_array_append_new(run->why ? rejected : accepted, copy);
	}
	json_put(json, "runs", accepted);
	json_put(json, "rejected", rejected);
	return json;
}

static json_t *fingerprint_json(const struct fingerprint *fingerprint)
{
	char summary[FINGERPRINT_SUMMARY_MAX], hash[20];
	json_t *json = own(json_object()), *fields = own(json_array());

	snprintf(hash, sizeof(hash), "%016" PRIx64, fingerprint_hash(fingerprint));
	json_put_string(json, "summary", fingerprint_summary(fingerprint, summary));
	json_put_string(json, "hash", hash);
	for (unsigned i = 0; i < fingerprint->count; i++) {
		const struct fingerprint_field *field = &fingerprint->fields[i];
		json_t *object = own(json_object());
		json_put_string(object, "name", field->name);
		json_put_string(object, "value", field->value);
		json_put_string(object, "policy", fingerprint_policy_name(field->policy));
		json_array_append_new(fields, object);
	}
	json_put(json, "fields", fields);
	return json;
}

static json_t *ipcmark_json(const struct results *results)
{
	const struct results_machine *machine = &results->machines[0];
	json_t *json = own(json_object()), *cells = own(json_array());

	json_put_integer(json, "schema", RESULTS_SCHEMA);
	json_put_string(json, "kind", "results");
	json_put_string(json, "version", machine->version);
	json_put_string(json, "command", machine->command);
	json_put_string(json, "suite", machine->suite);
	json_put_integer(json, "seed", (int64_t)machine->seed);
	json_put_string(json, "started", machine->started);
	json_put_string(json, "finished", machine->finished);
	json_put_string(json, "build_type", machine->build_type);
	json_put(json, "interrupted", json_boolean(machine->interrupted));
	json_put(json, "fingerprint", fingerprint_json(&machine->fingerprint));
	if (machine->doctor)
		json_put(json, "doctor", json_incref(machine->doctor));
	json_put_string(json, "topology", machine->topology);
	if (machine->clock)
		json_put(json, "clock", json_incref(machine->clock));
	for (size_t i = 0; i < results->cell_count; i++)
		json_array_append_new(cells, cell_json(&results->cells[i]));
	json_put(json, "cells", cells);
	return json;
}

/* The members of our key one by one, its cells one per line: a file that a diff can show. */
static void write_ipcmark(FILE *out, json_t *ipcmark)
{
	const char *key, *comma = "";
	json_t *value;

	fputs("{", out);
	json_object_foreach (ipcmark, key, value) {
		fprintf(out, "%s\n \"%s\": ", comma, key);
		if (strcmp(key, "cells") == 0)
			json_write_lines(out, value);
		else
			json_write(out, value);
		comma = ",";
	}
	fputs("\n}", out);
}

int result_write(
	const char *dir, const char *name, json_t *context, json_t *benchmarks, json_t *ipcmark)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *out = own(open_memstream(&text, &size));

	fputs("{\"context\": ", out);
	json_write(out, context);
	fputs(",\n\"benchmarks\": ", out);
	json_write_lines(out, benchmarks);
	fputs(",\n\"ipcmark\": ", out);
	write_ipcmark(out, ipcmark);
	fputs("}\n", out);
	if (fclose(out) != 0)
		own(NULL);
	json_decref(context);
	json_decref(benchmarks);
	json_decref(ipcmark);
	return trace(file_write(dir, name, text, size));
}

int results_save(const struct results *results, const char *dir)
{
	if (results->machine_count != 1)
		return fail(-EINVAL, "%s: results of several machines are for reports only", dir);
	return trace(result_write(dir, "results.json", result_context(results),
		benchmarks_json(results), ipcmark_json(results)));
}
