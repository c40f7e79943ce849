/*
 * The model: records in, files out, and back. Broken records and files are refused with their
 * place; a disk that is full leaves nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <dirent.h>

#include "../../cmocka_prelude.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "result/file.h"
#include "result/json.h"
#include "result/own.h"
#include "result/results.h"
#include "result/summary.h"

#define NAME "pingpong/pipe/process/same_l3/64B"

static const char record_text[] =
	"{'context': {'host_name': 'h', 'caches': [], 'library_build_type': 'debug'},"
	" 'benchmarks': [{'name': '" NAME "/manual_time', 'run_type': 'iteration',"
	"  'repetition_index': 0, 'iterations': 10, 'real_time': 1, 'cpu_time': 2.5,"
	"  'time_unit': 'us', 'extra': 7}],"
	" 'ipcmark': {'schema': 1, 'kind': 'record', 'cells': [{'name': '" NAME "',"
	"  'axes': {'workload': 'pingpong', 'subject': 'pipe', 'exec': 'process',"
	"   'placement': 'same_l3', 'size': 64, 'novel': 'kept'},"
	"  'unit': 'round trip', 'direction': 'round trip', 'throughput': false, 'status': 'ok',"
	"  'run': {'state_before': 'near', 'state_after': 'near', 'unknown': [1, 2],"
	"   'repetitions': [{'iterations': 10, 'real_time_ns': 1000}],"
	"   'sides': [{'side': 0, 'cpu': 1, 'wanted_cpu': 1, 'cpu_ns_per_message': 400},"
	"    {'side': 1, 'cpu': 0, 'wanted_cpu': 0, 'cpu_ns_per_message': 500}],"
	"   'histogram': {'unit': 'ps', 'batch': 1, 'count': 3, 'min_ps': 100, 'max_ps': 200,"
	"    'mean_ps': 133.3, 'buckets': [[100, 100, 2], [200, 200, 1]]}}}]}}";

/* The text with `from` replaced, quotes turned, parsed. */
static json_t *record_with(const char *from, const char *to)
{
	_cleanup_(freep) char *text = NULL;
	const char *at = from ? strstr(record_text, from) : NULL;

	assert_true(!from || at);
	int head = at ? (int)(at - record_text) : (int)strlen(record_text);
	assert_true(asprintf(&text, "%.*s%s%s", head, record_text, at ? to : "",
			    at ? at + strlen(from) : "") > 0);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	json_t *json = json_loads(text, 0, NULL);
	assert_non_null(json);
	return json;
}

static int add_with(struct results *results, const char *from, const char *to, unsigned round)
{
	_cleanup_(json_freep) json_t *record = record_with(from, to);
	return results_add_record_json(results, record, "record.json", round);
}

