#include "harness/pattern.h"

#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "harness/axis.h"

enum { PATTERN_TEXT_MAX = 1024 };

struct pattern {
	char text[PATTERN_TEXT_MAX];
	const char *globs[PATTERN_AXES]; /* into text; NULL: the axis' default */
	struct placement_pair *pairs;
	int pair_count;
};

enum { POSITIONAL = PATTERN_TOUCH };

const char *pattern_axis_name(unsigned axis)
{
	return axis_name(axis);
}

const char *pattern_keys(void)
{
	static char keys[PATTERN_AXES * 16];

	if (keys[0])
		return keys;
	for (unsigned axis = POSITIONAL; axis < PATTERN_AXES; axis++) {
		size_t length = strlen(keys);
		snprintf(keys + length, sizeof(keys) - length, "%s%s", length ? ", " : "",
			axis_name(axis));
	}
	return keys;
}

static bool is_glob(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

/* Puts one component in its place. */
static int component(struct pattern *pattern, char *text, unsigned *positional)
{
	char *equals = strchr(text, '=');

	if (!equals) {
		if (*positional == POSITIONAL)
			return fail(-EINVAL,
				"'%s' is one component too many: behind "
				"WORKLOAD/SUBJECT/EXEC/PLACEMENT/SIZE come KEY=VALUE",
				text);
		if (!*text)
			return fail(-EINVAL, "an empty component (two slashes in a row?)");
		pattern->globs[(*positional)++] = text;
		return 0;
	}
	*equals = '\0';
	for (unsigned axis = POSITIONAL; axis < PATTERN_AXES; axis++) {
		if (strcmp(axis_name(axis), text) == 0) {
			if (pattern->globs[axis])
				return fail(-EINVAL, "'%s' is given twice", text);
			pattern->globs[axis] = equals + 1;
			return 0;
		}
	}
	return fail(-EINVAL, "'%s' is no key (there are %s)", text, pattern_keys());
}

static struct axis_machine machine_of(const struct pattern *pattern, const struct topo *topo)
{
	return (struct axis_machine){
		.topo = topo,
		.pairs = pattern->pairs,
		.pair_count = (unsigned)pattern->pair_count,
	};
}

/* The workload that the pattern names, where it names one: the other axes are then its. */
static const struct workload *workload_of(const struct pattern *pattern)
{
	const char *glob = pattern->globs[PATTERN_WORKLOAD];

	return glob && !is_glob(glob) ? workload_find(glob) : NULL;
}

/* Whether the axis has a value that the glob takes; else says which there are. */
static int check_axis(const struct pattern *pattern, unsigned axis, const struct topo *topo)
{
	const struct axis_machine machine = machine_of(pattern, topo);
	const char *glob = pattern->globs[axis];
	char buffer[UNITS_TEXT_MAX], known[768] = "";
	struct cell scratch = {.workload = axis == PATTERN_WORKLOAD ? NULL : workload_of(pattern)};
	const char *value;

	if (!glob)
		return 0;
	if (scratch.workload && !axis_is_of(axis, scratch.workload)) {
		if (axis == PATTERN_SIZE && strcmp(glob, "*") == 0)
			return 0;
		return fail(-EINVAL, "%s has no %s", scratch.workload->name, axis_name(axis));
	}
	if (!is_glob(glob) && axis_set(&scratch, axis, glob) == 0)
		return 0;
	for (unsigned i = 0; (value = axis_value(&scratch, axis, i, &machine, buffer)); i++) {
		size_t length = strlen(known);
		if (is_glob(glob) && fnmatch(glob, value, 0) == 0)
			return 0;
		snprintf(known + length, sizeof(known) - length, "%s%s", i ? ", " : "", value);
	}
	return fail(-EINVAL, "no %s matches '%s' (there are: %s)", axis_name(axis), glob, known);
}

int pattern_parse(const char *text, const struct topo *topo, struct pattern **ret_pattern)
{
	_cleanup_(pattern_free) struct pattern *pattern = calloc(1, sizeof(*pattern));
	unsigned positional = 0;
	char *rest, *part;
	int r = 0;

	if (!pattern)
		return fail(-ENOMEM, "no memory for a pattern");
	if (strlen(text) >= sizeof(pattern->text))
		return fail(-EINVAL, "the pattern '%.40s…' is too long", text);
	memcpy(pattern->text, text, strlen(text) + 1);
	rest = pattern->text;
	while (r >= 0 && (part = strsep(&rest, "/")))
		r = component(pattern, part, &positional);
	const char *placement = pattern->globs[PATTERN_PLACEMENT];
	if (r >= 0 && placement && strncmp(placement, "cpu", 3) == 0)
		r = pattern->pair_count = placement_pairs(topo, &pattern->pairs);
	for (unsigned axis = 0; r >= 0 && axis < PATTERN_AXES; axis++)
		r = check_axis(pattern, axis, topo);
	if (r < 0) {
		char why[1024];
		snprintf(why, sizeof(why), "%s", error_message(r));
		return fail(r, "bad pattern '%s': %s", text, why);
	}
	*ret_pattern = TAKE_PTR(pattern);
	return 0;
}

void pattern_free(struct pattern **pattern)
{
	if (*pattern)
		free((*pattern)->pairs);
	free(*pattern);
	*pattern = NULL;
}

bool pattern_has_wildcard(const struct pattern *pattern)
{
	for (unsigned axis = 0; axis <= PATTERN_EXEC; axis++)
		if (!pattern->globs[axis] || is_glob(pattern->globs[axis]))
			return true;
	return false;
}

/* Sets an axis that the cell's workload does not have: one nameless value, which no glob of the
 * pattern's takes but the `*` that stands in front of a key. */
static int absent_value(const struct pattern *pattern, unsigned axis, unsigned i, struct cell *cell)
{
	const char *glob = pattern->globs[axis];

	if (i > 0 || (glob && strcmp(glob, "*") != 0))
		return PATTERN_END;
	if (glob && axis >= POSITIONAL)
		return PATTERN_END;
	if (axis == PATTERN_SIZE)
		cell->size_bytes = 0;
	else if (axis == PATTERN_TOUCH)
		cell->touch = TOUCH_NONE;
	else
		cell->params[axis - PATTERN_PARAMS] = 0;
	return PATTERN_TAKEN;
}

int pattern_value(const struct pattern *pattern, unsigned axis, unsigned i, const struct topo *topo,
	struct cell *cell)
{
	const struct axis_machine machine = machine_of(pattern, topo);
	char buffer[UNITS_TEXT_MAX];
	const char *glob = pattern->globs[axis] ? pattern->globs[axis] : axis_default(axis);

	if (axis == PATTERN_WORKLOAD)
		cell->workload = NULL;
	else if (!axis_is_of(axis, cell->workload))
		return absent_value(pattern, axis, i, cell);
	if (!is_glob(glob)) {
		if (i > 0)
			return PATTERN_END;
		int r = axis_set(cell, axis, glob);
		/* The name of another family's subject. */
		if (r == -EINVAL && axis == PATTERN_SUBJECT)
			return PATTERN_END;
		return r < 0 ? trace(r) : PATTERN_TAKEN;
	}
	const char *value = axis_value(cell, axis, i, &machine, buffer);
	if (!value)
		return PATTERN_END;
	if (fnmatch(glob, value, 0) != 0)
		return PATTERN_PASSED;
	int r = axis_set(cell, axis, value);
	return r < 0 ? trace(r) : PATTERN_TAKEN;
}
