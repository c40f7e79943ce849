/*
 * Pools, locks, ways to spawn and scenarios that no machine has measured: a model each, through the
 * same door as real ones.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "result/own.h"
#include "synthetic.h"

static uint64_t seed;

static double noise(double deviation)
{
	double sum = -6;

	for (int i = 0; i < 12; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(seed >> 11) / (double)(UINT64_C(1) << 53);
	}
	return exp(deviation * sum);
}

struct cell {
	const char *workload, *subject, *exec, *placement, *unit;
	bool throughput;
	double ns, operations; /* of an iteration */
	const char *params[8]; /* key, value: in decimal, or a word */
	const char *facts[8];  /* key, value */
	const char *failed;    /* why */
};

/* A number where it is one. */
static json_t *value_json(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	return *end ? json_string(text) : json_integer(value);
}

static json_t *run_json(const struct cell *cell, double ns)
{
	json_t *repetitions = json_array();

	for (int i = 0; i < 2; i++) {
		double time = ns * noise(0.01);
		json_t *facts = json_object();
		for (int f = 0; f < 8 && cell->facts[f]; f += 2)
			json_object_set_new(
				facts, cell->facts[f], json_real(strtod(cell->facts[f + 1], NULL)));
		json_array_append_new(
			repetitions, own(json_pack("{s:i, s:f, s:f, s:o}", "iterations", 1000,
					     "real_time_ns", time, "messages_per_second",
					     1e9 / time * cell->operations, "facts", facts)));
	}
	return own(json_pack("{s:i, s:s, s:s, s:s, s:o, s:[]}", "round", 0, "idle", "held",
		"state_before", "near", "state_after", "near", "repetitions", repetitions,
		"sides"));
}

static void add(json_t *record, const struct cell *cell)
{
	json_t *cells = json_object_get(json_object_get(record, "ipcmark"), "cells");
	json_t *benchmarks = json_object_get(record, "benchmarks");
	double ns = cell->ns * noise(0.02);
	char name[192];

	json_t *axes = own(json_pack("{s:s, s:s, s:s, s:s, s:s}", "workload", cell->workload,
		"subject", cell->subject, "exec", cell->exec, "placement", cell->placement, "idle",
		"held"));
	int length = snprintf(name, sizeof(name), "%s/%s/%s/%s", cell->workload, cell->subject,
		cell->exec, cell->placement);
	for (int i = 0; i < 8 && cell->params[i]; i += 2) {
		json_object_set_new(axes, cell->params[i], value_json(cell->params[i + 1]));
		length += snprintf(name + length, sizeof(name) - (size_t)length, "/%s=%s",
			cell->params[i], cell->params[i + 1]);
	}
	json_t *json = own(json_pack("{s:s, s:o, s:s, s:s, s:b, s:s}", "name", name, "axes", axes,
		"unit", cell->unit, "direction", "per operation", "throughput", cell->throughput,
		"status", cell->failed ? "failed" : "ok"));
	if (cell->failed) {
		json_object_set_new(json, "reason", json_string(cell->failed));
	} else {
		json_object_set_new(json, "run", run_json(cell, ns));
		json_array_append_new(benchmarks,
			own(json_pack("{s:s, s:s, s:i, s:i, s:f, s:f, s:s}", "name", name,
				"run_type", "iteration", "repetition_index", 0, "iterations", 1000,
				"real_time", ns, "cpu_time", ns, "time_unit", "ns")));
	}
	json_array_append_new(cells, json);
}

static const struct {
	const char *name, *exec;
	double dispatch_ns, round_trip_ns, start_ns;
} pools[] = {
	{"serial", "process", 0, 2, 0},
	{"mp_processes", "process", 14, 210, 300},
	{"mp_threads", "thread", 12, 190, 250},
	{"openmp", "thread", 24, 520, 900},
	{"glib", "thread", 430, 13000, 12000},
	{"python_pool", "process", 25000, 260000, 90000},
	{"python_dummy_pool", "thread", 9000, 130000, 70000},
};

static void add_pools(json_t *record)
{
	static const char *const grains[] = {"5", "10", "15", "20", "25"};

	for (size_t p = 0; p < sizeof(pools) / sizeof(pools[0]); p++) {
		struct cell cell = {.workload = "fib",
			.subject = pools[p].name,
			.exec = pools[p].exec,
			.placement = "same_l3",
			.unit = "map",
			.operations = 100};
		bool serial = p == 0;
		for (size_t g = 0; g < 5; g++) {
			double grain = 1.1 * pow(1.618, strtod(grains[g], NULL)) + 2;
			cell.ns = serial ? 100 * grain
					 : 100 * fmax(pools[p].dispatch_ns, grain / 1.96) +
						   pools[p].start_ns;
			memcpy(cell.params,
				(const char *[8]){"n", grains[g], "tasks", "100", "chunk", "1",
					"workers", "2"},
				sizeof(cell.params));
			add(record, &cell);
		}
		for (int chunk = 0; chunk < 2; chunk++) {
			cell.workload = "map_tiny";
			cell.ns = 1000 * (1 + pools[p].dispatch_ns * (chunk ? 1 : 0.1));
			memcpy(cell.params,
				(const char *[8]){"tasks", "1000", "chunk", chunk ? "1" : "0",
					"workers", "2"},
				sizeof(cell.params));
			add(record, &cell);
		}
		cell.workload = "submit";
		cell.unit = "round trip";
		cell.ns = pools[p].round_trip_ns;
		memcpy(cell.params, (const char *[8]){"workers", "2"}, sizeof(cell.params));
		add(record, &cell);
	}
}