static void make_dir(char dir[64])
{
	snprintf(dir, 64, "/tmp/ipcmark-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
}

static unsigned count_files(const char *dir)
{
	DIR *stream = opendir(dir);
	unsigned count = 0;

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(stream);
	return count;
}

static void remove_dir(const char *dir)
{
	static const char *const names[] = {"results.json", "summary.json", "record.json"};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

static void test_record(void **state)
{
	(void)state;
	_cleanup_(results_freep) struct results *results = results_new();

	assert_int_equal(add_with(results, NULL, NULL, 3), 0);
	struct result_cell *cell = results_find(results, NAME);
	assert_non_null(cell);
	assert_int_equal(cell->run_count, 1);
	assert_int_equal(cell->runs[0].round, 3);
	assert_string_equal(cell->runs[0].state, "near");
	assert_int_equal(cell->runs[0].sides, 2);
	assert_true(cell->runs[0].times_ns[0] == 1000);
	assert_int_equal(cell->axes.size_bytes, 64);
	/* The library's entry gave the repetition its CPU time, in ns, and its counters. */
	json_t *repetition = json_array_get(json_object_get(cell->runs[0].json, "repetitions"), 0);
	assert_true(json_number_value(json_object_get(repetition, "cpu_time_ns")) == 2500);
	assert_true(json_number_value(json_object_get(
			    json_object_get(repetition, "counters"), "extra")) == 7);
}

static void test_rejected(void **state)
{
	static const struct {
		const char *from, *to, *why;
	} cases[] = {
		{"'state_after': 'near'", "'state_after': 'far'",
			"the CPUs moved: near before, far after"},
		{"'state_before': 'near', 'state_after': 'near'",
			"'state_before': 'busy', 'state_after': 'busy'", "the CPUs were busy"},
		{"'cpu': 0, 'wanted_cpu': 0", "'cpu': 5, 'wanted_cpu': 0",
			"side 1 ran on CPU 5 instead of CPU 0"},
	};
	_cleanup_(results_freep) struct results *results = results_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(add_with(results, cases[i].from, cases[i].to, 0), 1);
		const struct result_cell *cell = results_find(results, NAME);
		assert_int_equal(cell->run_count, i + 1);
		assert_non_null(strstr(cell->runs[i].why, cases[i].why));
	}
	assert_int_equal(result_cell_accepted(results_find(results, NAME)), 0);
	/* A state that is not known is no reason: sides of one CPU have none. */
	assert_int_equal(add_with(results, "'state_before': 'near', 'state_after': 'near'",
				 "'state_before': null, 'state_after': null", 0),
		0);
	assert_int_equal(result_cell_accepted(results_find(results, NAME)), 1);
}

static void test_bad_records(void **state)
{
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"'schema': 1", "'schema': 2", "schema"},
		{"'cells': [", "'cellars': [", "'cells' is missing"},
		{"'status': 'ok'", "'status': 'fine'", "neither ok nor failed"},
		{"'workload': 'pingpong', ", "", "no 'workload'"},
		{"'real_time_ns': 1000", "'real_time_ns': 0", "not positive"},
		{"'real_time_ns': 1000", "'real_time_ns': 'fast'", "not a number"},
		{"'repetitions': [{'iterations': 10, 'real_time_ns': 1000}]", "'repetitions': []",
			"empty"},
		{"[200, 200, 1]", "[200, 300, 1]", "no bucket"},
		{"[200, 200, 1]", "[200, 200, -1]", "no bucket"},
		{"'cpu': 0, 'wanted", "'cpu': -7, 'wanted", "out of range"},
		{"'size': 64", "'size': -64", "out of range"},
	};
	_cleanup_(results_freep) struct results *results = results_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = add_with(results, cases[i].from, cases[i].to, 0);
		assert_int_equal(r, -EINVAL);
		if (!strstr(error_message(r), cases[i].message))
			print_error("'%s' is not in: %s\n", cases[i].message, error_message(r));
		assert_non_null(strstr(error_message(r), cases[i].message));
		assert_non_null(strstr(error_message(r), "record.json"));
		assert_int_equal(results->cell_count, 0);
	}
}

static void test_failures(void **state)
{
	_cleanup_(results_freep) struct results *results = results_new();
	struct result_axes axes = {.workload = "pingpong", .subject = "pipe"};

	(void)state;
	results_add_skipped(results, "a", &axes, "no such CPU");
	results_add_failed(results, NAME, &axes, "killed");
	assert_int_equal(results_find(results, "a")->status, RESULT_SKIPPED);
	assert_int_equal(results_find(results, NAME)->status, RESULT_FAILED);
	assert_int_equal(add_with(results, NULL, NULL, 0), 0);
	assert_int_equal(results_find(results, NAME)->status, RESULT_OK);
	assert_int_equal(results_find(results, NAME)->failures, 1);
	/* A harness that wrote a record can report a failure too. */
	assert_int_equal(add_with(results, "'status': 'ok'",
				 "'status': 'failed', 'reason': 'hung in recv'", 1),
		0);
	assert_int_equal(results_find(results, NAME)->failures, 2);
	assert_string_equal(results_find(results, NAME)->reason, "hung in recv");
}

static struct results *sample(void)
{
	struct results *results = results_new();
	struct result_axes axes = {.workload = "pingpong", .subject = "tcp"};
	struct fingerprint fingerprint = {0};

	fingerprint_add(&fingerprint, "kernel_release", "6.1");
	results_set_meta(results, &(struct results_meta){.version = "1",
					  .command = "ipcmark \xff run",
					  .seed = 7,
					  .build_type = "release",
					  .interrupted = true,
					  .fingerprint = &fingerprint});
	assert_int_equal(add_with(results, NULL, NULL, 0), 0);
	assert_int_equal(add_with(results, "'state_after': 'near'", "'state_after': 'far'", 1), 1);
	results_add_skipped(results, "pingpong/tcp", &axes, "no network");
	return results;
}

/* An axis that only some workloads have goes from the cell to the file and back, also where the
 * cell has no run. */
