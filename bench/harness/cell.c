#include "harness/cell.h"

#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/units.h"
#include "harness/foreign.h"
#include "harness/pattern.h"
#include "os/idle.h"

static const char *const exec_names[] = {"process", "thread"};
static const char *const idle_names[] = {"held", "free"};

const char *exec_name(enum exec exec)
{
	return exec_names[exec];
}

const char *idle_name(enum idle idle)
{
	return idle_names[idle];
}

unsigned cell_sides(const struct cell *cell)
{
	return cell->subject.foreign ? 1 : cell->workload->family->sides(cell);
}

unsigned cell_seats(const struct cell *cell)
{
	return cell->workload->family->seats(cell);
}

int cell_cpus(const struct cell *cell, const struct topo *topo, int cpus[SEATS_MAX])
{
	unsigned seats = cell_seats(cell);

	assert(seats >= 1 && seats <= SEATS_MAX);
	if (cell->placement < PLACEMENTS)
		return trace(placement_resolve(topo, cell->placement, seats, cpus));
	for (unsigned seat = 0; seat < seats; seat++)
		cpus[seat] = cell->pair[seat % 2];
	return 0;
}

int64_t cell_param(const struct cell *cell, enum param_key key, int64_t missing)
{
	return workload_param(cell->workload, key) ? cell->params[key] : missing;
}

uint64_t cell_operations(const struct cell *cell)
{
	return cell->workload->operations ? cell->workload->operations(cell) : 1;
}

static void name_add(struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void name_add(struct cell *cell, const char *format, ...)
{
	size_t length = strlen(cell->name);
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(cell->name + length, sizeof(cell->name) - length, format, arguments);
	va_end(arguments);
	/* The longest names of the registries fit by far. */
	assert(n >= 0 && length + (size_t)n < sizeof(cell->name));
}

static void name_make(struct cell *cell)
{
	char text[UNITS_TEXT_MAX];

	cell->name[0] = '\0';
	name_add(
		cell, "%s/%s/%s/", cell->workload->name, cell->subject.name, exec_name(cell->exec));
	if (cell->placement < PLACEMENTS)
		name_add(cell, "%s", placement_name(cell->placement));
	else
		name_add(cell, "cpu%d-cpu%d", cell->pair[0], cell->pair[1]);
	if (cell->workload->needs_size)
		name_add(cell, "/%s", size_format(text, cell->size_bytes));
	if (cell->touch != TOUCH_NONE)
		name_add(cell, "/touch=%s", touch_name(cell->touch));
	if (cell->wait != WAITER_SPIN_THEN_PARK)
		name_add(cell, "/wait=%s", waiter_strategy_name(cell->wait));
	if (cell->idle != IDLE_HELD)
		name_add(cell, "/idle=%s", idle_name(cell->idle));
	for (enum param_key key = 0; key < PARAM_COUNT; key++)
		if (workload_param(cell->workload, key))
			name_add(cell, "/%s=%s", param_table[key].key,
				param_format(key, cell->params[key], text));
}

bool axis_is_number(const char *axis)
{
	int param = param_find(axis);

	return strcmp(axis, "size") == 0 ||
	       (param >= 0 && param_table[param].kind != PARAM_KIND_CHOICE);
}

void cell_axes(const struct cell *cell,
	void (*put)(void *context, const char *axis, const char *value), void *context)
{
	char text[UNITS_TEXT_MAX];
	const char *placement =
		cell->placement < PLACEMENTS ? placement_name(cell->placement) : text;

	put(context, "workload", cell->workload->name);
	put(context, "subject", cell->subject.name);
	put(context, "exec", exec_name(cell->exec));
	snprintf(text, sizeof(text), "cpu%d-cpu%d", cell->pair[0], cell->pair[1]);
	put(context, "placement", placement);
	if (cell->workload->needs_size) {
		snprintf(text, sizeof(text), "%zu", cell->size_bytes);
		put(context, "size", text);
		put(context, "touch", touch_name(cell->touch));
	}
	if (cell->subject.capabilities & cell->workload->family->waits)
		put(context, "wait", waiter_strategy_name(cell->wait));
	put(context, "idle", idle_name(cell->idle));
	for (enum param_key key = 0; key < PARAM_COUNT; key++)
		if (workload_param(cell->workload, key))
			put(context, param_table[key].key,
				param_value(key, cell->params[key], text));
}

/* ---- what cannot run here ---- */

static void reason_set(struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void reason_set(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	if (cell->reason[0])
		return;
	va_start(arguments, format);
	vsnprintf(cell->reason, sizeof(cell->reason), format, arguments);
	va_end(arguments);
}

/* Why the machine cannot run a cell that fits. */
static void check_machine(struct cell *cell, const struct topo *topo)
{
	char wanted[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];
	const struct subject_limits *limits;
	int cpus[SEATS_MAX];
	const char *why;

	int r = subject_probe(&cell->subject, &limits);
	if (r < 0)
		reason_set(cell, "%s", limits->reason);
	else if (cell->size_bytes > limits->message_max_bytes)
		reason_set(cell, "%s is over the limit of %s%s%s",
			size_format(wanted, cell->size_bytes),
			size_format(most, limits->message_max_bytes), limits->reason[0] ? ": " : "",
			limits->reason);
	r = cell_cpus(cell, topo, cpus);
	if (r < 0)
		reason_set(cell, "%s", error_message(r));
	if (cell->idle == IDLE_HELD && !idle_can_hold(&why))
		reason_set(cell, "%s; idle=free measures without it", why);
}

/* Whether workload, subject, exec and keys fit together; if not, why. */
static bool fits(struct cell *cell)
{
	const struct workload *workload = cell->workload;
	const struct family *family = workload->family;
	const struct subject *subject = &cell->subject;
	char why[SUBJECT_REASON_MAX] = "";
	const char *senseless = workload->unfit ? workload->unfit(cell) : NULL;

	if (!(subject->capabilities &
		    (cell->exec == EXEC_THREAD ? SUBJECT_THREAD : SUBJECT_PROCESS)))
		reason_set(cell, "%s does not work between %s", subject->name,
			cell->exec == EXEC_THREAD ? "threads" : "processes");
	if (family->unfit)
		family->unfit(cell, why);
	if (why[0])
		reason_set(cell, "%s", why);
	if (subject->foreign ? !foreign_can(subject->foreign, workload->name)
			     : (subject->capabilities & workload->needs) != workload->needs)
		reason_set(cell, "%s cannot do %s", subject->name, workload->name);
	if (senseless)
		reason_set(cell, "%s", senseless);
	if (cell->wait != WAITER_SPIN_THEN_PARK && !(subject->capabilities & family->waits))
		reason_set(cell, "%s has no choice of waiting strategy", subject->name);
	return !cell->reason[0];
}

/* ---- the product ---- */

static int append(struct cell_list *list, const struct cell *cell)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->cells[i].name, cell->name) == 0)
			return 0;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 256;
		struct cell *cells = reallocarray(list->cells, capacity, sizeof(*cells));
		if (!cells)
			return fail(-ENOMEM, "no memory for %zu cells", capacity);
		list->cells = cells;
		list->capacity = capacity;
	}
	list->cells[list->count++] = *cell;
	return 1;
}

