#include "harness/axis.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* A message larger than that of any transport is no message. */
#define SIZE_MAX_BYTES ((size_t)4 << 20)

static const char *const names[PATTERN_PARAMS] = {
	"workload", "subject", "exec", "placement", "size", "touch", "wait", "idle"};

const char *axis_name(unsigned axis)
{
	assert(axis < PATTERN_AXES);
	return axis < PATTERN_PARAMS ? names[axis] : param_table[axis - PATTERN_PARAMS].key;
}

bool axis_is_of(unsigned axis, const struct workload *workload)
{
	if (axis >= PATTERN_PARAMS)
		return workload_param(workload, axis - PATTERN_PARAMS) != NULL;
	return (axis != PATTERN_SIZE && axis != PATTERN_TOUCH) || workload->needs_size;
}

const char *axis_default(unsigned axis)
{
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

/* ---- values ---- */

static const char *subject_value(const struct family *family, unsigned i)
{
	struct subject subject;

	return subject_at(family, i, &subject) ? subject.name : NULL;
}

/* Of the workload's family, or of all in a row. */
static const char *subject_value_of(const struct workload *workload, unsigned i)
{
	if (workload)
		return subject_value(workload->family, i);
	for (unsigned f = 0; families[f]; f++) {
		unsigned count = 0;
		const char *name;
		while ((name = subject_value(families[f], count))) {
			if (count++ == i)
				return name;
		}
		i -= count;
	}
	return NULL;
}

static const char *param_value_of(const struct workload *workload, enum param_key key, unsigned i,
	char buffer[UNITS_TEXT_MAX])
{
	if (workload)
		return param_default(workload_param(workload, key), i, buffer);
	for (unsigned w = 0; workloads[w]; w++) {
		const char *values = workload_param(workloads[w], key);
		unsigned count = 0;
		while (values && param_default(values, count, buffer)) {
			if (count++ == i)
				return buffer;
		}
		i -= count;
	}
	return NULL;
}

static const char *placement_value(
	const struct axis_machine *machine, unsigned i, char buffer[UNITS_TEXT_MAX])
{
	/* The classes that this machine has, then all pairs of CPUs for patterns that ask for
	 * them. */
	for (unsigned p = 0; p < PLACEMENTS; p++)
		if (placement_seats(machine->topo, (enum placement)p) >= 2 && i-- == 0)
			return placement_name((enum placement)p);
	if (i >= machine->pair_count)
		return NULL;
	snprintf(buffer, UNITS_TEXT_MAX, "cpu%d-cpu%d", machine->pairs[i].cpu_a,
		machine->pairs[i].cpu_b);
	return buffer;
}

const char *axis_value(const struct cell *cell, unsigned axis, unsigned i,
	const struct axis_machine *machine, char buffer[UNITS_TEXT_MAX])
{
	static const char *const sizes[] = {"1B", "8B", "64B", "256B", "1KiB", "4KiB", "16KiB",
		"64KiB", "256KiB", "1MiB", "4MiB", NULL};

	switch (axis) {
	case PATTERN_WORKLOAD:
		return workloads[i] ? workloads[i]->name : NULL;
	case PATTERN_SUBJECT:
		return subject_value_of(cell->workload, i);
	case PATTERN_EXEC:
		return i < EXEC_COUNT ? exec_name((enum exec)i) : NULL;
	case PATTERN_PLACEMENT:
		return placement_value(machine, i, buffer);
	case PATTERN_SIZE:
		return sizes[i];
	case PATTERN_TOUCH:
		return i < TOUCH_COUNT ? touch_name((enum touch)i) : NULL;
	case PATTERN_WAIT:
		return i < WAITER_STRATEGY_COUNT ? waiter_strategy_name((enum waiter_strategy)i)
						 : NULL;
	case PATTERN_IDLE:
		return i < IDLE_COUNT ? idle_name((enum idle)i) : NULL;
	default:
		return param_value_of(cell->workload, axis - PATTERN_PARAMS, i, buffer);
	}
}

/* ---- setting one ---- */

static int subject_set(struct cell *cell, const char *text)
{
	if (cell->workload) {
		if (subject_find(
			    cell->workload->family, cell->workload->needs, text, &cell->subject))
			return 0;
		return fail(-EINVAL, "%s has no subject '%s'", cell->workload->name, text);
	}
	for (unsigned f = 0; families[f]; f++)
		if (subject_find(families[f], 0, text, &cell->subject))
			return 0;
	return fail(-EINVAL, "there is no subject '%s'", text);
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

static int size_set(struct cell *cell, const char *text)
{
	int r = size_parse(text, &cell->size_bytes);

	if (r >= 0 && (cell->size_bytes == 0 || cell->size_bytes > SIZE_MAX_BYTES))
		r = fail(-EINVAL, "a message of '%s' is not within 1B … 4MiB", text);
	return trace(r);
}

/* The index of the text among the values of an axis that is an enum. */
static int enum_index(unsigned axis, const char *text)
{
	const struct cell none = {.workload = NULL};
	char buffer[UNITS_TEXT_MAX];
	const char *value;

	for (unsigned i = 0; (value = axis_value(&none, axis, i, NULL, buffer)); i++)
		if (strcmp(value, text) == 0)
			return (int)i;
	return fail(-EINVAL, "'%s' is no value of the axis %s", text, axis_name(axis));
}

int axis_set(struct cell *cell, unsigned axis, const char *text)
{
	int i = 0;

	if (axis == PATTERN_EXEC || axis == PATTERN_TOUCH || axis == PATTERN_WAIT ||
		axis == PATTERN_IDLE)
		i = enum_index(axis, text);
	if (i < 0)
		return trace(i);
	switch (axis) {
	case PATTERN_WORKLOAD:
		cell->workload = workload_find(text);
		return cell->workload ? 0 : fail(-EINVAL, "there is no workload '%s'", text);
	case PATTERN_SUBJECT:
		return trace(subject_set(cell, text));
	case PATTERN_EXEC:
		cell->exec = (enum exec)i;
		return 0;
	case PATTERN_PLACEMENT:
		return trace(placement_set(cell, text));
	case PATTERN_SIZE:
		return trace(size_set(cell, text));
	case PATTERN_TOUCH:
		cell->touch = (enum touch)i;
		return 0;
	case PATTERN_WAIT:
		cell->wait = (enum waiter_strategy)i;
		return 0;
	case PATTERN_IDLE:
		cell->idle = (enum idle)i;
		return 0;
	default:
		return trace(param_parse(
			axis - PATTERN_PARAMS, text, &cell->params[axis - PATTERN_PARAMS]));
	}
}
