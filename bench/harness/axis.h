#pragma once
/*
 * The axes of a cell by number (enum pattern_axis): the values that a pattern's wildcards range
 * over, and how one is set. Values are texts, as they stand in a name.
 */
#include "harness/cell.h"
#include "harness/pattern.h"

/* What the values of placements come from. */
struct axis_machine {
	const struct topo *topo;
	/* All pairs of CPUs, for patterns that ask for them; else none. */
	const struct placement_pair *pairs;
	unsigned pair_count;
};

/* "workload", "subject", … */
const char *axis_name(unsigned axis);

/* Whether the cells of the workload have this axis. */
bool axis_is_of(unsigned axis, const struct workload *workload);

/* What the axis is where a pattern is silent: a value, or "*". */
const char *axis_default(unsigned axis);

/* The i-th value of the axis for the cell's workload, or of all workloads where it is NULL (then
 * with repetitions); NULL behind the last. May be the buffer. */
const char *axis_value(const struct cell *cell, unsigned axis, unsigned i,
	const struct axis_machine *machine, char buffer[UNITS_TEXT_MAX]);

/* -EINVAL with a message when the text is no value of the axis (of the cell's workload, or of any
 * where it is NULL). */
int axis_set(struct cell *cell, unsigned axis, const char *text);
