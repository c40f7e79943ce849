#include "synthetic.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "measure/hist.h"
#include "result/own.h"

/* A model of a mechanism: ns of a round trip, and what it costs. */
static const struct subject {
	const char *name;
	double two_cores_ns, one_cpu_ns, ns_per_byte;
	double cpu_share; /* of the round trip, both sides */
	double switches;
} subjects[] = {
	{"null", 2.1, 2.1, 0, 1, 0},
	{"pipe", 8200, 4900, 0.30, 0.8, 2},
	{"shm_spin", 142, 7990000, 0.12, 2, 0},
	{"odd_<b>&'name'", 9100, 5200, 0.31, 0.9, 2},
	{"unix_stream", 9600, 5600, 0.28, 0.9, 2},
	{"shm_ring", 171, 5100, 0.10, 1.9, 0.01},
	{"futex_shm", 6900, 3600, 0.08, 0.6, 2},
	{"eventfd_shm", 7600, 4300, 0.08, 0.75, 2},
	{"posix_mq", 8900, 5000, 0.34, 0.8, 2},
	{"sysv_mq", 9000, 5050, 0.36, 0.8, 2},
	{"tcp", 17800, 13500, 0.33, 1.4, 2},
	{"fifo", 8250, 4950, 0.30, 0.8, 2},
	{"cond_shm", 7300, 4100, 0.08, 0.7, 2},
	{"unix_seqpacket", 9900, 5900, 0.29, 0.9, 2},
	{"vmsplice", 11800, 7900, 0.02, 1.0, 3},
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]), SAMPLES = 4000 };

static uint64_t seed;

/* 0 … 1, the same series everywhere. */
static double noise(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (double)(seed >> 11) / (double)(UINT64_C(1) << 53);
}

/* Roughly normal, deviation 1. */
static double gauss(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += noise();
	return sum;
}

struct cell {
	const struct subject *subject;
	const char *workload, *exec, *placement, *idle;
	size_t size;
	int64_t gap_ns;
	double ns; /* per iteration */
	unsigned round;
	unsigned senders;
};

static double model_ns(const struct cell *cell)
{
	const struct subject *subject = cell->subject;
	bool one_cpu = strcmp(cell->placement, "same_pu") == 0;
	double ns = one_cpu ? subject->one_cpu_ns : subject->two_cores_ns;
	int a, b;

	if (sscanf(cell->placement, "cpu%d-cpu%d", &a, &b) == 2)
		return a / 4 == b / 4 ? (a / 2 == b / 2 ? 58 : 140) : 610;
	ns += 2 * (double)cell->size * subject->ns_per_byte;
	if (strcmp(cell->exec, "thread") == 0 && subject->switches > 1)
		ns *= 0.93;
	if (strcmp(cell->workload, "stream") == 0)
		ns = (subject->switches > 1 ? 700 : 40) + (double)cell->size * subject->ns_per_byte;
	if (cell->senders)
		ns = 500 + subject->two_cores_ns * (subject->ns_per_byte - 0.27);
	if (cell->gap_ns)
		ns = ns / 2 + (cell->gap_ns > 50000) * 3000 +
		     (strcmp(cell->idle, "free") == 0) * fmin(90000, 0.08 * (double)cell->gap_ns);
	return ns;
}

static json_t *histogram(double ns)
{
	struct hist *hist = own_array(1, sizeof(*hist));
	struct hist_bucket bucket;
	json_t *buckets = json_array();

	for (unsigned i = 0; i < SAMPLES; i++) {
		double value = ns * exp(0.06 * gauss());
		if (noise() < 0.02)
			value *= 1 + 8 * noise() * noise();
		hist_record(hist, (int64_t)(value * 1000), 250);
	}
	for (unsigned at = 0; hist_next(hist, &at, &bucket);)
		json_array_append_new(
			buckets, json_pack("[I, I, I]", (json_int_t)bucket.low_ps,
					 (json_int_t)bucket.high_ps, (json_int_t)bucket.count));
	json_t *json = json_pack("{s:s, s:i, s:I, s:I, s:I, s:f, s:o}", "unit", "ps", "batch", 1,
		"count", (json_int_t)hist->total, "min_ps", (json_int_t)hist_min_ps(hist), "max_ps",
		(json_int_t)hist_max_ps(hist), "mean_ps", hist_mean_ps(hist), "buckets", buckets);
	free(hist);
	return own(json);
}