static void test_params(void **state)
{
	static const char *const axes_text[][2] = {{"workload", "fib"}, {"subject", "serial"},
		{"placement", "same_pu"}, {"n", "20"}, {"lock", "off"}, {"gap", "1000"}};
	_cleanup_(results_freep) struct results *results = sample(), *back = NULL;
	struct result_axes axes = {0};
	char dir[64], path[128], text[RESULT_AXIS_MAX];

	(void)state;
	for (unsigned i = 0; i < sizeof(axes_text) / sizeof(axes_text[0]); i++)
		result_axes_put(&axes, axes_text[i][0], axes_text[i][1]);
	results_add_skipped(results, "fib/serial", &axes, "no reason");
	make_dir(dir);
	assert_int_equal(results_save(results, dir), 0);
	assert_int_equal(results_load(dir, &back), 0);
	const struct result_axes *read = &results_find(back, "fib/serial")->axes;
	for (unsigned i = 0; i < sizeof(axes_text) / sizeof(axes_text[0]); i++)
		assert_string_equal(result_axis(read, axes_text[i][0], text), axes_text[i][1]);
	assert_int_equal(result_axis_number(read, "n", -1), 20);
	assert_int_equal(result_axis_number(read, "tasks", -1), -1);
	assert_int_equal(result_axis_number(read, "lock", -1), -1);
	assert_null(result_axis(read, "size", text));
	assert_null(result_axis(read, "senders", text));
	assert_string_equal(result_axis(&results_find(back, NAME)->axes, "size", text), "64");
	snprintf(path, sizeof(path), "%s/results.json", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void test_round_trip(void **state)
{
	_cleanup_(results_freep) struct results *results = sample(), *back = NULL;
	_cleanup_(json_freep) json_t *json = NULL;
	char dir[64], path[128];

	(void)state;
	make_dir(dir);
	assert_int_equal(results_save(results, dir), 0);
	assert_int_equal(count_files(dir), 1);
	assert_int_equal(results_load(dir, &back), 0);
	assert_int_equal(back->cell_count, 2);
	const struct result_cell *cell = results_find(back, NAME);
	assert_int_equal(cell->run_count, 2);
	assert_null(cell->runs[0].why);
	assert_string_equal(cell->runs[1].why, "the CPUs moved: near before, far after");
	/* What this version does not know came through. */
	assert_string_equal(json_string_value(json_object_get(cell->axes_json, "novel")), "kept");
	assert_non_null(json_object_get(cell->runs[0].json, "unknown"));
	assert_string_equal(results_find(back, "pingpong/tcp")->reason, "no network");
	assert_string_equal(back->machines[0].command, "ipcmark ? run");
	assert_true(back->machines[0].interrupted);
	assert_int_equal(fingerprint_hash(&back->machines[0].fingerprint),
		fingerprint_hash(&results->machines[0].fingerprint));

	snprintf(path, sizeof(path), "%s/results.json", dir);
	assert_int_equal(json_load_path(path, &json), 0);
	json_t *benchmarks = json_object_get(json, "benchmarks");
	assert_int_equal(json_array_size(benchmarks), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(benchmarks, 0), "name")),
		NAME "/real_time");
	/* Ours, whatever the library says of itself. */
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json, "context"), "library_build_type")),
		"release");
	remove_dir(dir);
}

/* Every system call of the save fails once: the old file stays, nothing else does. */
static void test_full_disk(void **state)
{
	_cleanup_(results_freep) struct results *results = sample();
	_cleanup_(results_freep) struct results *back = NULL;
	char dir[64];
	unsigned k = 0;

	(void)state;
	make_dir(dir);
	assert_int_equal(results_save(results, dir), 0);
	for (bool hit = true; hit; k++) {
		fault_arm(k + 1, ENOSPC);
		int r = results_save(results, dir);
		hit = fault_disarm();
		assert_int_equal(r, hit ? -ENOSPC : 0);
		assert_int_equal(count_files(dir), 1);
		if (hit)
			assert_non_null(strstr(error_message(r), dir));
	}
	assert_true(k > 3);
	assert_int_equal(results_load(dir, &back), 0);
	remove_dir(dir);
	assert_int_equal(results_save(results, "/nonexistent"), -ENOENT);
	assert_non_null(strstr(error_message(-ENOENT), "/nonexistent/results.json"));
}

static void write_text(const char *dir, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/results.json", dir);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void test_bad_files(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{}", "{\"ipcmark\": 3}",
		"{\"ipcmark\": {\"schema\": 1, \"kind\": \"record\"}}",
		"{\"context\": {}, \"ipcmark\": {\"schema\": 1, \"kind\": \"results\", "
		"\"fingerprint\": {\"fields\": []}, \"cells\": [{\"name\": 3}]}}",
		"{\"context\": {}, \"ipcmark\": {\"schema\": 1, \"kind\": \"results\", "
		"\"fingerprint\": {\"fields\": []}, \"cells\": [{\"name\": \"x\", \"status\": "
		"\"ok\", \"axes\": {\"workload\": \"a\", \"subject\": \"b\"}, \"runs\": []}]}}"};
	struct results *results = NULL;
	char dir[64];

	(void)state;
	make_dir(dir);
	assert_int_equal(results_load(dir, &results), -ENOENT);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_text(dir, texts[i]);
		assert_int_equal(results_load(dir, &results), -EINVAL);
		assert_non_null(strstr(error_message(-EINVAL), "results.json: "));
		assert_null(results);
	}
	remove_dir(dir);
}

