/*
 * results.json back into the model. Nothing in the file is trusted: every member is checked, the
 * first that is wrong is named with its place, and then nothing is returned. What this version does
 * not know is kept in the JSON of the runs and the axes.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "result/internal.h"
#include "result/own.h"

static char *copy_text(struct json_reader *reader, const json_t *object, const char *key)
{
	return own_string(json_read_string(reader, object, key, NULL));
}

static void read_fingerprint(
	struct json_reader *reader, const json_t *ours, struct fingerprint *ret)
{
	json_t *json = json_need_object(reader, ours, "fingerprint"), *field;
	size_t index;

	json_array_foreach (json_need_array(reader, json, "fields"), index, field)
		if (fingerprint_add(ret, json_need_string(reader, field, "name"),
			    json_need_string(reader, field, "value")) < 0)
			json_reader_fail(reader, "the fingerprint has too many fields");
}

static void read_findings(struct json_reader *reader, const json_t *doctor)
{
	static const char *const keys[] = {"severity", "check", "finding", "advice"};
	json_t *finding;
	size_t index;

	json_array_foreach (doctor, index, finding)
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			json_read_string(reader, finding, keys[i], NULL);
}

static void read_machine(
	struct json_reader *reader, const json_t *ours, struct results_machine *ret)
{
	ret->version = copy_text(reader, ours, "version");
	ret->command = copy_text(reader, ours, "command");
	ret->suite = copy_text(reader, ours, "suite");
	ret->started = copy_text(reader, ours, "started");
	ret->finished = copy_text(reader, ours, "finished");
	ret->build_type = copy_text(reader, ours, "build_type");
	ret->topology = copy_text(reader, ours, "topology");
	ret->seed = (uint64_t)json_read_integer(reader, ours, "seed", 0);
	ret->interrupted = json_read_boolean(reader, ours, "interrupted", false);
	ret->doctor = json_incref(json_read_array(reader, ours, "doctor"));
	read_findings(reader, ret->doctor);
	json_t *clock = json_object_get(ours, "clock");
	if (json_is_object(clock))
		ret->clock = json_incref(clock);
	read_fingerprint(reader, ours, &ret->fingerprint);
}

static void read_runs(
	struct json_reader *reader, const json_t *json, const char *key, struct result_cell *cell)
{
	json_t *run;
	size_t index;

	json_array_foreach (json_read_array(reader, json, key), index, run) {
		struct result_run read = {0};
		json_reader_at(reader, "cell '%s', %s[%zu]", cell->name, key, index);
		const char *why = json_read_string(reader, run, "why", NULL);
		if (strcmp(key, "rejected") == 0 && !why)
			json_reader_fail(reader, "'why' is missing");
		result_run_read(reader, run, &read);
		if (reader->r < 0)
			return;
		read.why = own_string(why);
		result_cell_append(cell, &read);
	}
}

static void read_cell(struct json_reader *reader, struct results *results, const json_t *json)
{
	struct result_axes axes;
	enum result_status status = RESULT_OK;

	json_reader_at(reader, "ipcmark.cells");
	const char *name = json_need_string(reader, json, "name");
	json_reader_at(reader, "cell '%s'", name);
	const char *text = json_need_string(reader, json, "status");
	json_t *axes_json = json_need_object(reader, json, "axes");
	result_axes_read(reader, axes_json, &axes);
	while (status <= RESULT_FAILED && strcmp(text, result_status_name(status)) != 0)
		status++;
	if (status > RESULT_FAILED)
		json_reader_fail(reader, "'status' is '%s', not ok, skipped or failed", text);
	if (reader->r >= 0 && results_find(results, name))
		json_reader_fail(reader, "there is a second one of that name");
	if (reader->r < 0)
		return;

	struct result_cell *cell = result_cell_need(results, name, &axes, 0, status);
	json_decref(cell->axes_json);
	cell->axes_json = json_incref(axes_json);
	free(cell->unit);
	free(cell->direction);
	cell->unit = own_string(json_read_string(reader, json, "unit", ""));
	cell->direction = own_string(json_read_string(reader, json, "direction", ""));
	cell->throughput = json_read_boolean(reader, json, "throughput", false);
	cell->reason = copy_text(reader, json, "reason");
	cell->failures = (unsigned)json_read_integer(reader, json, "failures", 0);
	read_runs(reader, json, "runs", cell);
	read_runs(reader, json, "rejected", cell);
	if (reader->r >= 0 && status == RESULT_OK && cell->run_count == 0)
		json_reader_fail(reader, "it is ok but has no runs");
}

static int read_results(const json_t *json, const char *path, struct results **ret)
{
	struct json_reader reader = {.file = path};
	_cleanup_(results_freep) struct results *results = results_new();
	json_t *ours = json_need_object(&reader, json, "ipcmark"), *cell;
	const char *kind = json_need_string(&reader, ours, "kind");
	int64_t schema = json_read_integer(&reader, ours, "schema", 0);
	size_t index;

	if (schema != RESULTS_SCHEMA || strcmp(kind, "results") != 0)
		json_reader_fail(&reader,
			"this version reads results of schema %d, this is '%s' of schema %lld",
			RESULTS_SCHEMA, kind, (long long)schema);
	if (reader.r < 0)
		return trace(reader.r);
	results->context = json_incref(json_need_object(&reader, json, "context"));
	read_machine(&reader, ours, &results->machines[0]);
	json_array_foreach (json_need_array(&reader, ours, "cells"), index, cell) {
		if (reader.r < 0)
			break;
		read_cell(&reader, results, cell);
	}
	if (reader.r < 0)
		return trace(reader.r);
	*ret = TAKE_PTR(results);
	return 0;
}

int results_load(const char *dir, struct results **ret_results)
{
	_cleanup_(json_freep) json_t *json = NULL;
	char path[PATH_MAX];
	struct stat stat_of_dir;

	bool is_dir = stat(dir, &stat_of_dir) == 0 && S_ISDIR(stat_of_dir.st_mode);
	if (snprintf(path, sizeof(path), "%s%s", dir, is_dir ? "/results.json" : "") >= PATH_MAX)
		return fail(-ENAMETOOLONG, "%s: the path is too long", dir);
	int r = json_load_path(path, &json);
	if (r < 0)
		return trace(r);
	return trace(read_results(json, path, ret_results));
}
