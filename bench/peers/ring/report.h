#pragma once
/* What ring-peers found: the table and the JSON. */
#include <stdbool.h>
#include <stdint.h>

#include "bench/peers/ring/interval.h"
#include "bench/peers/ring/subject.h"
#include "measure/probe.h"

enum { ROUNDS_MAX = INTERVAL_VALUES_MAX, SUBJECTS_MAX = 16 };

struct row {
	const struct subject *subject;
	double ns[ROUNDS_MAX]; /* per message, or per round trip */
};

struct cell {
	const char *name;
	bool is_rtt;
	unsigned rounds, dropped, row_count;
	struct row rows[SUBJECTS_MAX]; /* ours first */
	const struct subject *skipped[SUBJECTS_MAX];
	unsigned skipped_count;
	enum probe_state states[ROUNDS_MAX]; /* where the CPUs were in each round */
};

/* Gathers the subjects of this cell. */
void cell_init(struct cell *cell, const char *name);

/* Whether one state has as many rounds. */
bool cell_is_done(const struct cell *cell, unsigned rounds);

/* The rows, and the ratio of our best one to each peer: how many times as fast, by the median of
 * the rounds' ratios, with the exact 95 % sign interval; a table per state of the CPUs. */
void cell_print(const struct cell *cell);

int cells_write(const struct cell *cells, unsigned n, uint64_t seed, bool idle_is_held,
	bool is_realtime, const char *path);
