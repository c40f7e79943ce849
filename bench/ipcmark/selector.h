#pragma once
/*
 * A pattern of cells, taken apart by axis so that what it leaves open can be filled in: by the
 * shorthands of a job file and by the policy for idle states. Whether the values exist is not
 * checked here: cell_list_add() does, and has the messages.
 */
#include <stdbool.h>

#include "harness/pattern.h"
#include "topo/topo.h"

enum { SELECTOR_VALUE_MAX = 96, SELECTOR_TEXT_MAX = PATTERN_AXES * (SELECTOR_VALUE_MAX + 13) };

struct selector {
	char value[PATTERN_AXES][SELECTOR_VALUE_MAX]; /* "" where the pattern says nothing */
};

/* -EINVAL with a message: more path components than a cell has, an unknown key, a value that is
 * too long. A key may follow any path component. */
int selector_parse(const char *text, struct selector *ret_selector);

/* Sets the axis unless the pattern says something of its own ("*" is nothing). */
void selector_fill(struct selector *selector, unsigned axis, const char *value);

/* Whether the cell of this name has the values that the selector names; a key that the name leaves
 * out matches "*" only. */
bool selector_matches(const struct selector *selector, const char *cell_name);

/* Replaces the placement `two_cores` by the closest one of two different cores that the machine has
 * (same_l2, same_l3, same_package, …), or same_l3, which is then skipped with its reason. */
void selector_resolve(struct selector *selector, const struct topo *topo);

/* The shortest pattern that says the same; returns text. */
char *selector_format(const struct selector *selector, char text[SELECTOR_TEXT_MAX]);
