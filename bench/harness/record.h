#pragma once
/*
 * The record of one process run, as JSON in Google Benchmark's schema, with what is ours under
 * "ipcmark": what the front end reads (src/result/results.h). Written whole or not at all.
 */
#include <jansson.h>

#include "gbench/gbench.h"
#include "harness/session.h"

struct record;

struct record *record_new(void);

/* Accepts NULL. */
void record_free(struct record *record);

/* A reporter that prints nothing and keeps the context and the runs. Valid as long as the record.
 */
const struct gb_reporter *record_reporter(struct record *record);

/* One run of the cell that a benchmark is made of. The last of them that have the repetitions'
 * number are what the library reports; the ones before were its calibration. */
void record_add_result(
	struct record *record, const struct cell *cell, const struct session_result *result);

/* What session_count() found, per message; after the last result. */
void record_add_counters(struct record *record, const struct cell *cell,
	const struct session *session, uint64_t messages);

/* What the session's end has found. r < 0: the cell has failed, for this reason. */
void record_finish_cell(struct record *record, const struct cell *cell,
	const struct session *session, int r, const char *reason);

/* 0, or a negative errno with what failed on what. */
int record_save(const struct record *record, const char *path);

/* A record that says only that the cell has failed; for the watchdog. */
int record_save_failure(const char *path, const struct cell *cell, const char *reason);

/* How many cells have failed. */
unsigned record_failures(const struct record *record);
