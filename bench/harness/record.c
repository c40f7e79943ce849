#include "harness/record.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "measure/cycles.h"

/* What is kept of one cell. */
struct entry {
	char name[CELL_NAME_MAX];
	json_t *json;    /* the cell's object */
	json_t *results; /* one per call: calibration too */
	struct hist **hists;
	size_t count;
	unsigned repetitions; /* as reported */
};

struct record {
	json_t *context, *benchmarks;
	struct entry *entries;
	size_t entry_count;
	unsigned failures;
	struct gb_reporter reporter;
};

/* jansson refuses NaN and infinity, as JSON does: such a number is left out. */
static void put_number(json_t *object, const char *key, double value)
{
	if (isfinite(value))
		json_object_set_new(object, key, json_real(value));
}

static void put_text(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string(value));
}

static void put_integer(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

/* ---- the reporter ---- */

static int on_context(const struct gb_context *context, void *user)
{
	struct record *record = user;
	json_t *caches = json_array(), *load = json_array();

	/* The name alone: results are handed around, and a path says who and where. */
	const char *slash = strrchr(context->executable, '/');
	put_text(record->context, "executable", slash ? slash + 1 : context->executable);
	put_text(record->context, "host_name", context->host);
	put_integer(record->context, "num_cpus", context->cpus);
	put_integer(record->context, "mhz_per_cpu", (int64_t)(context->cycles_per_second / 1e6));
	if (context->scaling >= 0)
		json_object_set_new(
			record->context, "cpu_scaling_enabled", json_boolean(context->scaling));
	for (size_t i = 0; i < context->caches_count; i++) {
		const struct gb_cache *cache = &context->caches[i];
		json_array_append_new(
			caches, json_pack("{s:s, s:i, s:i, s:i}", "type", cache->type, "level",
					cache->level, "size", cache->size_bytes, "num_sharing",
					cache->sharing_cpus));
	}
	json_object_set_new(record->context, "caches", caches);
	for (size_t i = 0; i < context->load_count; i++)
		json_array_append_new(load, json_real(context->load[i]));
	json_object_set_new(record->context, "load_avg", load);
	/* Ours: what the library says of itself is about how the distribution has built it. */
	put_text(record->context, "library_build_type", IPCMARK_BUILD_TYPE);
	put_text(record->context, "benchmark_library_version", gb_library_version());
	return 0;
}

static struct entry *entry_find(struct record *record, const char *name)
{
	for (size_t i = 0; i < record->entry_count; i++)
		if (strcmp(record->entries[i].name, name) == 0)
			return &record->entries[i];
	return NULL;
}

static void on_runs(const struct gb_report *reports, size_t count, void *user)
{
	struct record *record = user;
	char name[CELL_NAME_MAX + 16];

	for (size_t i = 0; i < count; i++) {
		const struct gb_report *report = &reports[i];
		if (report->run_type != GB_RUN_ITERATION || report->has_error || report->is_skipped)
			continue;
		struct entry *entry = entry_find(record, report->name_function);
		if (!entry)
			continue;
		entry->repetitions++;
		snprintf(name, sizeof(name), "%s/real_time", report->name_function);
		json_t *json = json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:I}", "name",
			name, "family_index", (json_int_t)report->family_index,
			"per_family_instance_index", (json_int_t)report->instance_index, "run_name",
			name, "run_type", "iteration", "repetitions",
			(json_int_t)report->repetitions, "repetition_index",
			(json_int_t)report->repetition_index, "threads",
			(json_int_t)report->threads, "iterations", (json_int_t)report->iterations);
		put_number(json, "real_time", report->time_real);
		put_number(json, "cpu_time", report->time_cpu);
		put_text(json, "time_unit", gb_unit_name(report->unit));
		for (size_t c = 0; c < report->counters_count; c++)
			put_number(json, report->counters[c].name, report->counters[c].value);
		json_array_append_new(record->benchmarks, json);
	}
}

struct record *record_new(void)
{
	struct record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->context = json_object();
	record->benchmarks = json_array();
	record->reporter = (struct gb_reporter){
		.size = sizeof(struct gb_reporter),
		.user = record,
		.context = on_context,
		.runs = on_runs,
	};
	return record;
}

/* A histogram takes 160 KB: a program that runs all cells must not keep those of each call. */
static void forget_results(struct entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		free(entry->hists[i]);
	free(entry->hists);
	entry->hists = NULL;
	entry->count = 0;
	json_array_clear(entry->results);
}

void record_free(struct record *record)
{
	if (!record)
		return;
	for (size_t i = 0; i < record->entry_count; i++) {
		struct entry *entry = &record->entries[i];
		forget_results(entry);
		json_decref(entry->json);
		json_decref(entry->results);
	}
	free(record->entries);
	json_decref(record->context);
	json_decref(record->benchmarks);
	free(record);
}

