#pragma once
/*
 * What queue-peers measures: a cell is a table, whose rows are queues in one shape of processes
 * and CPUs; all rows of a cell run in each of its rounds, in random order.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bench/peers/queue/subject.h"
#include "bench/peers/ring/interval.h"
#include "measure/probe.h"

enum shape {
	ONE_BY_ONE, /* a producer and a consumer, a CPU each */
	APART,      /* two producers on one CPU, two consumers on the other */
	TOGETHER,   /* a producer and a consumer on either CPU */
	ACROSS,     /* a round trip between two CPUs */
	ON_ONE,     /* a round trip on one */
	IDLE,       /* one sleeps at an empty queue, one at a full one; a CPU each */
	SHAPES,
};

enum { ROUNDS_MAX = INTERVAL_VALUES_MAX, ROWS_MAX = 40, CELLS = 5 };

struct row {
	const struct subject *subject;
	enum shape shape;
	double values[ROUNDS_MAX]; /* ns per message or round trip; idle: ns of CPU time per s */
	char skipped[160];         /* why this machine does not let it run; empty: it does */
};

struct cell {
	const char *name;
	unsigned rounds, dropped, row_count;
	struct row rows[ROWS_MAX];
	const struct subject *skipped[ROWS_MAX];
	unsigned skipped_count;
	enum probe_state states[ROUNDS_MAX]; /* where the CPUs were in each round */
};

extern const char *const cell_names[CELLS];

/* Gathers the rows of the i-th cell. */
void cell_init(struct cell *cell, unsigned i);

/* Rounds in the state that has most of them. */
unsigned cell_rounds(const struct cell *cell);

/* A table per state of the CPUs; the ratios are medians of those within a round, with the exact
 * 95 % sign interval; then the targets, each with its verdict. */
void cell_print(const struct cell *cell);

int cells_write(const struct cell *cells, unsigned n, uint64_t seed, bool idle_is_held,
	bool is_realtime, const char *path);
