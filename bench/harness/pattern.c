#include "harness/pattern.h"

#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/units.h"
#include "harness/cell.h"

enum { PATTERN_TEXT_MAX = 512 };

struct pattern {
	char text[PATTERN_TEXT_MAX];
	const char *globs[PATTERN_AXES]; /* into text; NULL: the axis' default */
	struct placement_pair *pairs;
	int pair_count;
};

/* Every axis as the texts of its default values, and how to set one. */
struct axis {
	const char *name;
	const char *key; /* NULL: positional */
	/* The i-th default value, NULL behind the last. */
	const char *(*value)(const struct pattern *pattern, unsigned i, const struct topo *topo,
		char buffer[UNITS_TEXT_MAX]);
	int (*set)(struct cell *cell, const char *text);
};

static const char *workload_value(const struct pattern *pattern, unsigned i,
	const struct topo *topo, char buffer[UNITS_TEXT_MAX])
{
	(void)pattern, (void)topo, (void)buffer;
	return workloads[i] ? workloads[i]->name : NULL;
}

static int workload_set(struct cell *cell, const char *text)
{
	cell->workload = workload_find(text);
	return cell->workload ? 0 : fail(-EINVAL, "there is no workload '%s'", text);
}

static const char *subject_value(const struct pattern *pattern, unsigned i, const struct topo *topo,
	char buffer[UNITS_TEXT_MAX])
{
	(void)pattern, (void)topo, (void)buffer;
	return transports[i] ? transports[i]->name : NULL;
}

static int subject_set(struct cell *cell, const char *text)
{
	cell->subject = transport_find(text);
	return cell->subject ? 0 : fail(-EINVAL, "there is no mechanism '%s'", text);
}

static int name_index(const char *(*name)(unsigned), unsigned count, const char *text)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(name(i), text) == 0)
			return (int)i;
	return -EINVAL;
}

/* An axis whose values are an enum: its names, in order. */
#define ENUM_AXIS(axis, type, count, name_function)                                  \
	static const char *axis##_name_at(unsigned i)                                \
	{                                                                            \
		return name_function((type)i);                                       \
	}                                                                            \
	static const char *axis##_value(const struct pattern *pattern, unsigned i,   \
		const struct topo *topo, char buffer[UNITS_TEXT_MAX])                \
	{                                                                            \
		(void)pattern, (void)topo, (void)buffer;                             \
		return i < (count) ? axis##_name_at(i) : NULL;                       \
	}                                                                            \
	static int axis##_set(struct cell *cell, const char *text)                   \
	{                                                                            \
		int i = name_index(axis##_name_at, (count), text);                   \
		if (i < 0)                                                           \
			return fail(i, "'%s' is no value of the axis " #axis, text); \
		cell->axis = (type)i;                                                \
		return 0;                                                            \
	}

ENUM_AXIS(exec, enum exec, EXEC_COUNT, exec_name)
ENUM_AXIS(touch, enum touch, TOUCH_COUNT, touch_name)
ENUM_AXIS(wait, enum waiter_strategy, WAITER_STRATEGY_COUNT, waiter_strategy_name)
ENUM_AXIS(idle, enum idle, IDLE_COUNT, idle_name)

static const char *placement_value(const struct pattern *pattern, unsigned i,
	const struct topo *topo, char buffer[UNITS_TEXT_MAX])
{
	/* The classes that this machine has, then all pairs of CPUs for patterns that ask for
	 * them. */
	for (unsigned p = 0; p < PLACEMENTS; p++)
		if (placement_seats(topo, (enum placement)p) >= 2 && i-- == 0)
			return placement_name((enum placement)p);
	if (i >= (unsigned)pattern->pair_count)
		return NULL;
	snprintf(buffer, UNITS_TEXT_MAX, "cpu%d-cpu%d", pattern->pairs[i].cpu_a,
		pattern->pairs[i].cpu_b);
	return buffer;
}

static int placement_set(struct cell *cell, const char *text)
{
	int a, b, end = 0;

	if (sscanf(text, "cpu%d-cpu%d%n", &a, &b, &end) == 2 && text[end] == '\0') {
		cell->placement = PLACEMENTS;
		cell->pair[0] = a;
		cell->pair[1] = b;
		return 0;
	}
	return trace(placement_parse(text, &cell->placement));
}

static const char *size_value(const struct pattern *pattern, unsigned i, const struct topo *topo,
	char buffer[UNITS_TEXT_MAX])
{
	static const char *const sizes[] = {"1B", "8B", "64B", "256B", "1KiB", "4KiB", "16KiB",
		"64KiB", "256KiB", "1MiB", "4MiB", NULL};

	(void)pattern, (void)topo, (void)buffer;
	return sizes[i];
}

static int size_set(struct cell *cell, const char *text)
{
	int r = size_parse(text, &cell->size_bytes);

	if (r >= 0 && (cell->size_bytes == 0 || cell->size_bytes > TRANSPORT_MESSAGE_MAX))
		r = fail(-EINVAL, "a message of '%s' is not within 1B … 4MiB", text);
	return trace(r);
}

static const char *gap_value(const struct pattern *pattern, unsigned i, const struct topo *topo,
	char buffer[UNITS_TEXT_MAX])
{
	static const char *const gaps[] = {"10us", "100us", "1ms", "10ms", "100ms", "1s", NULL};

	(void)pattern, (void)topo, (void)buffer;
	return gaps[i];
}

static int gap_set(struct cell *cell, const char *text)
{
	int r = duration_parse(text, &cell->gap_ns);

	if (r >= 0 && (cell->gap_ns == 0 || cell->gap_ns > 10000000000))
		r = fail(-EINVAL, "a gap of '%s' is not within 1ns … 10s", text);
	return trace(r);
}

static const char *senders_value(const struct pattern *pattern, unsigned i, const struct topo *topo,
	char buffer[UNITS_TEXT_MAX])
{
	static const char *const senders[] = {"2", "4", NULL};

	(void)pattern, (void)topo, (void)buffer;
	return senders[i];
}

static int senders_set(struct cell *cell, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n < 1 || n >= TRANSPORT_SIDES_MAX)
		return fail(-EINVAL, "'%s' is not a number of senders (1 … %d)", text,
			TRANSPORT_SIDES_MAX - 1);
	cell->senders = (unsigned)n;
	return 0;
}

static const struct axis axes[PATTERN_AXES] = {
	[PATTERN_WORKLOAD] = {"workload", NULL, workload_value, workload_set},
	[PATTERN_SUBJECT] = {"mechanism", NULL, subject_value, subject_set},
	[PATTERN_EXEC] = {"exec", NULL, exec_value, exec_set},
	[PATTERN_PLACEMENT] = {"placement", NULL, placement_value, placement_set},
	[PATTERN_SIZE] = {"size", NULL, size_value, size_set},
	[PATTERN_TOUCH] = {"touch", "touch", touch_value, touch_set},
	[PATTERN_WAIT] = {"wait", "wait", wait_value, wait_set},
	[PATTERN_IDLE] = {"idle", "idle", idle_value, idle_set},
	[PATTERN_GAP] = {"gap", "gap", gap_value, gap_set},
	[PATTERN_SENDERS] = {"senders", "senders", senders_value, senders_set},
};

enum { POSITIONAL = PATTERN_TOUCH };

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
				"WORKLOAD/MECHANISM/EXEC/PLACEMENT/SIZE come KEY=VALUE",
				text);
		if (!*text)
			return fail(-EINVAL, "an empty component (two slashes in a row?)");
		pattern->globs[(*positional)++] = text;
		return 0;
	}
	*equals = '\0';
	for (unsigned axis = POSITIONAL; axis < PATTERN_AXES; axis++) {
		if (strcmp(axes[axis].key, text) == 0) {
			if (pattern->globs[axis])
				return fail(-EINVAL, "'%s' is given twice", text);
			pattern->globs[axis] = equals + 1;
			return 0;
		}
	}
	return fail(-EINVAL, "'%s' is no key (there are touch, wait, idle, gap, senders)", text);
}

