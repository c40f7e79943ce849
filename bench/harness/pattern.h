#pragma once
/*
 * Patterns of cells: a path of globs over the axes. cell.h has the grammar; this file knows the
 * default values of each axis.
 */
#include <stdbool.h>

#include "harness/param.h"
#include "topo/topo.h"

struct cell;
struct pattern;

/* In the order of a cell's name. */
enum pattern_axis {
	PATTERN_WORKLOAD,
	PATTERN_SUBJECT,
	PATTERN_EXEC,
	PATTERN_PLACEMENT,
	PATTERN_SIZE,
	PATTERN_TOUCH,
	PATTERN_WAIT,
	PATTERN_IDLE,
	PATTERN_PARAMS, /* and so on, in the order of enum param_key */
	PATTERN_AXES = PATTERN_PARAMS + PARAM_COUNT,
};

/* "workload", … ; the axes behind the size are named by their key. */
const char *pattern_axis_name(unsigned axis);

/* "touch, wait, idle, gap, …": all keys, for messages. */
const char *pattern_keys(void);

/* -EINVAL with a message that names the component that is wrong or matches nothing. The caller
 * owns *ret_pattern. */
int pattern_parse(const char *text, const struct topo *topo, struct pattern **ret_pattern);

/* For _cleanup_. */
void pattern_free(struct pattern **pattern);

/* Whether workload, subject or exec is left open: then what does not fit is no cell, else it is one
 * with a reason. */
bool pattern_has_wildcard(const struct pattern *pattern);

enum { PATTERN_END = 0, PATTERN_TAKEN = 1, PATTERN_PASSED = 2 };

/* Sets the cell's axis to its i-th value: TAKEN if the pattern matches it, PASSED if not, END
 * behind the last. The axes before must be set. A negative errno is fatal. */
int pattern_value(const struct pattern *pattern, unsigned axis, unsigned i, const struct topo *topo,
	struct cell *cell);
