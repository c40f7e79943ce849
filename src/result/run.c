/*
 * One process run: parsed, checked to the last bucket (so that nothing can fail later), and judged
 * by what the probe and the binding say of it.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "result/histogram.h"
#include "result/internal.h"
#include "result/own.h"

/* More repetitions or buckets than any harness writes are a broken file. */
enum { REPETITIONS_MAX = 100000 };

static double *read_series(struct json_reader *reader, json_t *repetitions, const char *key)
{
	size_t count = json_array_size(repetitions);
	double *values = own_array(count, sizeof(*values));

	for (size_t i = 0; i < count; i++) {
		values[i] = json_need_number(reader, json_array_get(repetitions, i), key);
		if (reader->r >= 0 && values[i] <= 0)
			json_reader_fail(reader, "repetition %zu: '%s' is not positive", i, key);
	}
	return values;
}

/* A median of 0 is one of no samples: a side that a lock had starved, or that records none. The
 * location would be of some repetitions only, so it is then made of their times. */
static bool all_sampled(json_t *repetitions)
{
	const json_t *repetition;
	size_t i;

	json_array_foreach (repetitions, i, repetition) {
		const json_t *median = json_object_get(repetition, "p50_ns");
		if (i == 0 ? json_number_value(median) <= 0
			   : json_is_number(median) && json_number_value(median) == 0)
			return false;
	}
	return true;
}

static void read_repetitions(struct json_reader *reader, const json_t *json, struct result_run *run)
{
	json_t *repetitions = json_need_array(reader, json, "repetitions");
	const json_t *first = json_array_get(repetitions, 0);

	if (reader->r >= 0 && !first)
		json_reader_fail(reader, "'repetitions' is empty");
	if (json_array_size(repetitions) > REPETITIONS_MAX)
		json_reader_fail(reader, "there are more than %d repetitions", REPETITIONS_MAX);
	if (reader->r < 0)
		return;
	run->repetitions = json_array_size(repetitions);
	run->times_ns = read_series(reader, repetitions, "real_time_ns");
	if (all_sampled(repetitions))
		run->medians_ns = read_series(reader, repetitions, "p50_ns");
	if (json_object_get(first, "messages_per_second"))
		run->messages_per_second = read_series(reader, repetitions, "messages_per_second");
	if (json_object_get(first, "bytes_per_second"))
		run->bytes_per_second = read_series(reader, repetitions, "bytes_per_second");
}

static void read_side(struct json_reader *reader, const json_t *json, struct result_side *ret)
{
	int64_t cpu = json_read_integer(reader, json, "cpu", -1);
	int64_t wanted = json_read_integer(reader, json, "wanted_cpu", -1);

	if (cpu < -1 || wanted < -1 || cpu > INT_MAX || wanted > INT_MAX)
		json_reader_fail(reader, "'cpu' or 'wanted_cpu' is out of range");
	*ret = (struct result_side){
		.cpu = (int)cpu,
		.wanted_cpu = (int)wanted,
		.cpu_ns = json_read_number(reader, json, "cpu_ns_per_message", 0),
		.voluntary_switches =
			json_read_number(reader, json, "voluntary_switches_per_message", 0),
		.involuntary_switches =
			json_read_number(reader, json, "involuntary_switches_per_message", 0),
		.page_faults = json_read_number(reader, json, "page_faults_per_message", 0),
		.migrations = json_read_integer(reader, json, "migrations", -1),
	};
}

static void read_sides(struct json_reader *reader, const json_t *json, struct result_run *run)
{
	json_t *sides = json_read_array(reader, json, "sides");
	size_t count = json_array_size(sides);

	if (count > RESULT_SIDES_MAX) {
		json_reader_fail(reader, "there are more than %d sides", RESULT_SIDES_MAX);
		return;
	}
	run->sides = (unsigned)count;
	run->side = own_array(count, sizeof(*run->side));
	for (size_t i = 0; i < count; i++)
		read_side(reader, json_array_get(sides, i), &run->side[i]);
}

