#pragma once
/*
 * The model of results: what was measured, where, and with which evidence.
 *
 * A struct results holds cells; a cell holds process runs, as the harness recorded them. Files are
 * Google Benchmark's schema with everything of ours under one key, "ipcmark", so that the tools
 * that read that schema take them unchanged.
 *
 * A run is judged once, when it enters, by what is known *beside* its figures: it is rejected (kept
 * with its reason, never counted) when the probe saw the CPUs move or busy, or when a side ran on
 * another CPU than it was bound to. Nothing is ever rejected for its value.
 *
 * The caller owns struct results and frees it with results_free(); all that it reaches is owned
 * by it, strings are copied on the way in. No locks: one thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "measure/cycles.h"
#include "measure/fingerprint.h"

enum { RESULTS_SCHEMA = 1, RESULT_AXIS_MAX = 48, RESULT_SIDES_MAX = 64 };

enum result_status { RESULT_OK, RESULT_SKIPPED, RESULT_FAILED };

/* An axis that only some workloads have: "tasks", "workers", … */
struct result_param {
	char key[16], value[32]; /* numbers in decimal: counts, bytes, ns */
};
enum { RESULT_PARAMS_MAX = 8 };

/* The point of the product that a cell is. "" (0) where a cell does not have the axis. */
struct result_axes {
	char workload[RESULT_AXIS_MAX], subject[RESULT_AXIS_MAX], exec[RESULT_AXIS_MAX];
	char placement[RESULT_AXIS_MAX], touch[RESULT_AXIS_MAX], wait[RESULT_AXIS_MAX];
	char idle[RESULT_AXIS_MAX];
	size_t size_bytes;
	int64_t gap_ns;
	unsigned senders;
	unsigned param_count; /* the axes without a member of their own, in the order of the name */
	struct result_param params[RESULT_PARAMS_MAX];
};

/* The value of an axis by its name ("tasks", "placement"; sizes and times in bytes and ns); NULL
 * where the cell does not have it. May be `text`. */
const char *result_axis(
	const struct result_axes *axes, const char *name, char text[RESULT_AXIS_MAX]);

/* The same of an axis that is a number; `missing` where the cell does not have it. */
int64_t result_axis_number(const struct result_axes *axes, const char *name, int64_t missing);

/* Sets one axis from its text; beyond RESULT_PARAMS_MAX they are ignored. `axes` is a struct
 * result_axes, zeroed before the first: made to be handed to cell_axes(). */
void result_axes_put(void *axes, const char *axis, const char *value);

/* One side of a run; per message. A negative migrations: not counted on that machine. */
struct result_side {
	int cpu, wanted_cpu; /* -1: unbound */
	double cpu_ns, voluntary_switches, involuntary_switches, page_faults;
	int64_t migrations;
};

/* One process run of one cell. */
struct result_run {
	unsigned round;
	char state[16]; /* what the probe saw: "near", "far", "smt", "busy"; "" none */
	char *why;      /* why it is rejected; NULL when it counts */
	size_t repetitions;
	double *times_ns;            /* per iteration, one per repetition */
	double *medians_ns;          /* the histogram's median of each; NULL when not recorded */
	double *messages_per_second; /* NULL when not recorded, likewise the next */
	double *bytes_per_second;
	unsigned sides;
	struct result_side *side;
	json_t *json; /* as recorded; what is not named above is only here */
};

struct result_cell {
	char *name;
	struct result_axes axes;
	json_t *axes_json; /* all axes, also those that this version does not know */
	char *unit, *direction;
	bool throughput;
	enum result_status status; /* RESULT_OK when at least one process run gave figures */
	char *reason;              /* of a skipped cell or of the last failure; NULL */
	unsigned failures;         /* process runs that failed */
	unsigned machine;          /* index into results.machines */
	struct result_run *runs;   /* accepted and rejected, in the order of measuring */
	size_t run_count, run_capacity;
};

struct results_finding {
	const char *severity; /* "ok", "note" or "warning" */
	const char *check, *finding, *advice;
};

/* What is known of the whole. Pointers may be NULL; all is copied. */
struct results_meta {
	const char *version, *command, *suite;
	const char *started, *finished; /* ISO 8601 */
	uint64_t seed;
	bool interrupted;
	const char *build_type; /* "release" or "debug": context.library_build_type */
	const struct fingerprint *fingerprint;
	const struct results_finding *findings; /* the doctor's */
	size_t finding_count;
	const char *topology; /* text, several lines */
	const struct cycles_info *clock;
};

/* Where results come from: one for what was just measured or loaded, several after a merge. */
struct results_machine {
	char *label; /* "" for a single one, else the directory's name */
	struct fingerprint fingerprint;
	char *version, *command, *suite, *started, *finished, *build_type, *topology;
	uint64_t seed;
	bool interrupted;
	json_t *doctor, *clock; /* array of findings; object, or NULL */
};

struct results {
	struct results_machine *machines;
	size_t machine_count;
	struct result_cell *cells;
	size_t cell_count, cell_capacity;
	json_t *context; /* Google Benchmark's, of the first record; NULL before */
};

/* Never fails: out of memory ends the process, here and in all that follows. */
struct results *results_new(void);

/* Accepts NULL. */
void results_free(struct results *results);
void results_freep(struct results **results);

/* Replaces what is known of the whole; may be called again, e.g. with `finished` at the end. */
void results_set_meta(struct results *results, const struct results_meta *meta);

/*
 * Adds the cells of one record (the file that a harness process wrote), as process run `round` of
 * each. A cell whose status is "failed" counts as a failure with its reason.
 *
 * Returns how many of the runs were rejected (to be repeated, perhaps), 0 for none. -EINVAL with
 * the file, the place in it and what is wrong when it is no record; another errno when it cannot
 * be read; the results are then unchanged.
 */
int results_add_record(struct results *results, const char *record_path, unsigned round);

/* The same from a parsed record; `where` stands for the path in messages. */
int results_add_record_json(
	struct results *results, const json_t *record, const char *where, unsigned round);

/* A cell that cannot run here, or one that failed without leaving a record (a crash, a deadline).
 * A cell that has runs stays RESULT_OK, and its failures are counted. */
void results_add_skipped(struct results *results, const char *name, const struct result_axes *axes,
	const char *reason);
void results_add_failed(struct results *results, const char *name, const struct result_axes *axes,
	const char *reason);

/* The cell, or NULL; of machine 0. */
struct result_cell *results_find(const struct results *results, const char *name);

/* Accepted runs of the cell, and rejected ones. */
size_t result_cell_accepted(const struct result_cell *cell);
size_t result_cell_rejected(const struct result_cell *cell);

/*
 * Writes DIR/results.json, whole or not at all: into a temporary file of the same directory, to
 * the disk, then renamed. The directory must exist. A negative errno with what failed on what; an
 * older results.json is then untouched. -EINVAL for merged results.
 */
int results_save(const struct results *results, const char *dir);

/* Reads DIR/results.json, or DIR itself when it is a file. -EINVAL with the path, the place and
 * what is wrong when it is not such a file. */
int results_load(const char *dir, struct results **ret_results);

/*
 * Reads several and merges them for a report. Runs of the same cell on machines whose fingerprints
 * agree are pooled; others stay apart, labelled by their directory. *ret_results as results_load.
 */
int results_load_many(const char *const *dirs, size_t count, struct results **ret_results);

const char *result_status_name(enum result_status status);