/* One cell of the product: kept if it fits, or if the pattern asked for just this. */
static int consider(struct cell_list *list, struct cell cell, const struct pattern *pattern,
	const struct topo *topo)
{
	cell.reason[0] = '\0';
	name_make(&cell);
	if (!fits(&cell)) {
		if (pattern_has_wildcard(pattern))
			return 0;
	} else {
		check_machine(&cell, topo);
	}
	return trace(append(list, &cell));
}

struct product {
	struct cell_list *list;
	const struct pattern *pattern;
	const struct topo *topo;
	struct cell cell;
	size_t considered;
};

/* Sets the axis to each of its values that the pattern takes, and goes on with the next axis. */
static int walk(struct product *product, unsigned axis)
{
	if (axis == PATTERN_AXES) {
		product->considered++;
		return trace(
			consider(product->list, product->cell, product->pattern, product->topo));
	}
	for (unsigned i = 0;; i++) {
		int r = pattern_value(product->pattern, axis, i, product->topo, &product->cell);
		if (r == PATTERN_END)
			return 0;
		if (r == PATTERN_TAKEN)
			r = walk(product, axis + 1);
		if (r < 0)
			return trace(r);
	}
}

int cell_list_add(struct cell_list *list, const char *text, const struct topo *topo)
{
	_cleanup_(pattern_free) struct pattern *pattern = NULL;
	size_t before = list->count;

	int r = pattern_parse(text, topo, &pattern);
	if (r < 0)
		return trace(r);
	struct product product = {.list = list, .pattern = pattern, .topo = topo};
	r = walk(&product, 0);
	if (r < 0)
		return trace(r);
	if (list->count == before && product.considered == 0)
		return fail(
			-EINVAL, "'%s' matches no cell ('ipcmark list' shows what there is)", text);
	return 0;
}

int cell_parse(struct cell *cell, const char *name, const struct topo *topo)
{
	_cleanup_(cell_list_free) struct cell_list list = {0};

	if (strpbrk(name, "*?["))
		return fail(-EINVAL, "'%s' is a pattern, not the name of one cell", name);
	int r = cell_list_add(&list, name, topo);
	if (r < 0)
		return trace(r);
	if (list.count != 1)
		return fail(
			-EINVAL, "'%s' is not the name of one cell but of %zu", name, list.count);
	*cell = list.cells[0];
	return 0;
}

void cell_list_free(struct cell_list *list)
{
	free(list->cells);
	*list = (struct cell_list){0};
}