/* A damaged file is read or refused; whatever is read can be summed up. */
static void test_damage(void **state)
{
	static const char noise[] = "0123456789-eE.\"{}[],:ntf\\ ";
	_cleanup_(results_freep) struct results *results = sample();
	_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));
	_cleanup_(freep) char *text = NULL;
	char dir[64], path[128];
	uint64_t seed = 1;
	size_t size;

	(void)state;
	make_dir(dir);
	assert_int_equal(results_save(results, dir), 0);
	snprintf(path, sizeof(path), "%s/results.json", dir);
	assert_int_equal(file_read(path, &text, &size), 0);
	for (unsigned i = 0; i < 3000; i++) {
		_cleanup_(results_freep) struct results *read = NULL;
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		char *at = &text[(seed >> 20) % size], kept = *at;
		*at = noise[(seed >> 50) % (sizeof(noise) - 1)];
		write_text(dir, text);
		*at = kept;
		int r = results_load(dir, &read);
		assert_true(r == 0 || r == -EINVAL);
		for (size_t c = 0; r == 0 && c < read->cell_count; c++)
			summary_of(&read->cells[c], summary);
	}
	remove_dir(dir);
}

static void test_merge(void **state)
{
	_cleanup_(results_freep) struct results *a = sample(), *merged = NULL, *apart = NULL;
	char one[64], two[64];
	struct fingerprint other = {0};

	(void)state;
	make_dir(one);
	make_dir(two);
	const char *dirs[] = {one, two};
	assert_int_equal(results_save(a, one), 0);
	assert_int_equal(results_save(a, two), 0);
	assert_int_equal(results_load_many(dirs, 2, &merged), 0);
	assert_int_equal(merged->machine_count, 1);
	assert_int_equal(results_find(merged, NAME)->run_count, 4);

	fingerprint_add(&other, "kernel_release", "6.2");
	a->machines[0].fingerprint = other;
	assert_int_equal(results_save(a, two), 0);
	assert_int_equal(results_load_many(dirs, 2, &apart), 0);
	assert_int_equal(apart->machine_count, 2);
	assert_int_equal(apart->cell_count, 4);
	assert_string_equal(apart->machines[1].label, two + strlen("/tmp/"));
	assert_int_equal(results_save(apart, one), -EINVAL);
	remove_dir(one);
	remove_dir(two);
}

/* The location of a latency is made of the repetitions' medians, that of a throughput of their
 * whole times. */
static void test_the_median_is_the_location(void **state)
{
	static const char times[] = "'repetitions': [{'iterations': 10, 'real_time_ns': 1000}]";
	static const char both[] =
		"'repetitions': [{'iterations': 10, 'real_time_ns': 1000, 'p50_ns': 700}]";
	(void)state;

	for (int throughput = 0; throughput < 2; throughput++) {
		_cleanup_(results_freep) struct results *results = results_new();
		_cleanup_(json_freep) json_t *record = record_with(times, both);
		_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));
		json_t *cells = json_object_get(json_object_get(record, "ipcmark"), "cells");
		json_object_set_new(
			json_array_get(cells, 0), "throughput", json_boolean(throughput));
		assert_true(results_add_record_json(results, record, "test", 0) >= 0);
		summary_of(results_find(results, NAME), summary);
		assert_true(summary->time.value == (throughput ? 1000 : 700));
	}
}

/* A repetition whose side 0 got nothing has no samples, and the run counts all the same. */
static void test_a_starved_repetition(void **state)
{
	static const char times[] = "'repetitions': [{'iterations': 10, 'real_time_ns': 1000}]";
	static const char starved[] =
		"'repetitions': [{'iterations': 10, 'real_time_ns': 1000, 'p50_ns': 700}, "
		"{'iterations': 10, 'real_time_ns': 1000, 'p50_ns': 0}]";
	_cleanup_(results_freep) struct results *results = results_new();
	_cleanup_(json_freep) json_t *record = record_with(times, starved);
	_cleanup_(freep) struct summary *summary = own_array(1, sizeof(*summary));

	(void)state;
	assert_true(results_add_record_json(results, record, "test", 0) >= 0);
	summary_of(results_find(results, NAME), summary);
	assert_true(summary->time.value == 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_median_is_the_location),
		cmocka_unit_test(test_a_starved_repetition),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