/* -1, which fits no bucket, for what is no time. */
static int64_t ps_of(const json_t *value)
{
	double ps = json_number_value(value);
	return ps >= 0 && ps <= (double)HIST_VALUE_MAX ? (int64_t)ps : -1;
}

int result_run_histogram(const struct result_run *run, struct hist *hist)
{
	const json_t *json = json_object_get(run->json, "histogram"), *bucket;
	json_t *buckets = json_object_get(json, "buckets");
	size_t index;

	hist_reset(hist);
	if (!json || json_is_null(json))
		return 0;
	json_array_foreach (buckets, index, bucket) {
		json_int_t count = json_integer_value(json_array_get(bucket, 2));
		int r = hist_add_bucket(hist, json_integer_value(json_array_get(bucket, 0)),
			json_integer_value(json_array_get(bucket, 1)),
			count > 0 ? (uint64_t)count : 0);
		if (r < 0)
			return trace(r);
	}
	if (hist->total == 0)
		return fail(-EINVAL, "the histogram is empty");
	/* Values beyond the last bucket have bounds that do not fit; the buckets' then serve. */
	hist_restore_exact(hist, ps_of(json_object_get(json, "min_ps")),
		ps_of(json_object_get(json, "max_ps")),
		json_number_value(json_object_get(json, "mean_ps")));
	error_clear();
	return 1;
}

unsigned result_run_batch(const struct result_run *run)
{
	const json_t *json = json_object_get(run->json, "histogram");
	json_int_t batch = json_integer_value(json_object_get(json, "batch"));

	return batch > 0 && batch <= UINT_MAX ? (unsigned)batch : 1;
}

static void check_histogram(struct json_reader *reader, struct result_run *run)
{
	_cleanup_(freep) struct hist *scratch = own_array(1, sizeof(*scratch));

	if (reader->r >= 0 && result_run_histogram(run, scratch) < 0) {
		char message[224];
		snprintf(message, sizeof(message), "%s", error_message(-EINVAL));
		json_reader_fail(reader, "%s", message);
	}
}

void result_run_read(struct json_reader *reader, json_t *json, struct result_run *ret)
{
	struct result_run run = {.json = json_incref(json)};
	int64_t round = json_read_integer(reader, json, "round", 0);
	const char *before = json_read_string(reader, json, "state_before", "");
	const char *after = json_read_string(reader, json, "state_after", before);

	if (round < 0 || round > INT_MAX)
		json_reader_fail(reader, "'round' is out of range");
	run.round = (unsigned)round;
	snprintf(run.state, sizeof(run.state), "%s", strcmp(before, after) == 0 ? before : "moved");
	read_repetitions(reader, json, &run);
	read_sides(reader, json, &run);
	check_histogram(reader, &run);
	if (reader->r < 0)
		result_run_deinit(&run);
	else
		*ret = run;
}

char *result_run_judge(const struct result_run *run)
{
	const char *before = json_string_value(json_object_get(run->json, "state_before"));
	const char *after = json_string_value(json_object_get(run->json, "state_after"));
	char why[160];

	for (unsigned i = 0; i < run->sides; i++) {
		const struct result_side *side = &run->side[i];
		if (side->wanted_cpu < 0 || side->cpu == side->wanted_cpu)
			continue;
		snprintf(why, sizeof(why), "side %u ran on CPU %d instead of CPU %d", i, side->cpu,
			side->wanted_cpu);
		return own_string(why);
	}
	if (strcmp(run->state, "busy") == 0)
		return own_string("the CPUs were busy: the probe could not tell where they are");
	if (strcmp(run->state, "moved") != 0)
		return NULL;
	snprintf(why, sizeof(why), "the CPUs moved: %s before, %s after", before, after);
	return own_string(why);
}
