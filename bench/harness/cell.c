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
	return 1 + cell->senders;
}

int cell_cpus(const struct cell *cell, const struct topo *topo, int cpus[TRANSPORT_SIDES_MAX])
{
	if (cell->placement < PLACEMENTS)
		return trace(placement_resolve(topo, cell->placement, cell_sides(cell), cpus));
	for (unsigned side = 0; side < cell_sides(cell); side++)
		cpus[side] = cell->pair[side % 2];
	return 0;
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
	name_add(cell, "%s/%s/%s/", cell->workload->name, cell->subject->name,
		exec_name(cell->exec));
	if (cell->placement < PLACEMENTS)
		name_add(cell, "%s", placement_name(cell->placement));
	else
		name_add(cell, "cpu%d-cpu%d", cell->pair[0], cell->pair[1]);
	name_add(cell, "/%s", size_format(text, cell->size_bytes));
	if (cell->touch != TOUCH_NONE)
		name_add(cell, "/touch=%s", touch_name(cell->touch));
	if (cell->wait != WAITER_SPIN_THEN_PARK)
		name_add(cell, "/wait=%s", waiter_strategy_name(cell->wait));
	if (cell->idle != IDLE_HELD)
		name_add(cell, "/idle=%s", idle_name(cell->idle));
	if (cell->workload->needs_gap)
		name_add(cell, "/gap=%s", duration_format(text, cell->gap_ns));
	if (cell->workload->needs_senders)
		name_add(cell, "/senders=%u", cell->senders);
}

void cell_axes(const struct cell *cell,
	void (*put)(void *context, const char *axis, const char *value), void *context)
{
	char text[UNITS_TEXT_MAX];
	const char *placement =
		cell->placement < PLACEMENTS ? placement_name(cell->placement) : text;

	put(context, "workload", cell->workload->name);
	put(context, "subject", cell->subject->name);
	put(context, "exec", exec_name(cell->exec));
	snprintf(text, sizeof(text), "cpu%d-cpu%d", cell->pair[0], cell->pair[1]);
	put(context, "placement", placement);
	snprintf(text, sizeof(text), "%zu", cell->size_bytes);
	put(context, "size", text);
	put(context, "touch", touch_name(cell->touch));
	if (cell->subject->capabilities & TRANSPORT_WAITS)
		put(context, "wait", waiter_strategy_name(cell->wait));
	put(context, "idle", idle_name(cell->idle));
	if (cell->workload->needs_gap) {
		snprintf(text, sizeof(text), "%lld", (long long)cell->gap_ns);
		put(context, "gap", text);
	}
	if (cell->workload->needs_senders) {
		snprintf(text, sizeof(text), "%u", cell->senders);
		put(context, "senders", text);
	}
}

/* ---- what cannot run here ---- */

/* probe() of every transport once per process: some open rings or queues to find out. */
static const struct transport_limits *limits_of(const struct transport *subject, int *ret_r)
{
	enum { REGISTRY_MAX = 64 };
	static struct {
		bool known;
		int r;
		struct transport_limits limits;
	} cache[REGISTRY_MAX];
	unsigned i = 0;

	while (transports[i] != subject)
		i++;
	assert(i < REGISTRY_MAX);
	if (!cache[i].known) {
		cache[i].r = transport_probe(subject, &cache[i].limits);
		cache[i].known = true;
	}
	*ret_r = cache[i].r;
	return &cache[i].limits;
}

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
	int cpus[TRANSPORT_SIDES_MAX];
	const char *why;
	int r;

	const struct transport_limits *limits = limits_of(cell->subject, &r);
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
	unsigned capabilities = cell->subject->capabilities;
	size_t shared_max = cell->subject->shared_message_max_bytes;
	char most[UNITS_TEXT_MAX];

	if (!(capabilities & (cell->exec == EXEC_THREAD ? TRANSPORT_THREAD : TRANSPORT_PROCESS)))
		reason_set(cell, "%s does not work between %s", cell->subject->name,
			cell->exec == EXEC_THREAD ? "threads" : "processes");
	if (cell->workload->needs_senders && !(capabilities & TRANSPORT_MANY_SENDERS))
		reason_set(cell, "%s has one sender only", cell->subject->name);
	if (cell->workload->needs_senders && shared_max && cell->size_bytes > shared_max)
		reason_set(cell, "messages of several senders over %s would be interleaved",
			size_format(most, shared_max));
	if (cell->wait != WAITER_SPIN_THEN_PARK && !(capabilities & TRANSPORT_WAITS))
		reason_set(cell, "%s has no choice of waiting strategy", cell->subject->name);
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
static int walk(struct product *product, enum pattern_axis axis)
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
	product.cell.senders = 1;
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
