#pragma once
/* The tables for a terminal of what is no transport; each writes to the stream. */
#include <stdio.h>

#include "report/family.h"

/* One group of pools, locks or ways to spawn. */
void console_group(
	FILE *out, const struct view *view, const struct view_group *group, unsigned width);

/* From which grain on each pool pays; nothing without `fib` beside `serial`. */
void console_breakeven(FILE *out, const struct view *view, unsigned width);

/* What came out of each scenario and what that means, also of those that failed. */
void console_scenarios(FILE *out, const struct view *view, unsigned width);
