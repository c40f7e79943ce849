#include "harness/main.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "gbench/gbench.h"
#include "harness/cell.h"
#include "harness/record.h"
#include "harness/session.h"
#include "measure/cycles.h"

enum { DEADLINE_DEFAULT_S = 30 };

struct harness {
	struct topo *topo;
	struct cell_list cells;
	const char *record_path;
	struct record *record;
	int64_t deadline_ns;
	/* The one session at a time. */
	struct session *session;
	const struct cell *cell;
	uint64_t last_iterations, last_messages;
};

/* The benchmark's user data. */
struct bench {
	struct harness *harness;
	const struct cell *cell;
};

/* The watchdog's last resort: side 0 itself hangs. */
static void emergency(void *context, const char *message)
{
	struct harness *harness = context;

	log_error("%s: %s", harness->cell->name, message);
	if (harness->record_path)
		record_save_failure(harness->record_path, harness->cell, message);
}

/* Ends the session, if there is one, and records how it went. */
static void end_session(struct harness *harness, int r, const char *reason)
{
	if (!harness->cell)
		return;
	if (harness->session && r >= 0 && harness->last_iterations) {
		r = session_count(harness->session, harness->last_iterations);
		if (r > 0)
			record_add_counters(harness->record, harness->cell, harness->session,
				harness->last_messages);
		reason = r < 0 ? error_message(r) : NULL;
	}
	if (harness->session && r >= 0) {
		r = session_finish(harness->session);
		reason = r < 0 ? error_message(r) : NULL;
	}
	if (r < 0)
		log_error("%s: %s", harness->cell->name, reason);
	record_finish_cell(harness->record, harness->cell, harness->session, r, reason);
	session_free(harness->session);
	harness->session = NULL;
	harness->cell = NULL;
	harness->last_iterations = 0;
}

static int begin_session(struct harness *harness, const struct cell *cell)
{
	struct session_options options = {
		.deadline_ns = harness->deadline_ns,
		.emergency = emergency,
		.context = harness,
	};

	end_session(harness, 0, NULL);
	harness->cell = cell;
	return trace(session_open(&harness->session, cell, harness->topo, &options));
}

static void put_counters(
	struct gb_state *st, const struct cell *cell, const struct session_result *result)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};
	double messages = (double)result->messages;

	for (unsigned i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		gb_counter(st, quantiles[i].name,
			(double)hist_quantile_ps(result->hist, quantiles[i].q) / 1e3,
			GB_COUNTER_PLAIN, 1000);
	for (unsigned i = 0; i < result->side_count && i < 2; i++)
		gb_counter(st, i == 0 ? "cpu_ns_side0" : "cpu_ns_side1",
			(double)result->sides[i].usage.cpu_ns / messages, GB_COUNTER_PLAIN, 1000);
	for (unsigned i = 0; i < result->facts.count; i++)
		gb_counter(st, result->facts.facts[i].name, result->facts.facts[i].value,
			GB_COUNTER_PLAIN, 1000);
	if (cell->workload->throughput) {
		gb_set_items(st, (int64_t)result->messages);
		if (cell->size_bytes)
			gb_set_bytes(st, (int64_t)(result->messages * cell->size_bytes));
	}
}

static void run_cell(struct gb_state *st, void *user)
{
	const struct bench *bench = user;
	struct harness *harness = bench->harness;
	struct session_result result;
	int r = 0;

	if (bench->cell->reason[0]) {
		gb_skip_with_message(st, bench->cell->reason);
		return;
	}
	if (harness->cell != bench->cell)
		r = begin_session(harness, bench->cell);
	if (r >= 0) {
		int64_t n = gb_loop_begin(st);
		r = n > 0 ? session_run(harness->session, (uint64_t)n, &result) : -ECANCELED;
		if (r >= 0)
			gb_loop_end(st);
	}
	if (r < 0) {
		gb_skip_with_error(st, error_message(r));
		end_session(harness, r, error_message(r));
		return;
	}
	gb_set_iteration_time(st, (double)result.elapsed_ns / 1e9);
	put_counters(st, bench->cell, &result);
	record_add_result(harness->record, bench->cell, &result);
	harness->last_iterations = result.iterations;
	harness->last_messages = result.messages;
}