static void add_locks(json_t *record)
{
	static const struct {
		const char *name;
		double free_ns, handover_ns, section_ns;
		const char *fairness;
	} locks[] = {
		{"none", 2, 30, 8, "0.9"},
		{"mp_lock", 5.6, 300, 160, "0.81"},
		{"pthread_mutex", 9.1, 5200, 290, "0.4"},
		{"spinlock", 5.1, 240, 143, "0.12"},
		{"python_lock", 29, 9000, 420, "0.3"},
	};

	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
		struct cell cell = {.workload = "uncontended",
			.subject = locks[i].name,
			.exec = "process",
			.placement = "same_l3",
			.unit = "acquire and release",
			.ns = locks[i].free_ns,
			.operations = 1};
		add(record, &cell);
		cell.workload = "handover";
		cell.unit = "hand-over";
		cell.ns = locks[i].handover_ns;
		cell.params[0] = "section";
		cell.params[1] = "1000";
		add(record, &cell);
		for (int sides = 2; sides <= 4; sides += 2) {
			cell = (struct cell){.workload = "contended",
				.subject = locks[i].name,
				.exec = "process",
				.placement = "same_l3",
				.unit = "section",
				.throughput = true,
				.ns = locks[i].section_ns * sides,
				.operations = sides,
				.params = {"contenders", sides == 2 ? "2" : "4", "section", "100"},
				.facts = {"fairness", sides == 2 ? locks[i].fairness : "0.7"}};
			add(record, &cell);
		}
	}
}

static void add_spawns(json_t *record)
{
	static const struct {
		const char *name, *exec;
		double ns, large_ns;
	} spawns[] = {
		{"fork", "process", 102000, 4800000},
		{"mp_process_fork", "process", 105000, 4850000},
		{"vfork", "process", 61000, 62000},
		{"pthread_create", "thread", 9100, 9200},
		{"python_process_fork", "process", 1300000, 7000000},
		{"python_thread", "thread", 41000, 41500},
	};

	for (size_t i = 0; i < sizeof(spawns) / sizeof(spawns[0]); i++)
		for (int large = 0; large < 2; large++) {
			struct cell cell = {.workload = "spawn",
				.subject = spawns[i].name,
				.exec = spawns[i].exec,
				.placement = "same_pu",
				.unit = "start and join",
				.ns = large ? spawns[i].large_ns : spawns[i].ns,
				.operations = 1,
				.params = {"resident", large ? "268435456" : "1048576"}};
			add(record, &cell);
		}
}

static void add_scenarios(json_t *record)
{
	static const struct cell cells[] = {
		{"ticket", "value", "process", "free", "sale", false, 210000, 1,
			{"buyers", "100", "tickets", "5", "lock", "on"},
			{"sold", "5", "oversold", "0", "doubled", "0", "verdict_ok", "1"}, NULL},
		{"ticket", "value", "process", "free", "sale", false, 90000, 1,
			{"buyers", "100", "tickets", "5", "lock", "off"},
			{"sold", "42", "oversold", "37", "doubled", "37", "verdict_ok", "0"}, NULL},
		{"ticket", "queue", "thread", "free", "sale", false, 80000, 1,
			{"buyers", "10", "tickets", "5", "lock", "off"},
			{"sold", "5", "oversold", "0", "doubled", "0", "verdict_ok", "1"}, NULL},
		{"ticket", "file", "process", "free", "sale", false, 0, 1,
			{"buyers", "100", "tickets", "5", "lock", "on"}, {NULL},
			"oversold in spite of the lock: 6 of 5 tickets <!>"},
		{"producer_consumer", "mp_queue", "process", "free", "item", true, 300, 1,
			{"consumers", "4", "end", "sentinel"},
			{"items", "1000", "lost", "0", "verdict_ok", "1"}, NULL},
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		add(record, &cells[i]);
}

struct results *synthetic_families(const char *families, unsigned rounds)
{
	struct results *results = results_new();

	seed = 7;
	synthetic_describe(results);
	for (unsigned round = 0; round < rounds; round++) {
		json_t *record = own(json_pack("{s:{s:s, s:i, s:[]}, s:[], s:{s:i, s:s, s:[]}}",
			"context", "host_name", "synthetic", "num_cpus", 8, "caches", "benchmarks",
			"ipcmark", "schema", 1, "kind", "record", "cells"));
		if (strchr(families, 'p'))
			add_pools(record);
		if (strchr(families, 'l'))
			add_locks(record);
		if (strchr(families, 's'))
			add_spawns(record);
		if (strchr(families, 'c'))
			add_scenarios(record);
		int r = results_add_record_json(results, record, "synthetic", round);
		if (r < 0)
			error_print(stderr, "synthetic", r);
		assert(r >= 0);
		json_decref(record);
	}
	return results;
}