static json_t *sides(const struct cell *cell)
{
	bool one_cpu = strcmp(cell->placement, "same_pu") == 0;
	json_t *array = json_array();

	for (int i = 0; i < 2; i++) {
		int cpu = one_cpu ? 1 : i;
		/* Every eleventh run or so has a side that was moved. */
		int seen = cell->round == 5 && cell->size == 4096 && i == 1 ? 3 : cpu;
		double cpu_ns = cell->ns * cell->subject->cpu_share / 2 * (1 + 0.02 * gauss());
		json_array_append_new(array,
			own(json_pack("{s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:i, s:f, s:{s:i}, "
				      "s:{s:f, s:f}}",
				"side", i, "pid", 1000 + i, "cpu", seen, "wanted_cpu", cpu,
				"cpu_ns_per_message", cpu_ns, "voluntary_switches_per_message",
				cell->subject->switches / 2, "involuntary_switches_per_message",
				0.0001, "migrations", 0, "page_faults_per_message", 0.0, "facts",
				"parks", 3, "counters", "cycles", 3.1 * cpu_ns, "instructions",
				2.2 * cpu_ns)));
	}
	return array;
}

static json_t *repetitions(const struct cell *cell)
{
	json_t *array = json_array();

	for (int i = 0; i < 3; i++) {
		double ns = cell->ns * exp(0.01 * gauss());
		json_array_append_new(
			array, own(json_pack("{s:i, s:f, s:f, s:f}", "iterations", 100000,
				       "real_time_ns", ns, "messages_per_second", 1e9 / ns,
				       "bytes_per_second", 1e9 / ns * (double)cell->size)));
	}
	return array;
}

/* What the probe says: unix_stream is far in two rounds, one run is busy, one moved. */
static void states(const struct cell *cell, const char **before, const char **after)
{
	*before = *after = "near";
	if (strcmp(cell->subject->name, "unix_stream") == 0 && cell->round < 2)
		*before = *after = "far";
	if (strcmp(cell->subject->name, "pipe") == 0 && cell->round == 3)
		*after = "far";
	if (strcmp(cell->subject->name, "shm_ring") == 0 && cell->round == 4)
		*before = "busy";
}

static json_t *run_json(const struct cell *cell)
{
	const char *before, *after;
	bool one_cpu = strcmp(cell->placement, "same_pu") == 0;

	/* One after the other: both draw from the noise, and arguments have no order. */
	json_t *repetitions_of = repetitions(cell), *sides_of = sides(cell);

	states(cell, &before, &after);
	json_t *run = own(json_pack("{s:i, s:s, s:f, s:i, s:o, s:o}", "round", 0, "idle", "held",
		"clock_read_ns", 9.1, "batch", 1, "repetitions", repetitions_of, "sides",
		sides_of));
	json_object_set_new(run, "state_before", one_cpu ? json_null() : json_string(before));
	json_object_set_new(run, "state_after", one_cpu ? json_null() : json_string(after));
	if (strcmp(cell->workload, "pingpong") == 0 && cell->size == 64)
		json_object_set_new(run, "histogram", histogram(cell->ns));
	return run;
}

static void add(json_t *record, const struct synthetic_options *options, struct cell cell)
{
	json_t *cells = json_object_get(json_object_get(record, "ipcmark"), "cells");
	json_t *benchmarks = json_object_get(record, "benchmarks");
	char name[192], size[UNITS_TEXT_MAX], gap[UNITS_TEXT_MAX];
	bool stream = strcmp(cell.workload, "stream") == 0 || cell.senders;

	cell.ns =
		model_ns(&cell) * exp(0.03 * gauss()) * (options->factor > 0 ? options->factor : 1);
	if (strcmp(cell.subject->name, "unix_stream") == 0 && cell.round < 2)
		cell.ns *= 1.6;
	int length = snprintf(name, sizeof(name), "%s/%s/%s/%s/%s%s", cell.workload,
		cell.subject->name, cell.exec, cell.placement, size_format(size, cell.size),
		cell.idle[0] == 'f' ? "/idle=free" : "");
	if (cell.senders)
		snprintf(name + length, sizeof(name) - (size_t)length, "/senders=%u", cell.senders);
	if (cell.gap_ns)
		snprintf(name + length, sizeof(name) - (size_t)length, "/gap=%s",
			duration_format(gap, cell.gap_ns));
	json_t *axes = own(json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "workload",
		cell.workload, "subject", cell.subject->name, "exec", cell.exec, "placement",
		cell.placement, "size", (json_int_t)cell.size, "touch", "none", "idle", cell.idle));
	if (cell.senders)
		json_object_set_new(axes, "senders", json_integer(cell.senders));
	if (cell.gap_ns)
		json_object_set_new(axes, "gap", json_integer(cell.gap_ns));
	const char *unit = stream ? "message one way" : "round trip";
	json_t *json = own(json_pack("{s:s, s:o, s:s, s:s, s:b, s:s}", "name", name, "axes", axes,
		"unit", unit, "direction", stream ? "one way" : "round trip", "throughput", stream,
		"status", "ok"));
	if (strcmp(cell.subject->name, "vmsplice") == 0 && cell.size == 4096) {
		json_object_set_new(json, "status", json_string("failed"));
		json_object_set_new(json, "reason",
			json_string("side 1 died in recv: <signal 9> & no message"));
	} else {
		json_object_set_new(json, "run", run_json(&cell));
		json_array_append_new(benchmarks,
			own(json_pack("{s:s, s:s, s:i, s:i, s:f, s:f, s:s, s:f}", "name", name,
				"run_type", "iteration", "repetition_index", 0, "iterations",
				100000, "real_time", cell.ns, "cpu_time", cell.ns / 3, "time_unit",
				"ns", "warm_up_rounds", 2.0)));
	}
	json_array_append_new(cells, json);
}