/* Whether the axis has a value that the glob takes; else says which there are. */
static int check_axis(
	const struct pattern *pattern, enum pattern_axis axis, const struct topo *topo)
{
	const char *glob = pattern->globs[axis];
	char buffer[UNITS_TEXT_MAX], known[768] = "";
	struct cell scratch = {0};
	const char *value;

	if (!glob)
		return 0;
	if (!is_glob(glob) && axes[axis].set(&scratch, glob) == 0)
		return 0;
	for (unsigned i = 0; (value = axes[axis].value(pattern, i, topo, buffer)); i++) {
		size_t length = strlen(known);
		if (is_glob(glob) && fnmatch(glob, value, 0) == 0)
			return 0;
		snprintf(known + length, sizeof(known) - length, "%s%s", i ? ", " : "", value);
	}
	return fail(-EINVAL, "no %s matches '%s' (there are: %s)", axes[axis].name, glob, known);
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

/* The glob that counts: of gap and senders none where the workload has no such axis; of the other
 * keys the default value where the pattern is silent. */
static const char *glob_of(const struct pattern *pattern, enum pattern_axis axis)
{
	if (pattern->globs[axis])
		return pattern->globs[axis];
	switch (axis) {
	case PATTERN_TOUCH:
		return touch_name(TOUCH_NONE);
	case PATTERN_WAIT:
		return waiter_strategy_name(WAITER_SPIN_THEN_PARK);
	case PATTERN_IDLE:
		return idle_name(IDLE_HELD);
	default:
		return "*";
	}
}

int pattern_value(const struct pattern *pattern, enum pattern_axis axis, unsigned i,
	const struct topo *topo, struct cell *cell)
{
	char buffer[UNITS_TEXT_MAX];
	const char *glob = glob_of(pattern, axis);

	if ((axis == PATTERN_GAP && !cell->workload->needs_gap) ||
		(axis == PATTERN_SENDERS && !cell->workload->needs_senders)) {
		if (i > 0 || pattern->globs[axis])
			return PATTERN_END;
		cell->gap_ns = axis == PATTERN_GAP ? 0 : cell->gap_ns;
		cell->senders = axis == PATTERN_SENDERS ? 1 : cell->senders;
		return PATTERN_TAKEN;
	}
	if (!is_glob(glob)) {
		int r = i == 0 ? axes[axis].set(cell, glob) : 0;
		return r < 0 ? trace(r) : i == 0 ? PATTERN_TAKEN : PATTERN_END;
	}
	const char *value = axes[axis].value(pattern, i, topo, buffer);
	if (!value)
		return PATTERN_END;
	if (fnmatch(glob, value, 0) != 0)
		return PATTERN_PASSED;
	int r = axes[axis].set(cell, value);
	return r < 0 ? trace(r) : PATTERN_TAKEN;
}
