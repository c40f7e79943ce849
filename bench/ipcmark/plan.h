#pragma once
/*
 * The plan of a run: which cells, and how each is run. It comes from patterns, from a suite, or
 * both; what the command line says stands above what the suite says.
 */
#include <stdint.h>

#include "harness/cell.h"
#include "ipcmark/suite.h"
#include "topo/topo.h"

struct plan {
	struct cell_list cells;
	struct params
		*params; /* one per cell, complete; those of the first job that has the cell */
	size_t params_capacity;
	unsigned runnable; /* cells that can run here */
};

/* What is used where neither suite nor command line say anything. Six runs are the fewest that have
 * a 95 % interval; with a budget of time, it decides how many more there are. */
void plan_defaults(bool has_budget, struct params *ret_params);

/* Adds the cells of a pattern. -EINVAL with a message when there are none. */
int plan_add_pattern(struct plan *plan, const char *pattern, const struct params *params,
	const struct topo *topo);

/* Adds those of all jobs: `defaults`, overridden by the suite, its jobs, and `over`, which is what
 * the command line says. -EINVAL with FILE:LINE. */
int plan_add_suite(struct plan *plan, const struct suite *suite, const struct params *defaults,
	const struct params *over, const struct topo *topo);

/* Keeps only the cells that one of the patterns matches; without patterns, all. -EINVAL with a
 * message when a pattern matches none of them. */
int plan_keep(struct plan *plan, int pattern_count, char **patterns);

/* Accepts a zeroed one. A cleanup function. */
void plan_deinit(struct plan *plan);

/* What one process run of the cell takes, roughly. */
int64_t plan_estimate_ns(const struct plan *plan, size_t cell);