static void add_grid(json_t *record, const struct synthetic_options *options, unsigned round)
{
	static const size_t sizes[] = {64, 256, 1024, 4096, 16384, 65536};
	static const char *const placements[] = {"same_l3", "same_pu"};
	unsigned count = options->subjects ? options->subjects : SUBJECTS;

	for (unsigned s = 0; s < count; s++)
		for (unsigned p = 0; p < 2; p++)
			for (unsigned i = 0; i < 6; i += options->small ? 3 : 1) {
				struct cell cell = {&subjects[s], "pingpong", "process",
					placements[p], "held", sizes[i], 0, 0, round, 0};
				if (options->small && p == 1 && i > 0)
					continue;
				add(record, options, cell);
				cell.workload = "stream";
				if (p == 0)
					add(record, options, cell);
				cell.workload = "pingpong";
				cell.exec = "thread";
				if (p == 0 && i == 0)
					add(record, options, cell);
			}
}

static void add_rest(json_t *record, const struct synthetic_options *options, unsigned round)
{
	static const int64_t gaps[] = {10000, 100000, 1000000, 10000000};
	char placement[32];

	for (unsigned s = 1; s < 5; s++)
		for (unsigned g = 0; g < 4; g++)
			for (int i = 0; i < 2; i++)
				add(record, options,
					(struct cell){&subjects[s], "wakeup", "process", "same_l3",
						i ? "free" : "held", 64, gaps[g], 0, round, 0});
	/* pipe and unix_stream, the better one with two populations. */
	for (unsigned s = 1; s < 5; s += 3)
		for (unsigned senders = 2; senders <= 8; senders *= 2)
			add(record, options,
				(struct cell){&subjects[s], "fan_in", "process", "free", "held", 64,
					0, 0, round, senders});
	for (int a = 0; a < 8; a++)
		for (int b = a + 1; b < 8; b++) {
			snprintf(placement, sizeof(placement), "cpu%d-cpu%d", a, b);
			add(record, options,
				(struct cell){&subjects[2], "pingpong", "process", placement,
					"held", 64, 0, 0, round, 0});
		}
}

void synthetic_describe(struct results *results)
{
	static const struct results_finding findings[] = {
		{"ok", "governor", "performance", ""},
		{"warning", "virtual machine", "the CPUs move under a guest",
			"pin the guest's CPUs on the host, or take more rounds"},
		{"note", "turbo", "cannot be seen <here> & now", "fix the frequency on the host"},
	};
	struct fingerprint fingerprint = {0};

	fingerprint_add(&fingerprint, "cpu_model", "Synthetic & Sons <SX-1>");
	fingerprint_add(&fingerprint, "cpus_allowed", "0-7");
	fingerprint_add(&fingerprint, "hypervisor", "none");
	fingerprint_add(&fingerprint, "distribution", "Debian 12");
	fingerprint_add(&fingerprint, "kernel_release", "6.1.0-synthetic");
	results_set_meta(results, &(struct results_meta){.version = "0.1.0",
					  .command = "ipcmark run 'suite_<all>' --rounds 8",
					  .suite = "quick",
					  .started = "2026-01-02T03:04:05Z",
					  .finished = "2026-01-02T03:14:05Z",
					  .seed = 42,
					  .build_type = "release",
					  .fingerprint = &fingerprint,
					  .findings = findings,
					  .finding_count = 3,
					  .topology = "1 package, 2 L3, 8 cores"});
}

struct results *synthetic_results(const struct synthetic_options *options)
{
	struct results *results = results_new();
	unsigned rounds = options->rounds ? options->rounds : 8;
	struct result_axes axes = {.workload = "pingpong",
		.subject = "pipe",
		.exec = "process",
		.placement = "cross_numa",
		.size_bytes = 64};

	seed = 1;
	synthetic_describe(results);
	for (unsigned round = 0; round < rounds; round++) {
		json_t *record = own(json_pack("{s:{s:s, s:i, s:[]}, s:[], s:{s:i, s:s, s:[]}}",
			"context", "host_name", "synthetic", "num_cpus", 8, "caches", "benchmarks",
			"ipcmark", "schema", 1, "kind", "record", "cells"));
		add_grid(record, options, round);
		if (!options->small)
			add_rest(record, options, round);
		int r = results_add_record_json(results, record, "synthetic", round);
		if (r < 0)
			error_print(stderr, "synthetic", r);
		assert(r >= 0);
		json_decref(record);
	}
	results_add_skipped(results, "pingpong/pipe/process/cross_numa/64B", &axes,
		"this machine has one NUMA node");
	return results;
}