const struct gb_reporter *record_reporter(struct record *record)
{
	return &record->reporter;
}

unsigned record_failures(const struct record *record)
{
	return record->failures;
}

/* ---- a cell ---- */

static void put_axis(void *context, const char *axis, const char *value)
{
	json_t *axes = context;

	json_object_set_new(axes, axis,
		axis_is_number(axis) ? json_integer(strtoll(value, NULL, 10)) : json_string(value));
}

static json_t *cell_json(const struct cell *cell)
{
	json_t *json = json_object(), *axes = json_object();

	put_text(json, "name", cell->name);
	cell_axes(cell, put_axis, axes);
	json_object_set_new(json, "axes", axes);
	put_text(json, "unit", cell->workload->unit);
	put_text(json, "direction", cell->workload->direction);
	json_object_set_new(json, "throughput", json_boolean(cell->workload->throughput));
	return json;
}

static struct entry *entry_of(struct record *record, const struct cell *cell)
{
	struct entry *entry = entry_find(record, cell->name);

	if (entry)
		return entry;
	record->entries =
		reallocarray(record->entries, record->entry_count + 1, sizeof(*record->entries));
	if (!record->entries)
		abort();
	entry = &record->entries[record->entry_count++];
	*entry = (struct entry){.json = cell_json(cell), .results = json_array()};
	snprintf(entry->name, sizeof(entry->name), "%s", cell->name);
	return entry;
}

static json_t *facts_json(const struct fact_list *list)
{
	json_t *facts = json_object();

	for (unsigned i = 0; i < list->count; i++)
		put_number(facts, list->facts[i].name, list->facts[i].value);
	return facts;
}

static json_t *side_json(const struct session_side *side, unsigned index, double messages)
{
	json_t *json = json_object();
	const struct usage *usage = &side->usage;

	put_integer(json, "side", index);
	put_integer(json, "pid", side->pid);
	put_integer(json, "cpu", usage->cpu);
	put_integer(json, "wanted_cpu", side->wanted_cpu);
	put_number(json, "cpu_ns_per_message", (double)usage->cpu_ns / messages);
	put_number(json, "voluntary_switches_per_message", (double)usage->voluntary / messages);
	put_number(json, "involuntary_switches_per_message", (double)usage->involuntary / messages);
	json_object_set_new(json, "migrations",
		usage->migrations < 0 ? json_null() : json_integer(usage->migrations));
	put_number(json, "page_faults_per_message", (double)usage->page_faults / messages);
	json_object_set_new(json, "facts", facts_json(&side->facts));
	return json;
}

void record_add_counters(struct record *record, const struct cell *cell,
	const struct session *session, uint64_t messages)
{
	struct entry *entry = entry_of(record, cell);
	json_t *last = json_array_get(entry->results, entry->count - 1);
	json_t *sides = json_object_get(last, "sides"), *side;
	size_t index;

	json_array_foreach (sides, index, side) {
		const struct perf_values *values = session_counters(session, (unsigned)index);
		json_t *counters = json_object();
		for (unsigned i = 0; i < PERF_COUNTERS; i++)
			if (values->counters[i].present)
				put_number(counters, perf_name((enum perf_counter)i),
					(double)values->counters[i].value / (double)messages);
		json_object_set_new(side, "counters", counters);
	}
}

void record_add_result(
	struct record *record, const struct cell *cell, const struct session_result *result)
{
	struct entry *entry = entry_of(record, cell);
	json_t *json = json_object(), *sides = json_array();
	double seconds = (double)result->elapsed_ns / 1e9;
	double messages = (double)result->messages;

	put_integer(json, "iterations", (int64_t)result->iterations);
	put_number(json, "real_time_ns", (double)result->elapsed_ns / (double)result->iterations);
	put_number(json, "p50_ns", (double)hist_quantile_ps(result->hist, 0.5) / 1e3);
	put_number(json, "messages_per_second", messages / seconds);
	if (cell->workload->needs_size)
		put_number(json, "bytes_per_second", messages * (double)cell->size_bytes / seconds);
	if (result->facts.count)
		json_object_set_new(json, "facts", facts_json(&result->facts));
	for (unsigned i = 0; i < result->side_count; i++)
		json_array_append_new(sides, side_json(&result->sides[i], i, messages));
	json_object_set_new(json, "sides", sides);
	put_integer(json, "batch", result->batch);
	json_array_append_new(entry->results, json);
	entry->hists = reallocarray(entry->hists, entry->count + 1, sizeof(entry->hists[0]));
	if (!entry->hists)
		abort();
	entry->hists[entry->count++] = result->hist;
}