static int register_cell(struct harness *harness, const struct cell *cell, struct bench *bench)
{
	*bench = (struct bench){.harness = harness, .cell = cell};
	struct gb_bench *b = gb_register(cell->name, run_cell, bench);
	int r = b ? gb_use_manual_time(b) : -EINVAL;

	if (r >= 0)
		r = gb_unit(b, GB_NS);
	uint64_t fixed = cell->workload->iterations ? cell->workload->iterations(cell) : 0;
	if (r >= 0 && fixed > 0)
		r = gb_iterations(b, (int64_t)fixed);
	return r < 0 ? fail(r, "cannot register %s: %s", cell->name, gb_last_error()) : 0;
}

static const char usage[] =
	"Usage: %s [--cell=PATTERN]… [--record=FILE] [--deadline=SECONDS]\n"
	"       [--benchmark_*=…]\n"
	"\n"
	"A Google Benchmark program whose benchmarks are cells: one process run of each.\n"
	"ipcmark(1) runs it many times in fresh processes; for figures use that.\n"
	"\n"
	"  --cell=PATTERN      the cells to register (default: all); e.g.\n"
	"                      pingpong/pipe/process/same_pu/64B\n"
	"  --record=FILE       write a record for ipcmark instead of a table\n"
	"  --deadline=SECONDS  how long a phase of a cell may last (default %d)\n"
	"\n"
	"Exit status: 0 done, 1 a cell failed, 2 bad usage.\n"
	"\n";

/* Takes our options out of argv; the rest is Google Benchmark's. */
static int parse(struct harness *harness, int *argc, char **argv, unsigned *ret_patterns)
{
	int kept = 1, r = 0;
	char *end;

	*ret_patterns = 0;
	for (int i = 1; i < *argc && r >= 0; i++) {
		if (strncmp(argv[i], "--cell=", 7) == 0) {
			r = cell_list_add(&harness->cells, argv[i] + 7, harness->topo);
			++*ret_patterns;
		} else if (strncmp(argv[i], "--record=", 9) == 0) {
			harness->record_path = argv[i] + 9;
		} else if (strncmp(argv[i], "--deadline=", 11) == 0) {
			double seconds = strtod(argv[i] + 11, &end);
			if (*end || !(seconds > 0 && seconds < 1e6))
				r = fail(-EINVAL, "'%s' is not a number of seconds", argv[i] + 11);
			harness->deadline_ns = (int64_t)(seconds * 1e9);
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = NULL;
	*argc = kept;
	return trace(r);
}

static int set_up(struct harness *harness, int *argc, char **argv)
{
	unsigned patterns;

	int r = topo_load(&harness->topo);
	if (r >= 0)
		r = parse(harness, argc, argv, &patterns);
	if (r >= 0 && patterns == 0)
		r = cell_list_add(&harness->cells, "*", harness->topo);
	if (r < 0)
		return trace(r);
	r = gb_initialize(argc, argv);
	if (r < 0)
		return fail(r, "%s", gb_last_error());
	if (r == GB_HELP)
		return r;
	if (gb_report_unrecognized(*argc, argv))
		return fail(-EINVAL, "unknown options (see --help)");
	harness->record = record_new();
	return harness->record ? r : fail(-ENOMEM, "no memory for a record");
}

static int run_all(struct harness *harness)
{
	_cleanup_(freep) struct bench *benches =
		calloc(harness->cells.count + 1, sizeof(struct bench));
	int r = benches ? 0 : fail(-ENOMEM, "no memory for the benchmarks");

	for (size_t i = 0; r >= 0 && i < harness->cells.count; i++)
		r = register_cell(harness, &harness->cells.cells[i], &benches[i]);
	if (r < 0)
		return trace(r);
	r = gb_run(harness->record_path ? record_reporter(harness->record) : NULL, NULL, NULL);
	if (r < 0)
		r = fail(r, "%s", gb_last_error());
	end_session(harness, r, r < 0 ? error_message(r) : NULL);
	if (r >= 0 && harness->record_path)
		r = record_save(harness->record, harness->record_path);
	gb_shutdown();
	return trace(r);
}

int harness_main(int argc, char **argv, const char *program)
{
	struct harness harness = {.deadline_ns = DEADLINE_DEFAULT_S * NS_PER_S};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &ignore, NULL);
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			printf(usage, program, DEADLINE_DEFAULT_S);
	cycles_init();
	int r = set_up(&harness, &argc, argv);
	if (r == GB_HELP)
		r = 0;
	else if (r >= 0)
		r = run_all(&harness);
	unsigned failures = harness.record ? record_failures(harness.record) : 0;
	if (r < 0)
		error_print(stderr, program, r);
	record_free(harness.record);
	cell_list_free(&harness.cells);
	topo_free(harness.topo);
	return r == -EINVAL ? 2 : r < 0 || failures ? 1 : 0;
}
