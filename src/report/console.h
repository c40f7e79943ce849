#pragma once
/*
 * Tables for a terminal: one per workload, exec, placement and size; rows are subjects, the floor
 * (`null`) first, then the best first. What was skipped, and why, stands at the end.
 */
#include <stdbool.h>
#include <stdio.h>

#include "result/results.h"

struct report_console_options {
	unsigned width; /* columns; 0: the terminal's if `out` is one, else 100 */
	bool verdict;   /* say the verdict first */
};

/* `options` may be NULL: all defaults. A negative errno when `out` has an error. */
int report_console(
	FILE *out, const struct results *results, const struct report_console_options *options);