static json_t *histogram_json(const struct hist *hist, unsigned batch)
{
	json_t *json = json_object(), *buckets = json_array();
	struct hist_bucket bucket;

	for (unsigned at = 0; hist_next(hist, &at, &bucket);)
		json_array_append_new(
			buckets, json_pack("[I, I, I]", (json_int_t)bucket.low_ps,
					 (json_int_t)bucket.high_ps, (json_int_t)bucket.count));
	put_text(json, "unit", "ps");
	put_integer(json, "batch", batch);
	put_integer(json, "count", (int64_t)hist->total);
	put_integer(json, "min_ps", hist_min_ps(hist));
	put_integer(json, "max_ps", hist_max_ps(hist));
	put_number(json, "mean_ps", hist_mean_ps(hist));
	json_object_set_new(json, "buckets", buckets);
	return json;
}

static void put_probe(
	json_t *run, const char *state, const char *round_trip, const struct probe_result *probe)
{
	json_object_set_new(
		run, state, probe ? json_string(probe_state_name(probe->state)) : json_null());
	if (probe)
		put_number(run, round_trip, probe->round_trip_ns);
}

/* The reported repetitions: the last ones. The sides are those of the last. */
static json_t *run_json(
	const struct entry *entry, const struct cell *cell, const struct session *session)
{
	json_t *run = json_object(), *repetitions = json_array();
	/* Fewer are kept than reported when the library has interleaved the repetitions of several
	 * cells: each return to a cell is a session of its own. */
	size_t reported = entry->repetitions && entry->repetitions < entry->count
				  ? entry->repetitions
				  : entry->count;
	struct hist *merged = calloc(1, sizeof(*merged));
	unsigned batch = 1;

	put_probe(run, "state_before", "probe_before_ns", session_probe_before(session));
	put_probe(run, "state_after", "probe_after_ns", session_probe_after(session));
	put_text(run, "idle", idle_name(cell->idle));
	put_number(run, "clock_read_ns", cycles_info()->read_ns);
	for (size_t i = entry->count - reported; i < entry->count; i++) {
		json_t *result = json_array_get(entry->results, i);
		if (i + 1 == entry->count)
			json_object_set(run, "sides", json_object_get(result, "sides"));
		batch = (unsigned)json_integer_value(json_object_get(result, "batch"));
		json_object_del(result, "sides");
		json_object_del(result, "batch");
		json_array_append(repetitions, result);
		if (merged)
			hist_merge(merged, entry->hists[i]);
	}
	json_object_set_new(run, "repetitions", repetitions);
	put_integer(run, "batch", batch);
	if (merged && merged->total)
		json_object_set_new(run, "histogram", histogram_json(merged, batch));
	free(merged);
	return run;
}

void record_finish_cell(struct record *record, const struct cell *cell,
	const struct session *session, int r, const char *reason)
{
	struct entry *entry = entry_of(record, cell);

	put_text(entry->json, "status", r < 0 ? "failed" : "ok");
	if (r < 0) {
		put_text(entry->json, "reason", reason);
		record->failures++;
	} else {
		json_object_set_new(entry->json, "run", run_json(entry, cell, session));
	}
	forget_results(entry);
}

/* ---- writing ---- */

static json_t *document(json_t *context, json_t *benchmarks, json_t *cells)
{
	return json_pack("{s:O, s:O, s:{s:i, s:s, s:o}}", "context", context, "benchmarks",
		benchmarks, "ipcmark", "schema", 1, "kind", "record", "cells", cells);
}

static int save(json_t *json, const char *path)
{
	_cleanup_(freep) char *temporary = NULL;
	int r = 0;

	if (asprintf(&temporary, "%s.%d.tmp", path, getpid()) < 0)
		r = fail(-ENOMEM, "no memory to write %s", path);
	else if (json_dump_file(json, temporary, JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0 ||
		 rename(temporary, path) < 0) {
		int error = errno ? errno : EIO;
		unlink(temporary);
		r = fail(-error, "cannot write %s: %s", path, strerror(error));
	}
	json_decref(json);
	return r;
}

int record_save(const struct record *record, const char *path)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < record->entry_count; i++)
		json_array_append(cells, record->entries[i].json);
	return trace(save(document(record->context, record->benchmarks, cells), path));
}

int record_save_failure(const char *path, const struct cell *cell, const char *reason)
{
	json_t *context = json_object(), *benchmarks = json_array(), *cells = json_array();
	json_t *json = cell_json(cell);

	put_text(json, "status", "failed");
	put_text(json, "reason", reason);
	json_array_append_new(cells, json);
	int r = save(document(context, benchmarks, cells), path);
	json_decref(context);
	json_decref(benchmarks);
	return trace(r);
}
