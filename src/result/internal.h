#pragma once
/* What the files of this layer share; nobody else includes it. */
#include "result/json.h"
#include "result/results.h"

/* The cell, made with the status if there is none. */
struct result_cell *result_cell_need(struct results *results, const char *name,
	const struct result_axes *axes, unsigned machine, enum result_status status);
struct result_cell *result_cell_find(
	const struct results *results, const char *name, unsigned machine);

/* Takes what the run owns; the cell is then RESULT_OK. */
void result_cell_append(struct result_cell *cell, struct result_run *run);
void result_cell_fail(struct result_cell *cell, const char *reason);

void result_run_deinit(struct result_run *run);
void result_machine_deinit(struct results_machine *machine);

json_t *result_axes_json(const struct result_axes *axes);
void result_axes_read(struct json_reader *reader, const json_t *json, struct result_axes *ret);

/* Parses and checks a run object, and keeps a reference of it; the reader has the error. Nothing
 * is owned by *ret then. */
void result_run_read(struct json_reader *reader, json_t *json, struct result_run *ret);

/* Why the run cannot count by what is known beside its figures, to be freed; NULL when it can. */
char *result_run_judge(const struct result_run *run);

/* The context, or one that has what readers of the schema need. A new reference. */
json_t *result_context(const struct results *results);

/* Writes {"context", "benchmarks", "ipcmark"} to DIR/NAME; takes the references. The members of
 * ipcmark["cells"] get a line each. */
int result_write(
	const char *dir, const char *name, json_t *context, json_t *benchmarks, json_t *ipcmark);

struct summary;

/* Fills the counters of a summary whose state is known. */
void summary_counters(struct summary *ret);

/* Fills the facts, likewise. */
void summary_facts(struct summary *ret);
