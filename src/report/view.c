#include "report/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/family.h"
#include "result/own.h"

/* The order of the placements in reports; others (named CPUs) come after, by name. */
static const struct placement_text {
	const char *name, *prose;
} placements[] = {
	{"same_l3", "between two cores (same_l3)"},
	{"same_l2", "between two cores (same_l2)"},
	{"same_package", "between two cores of one package (same_package)"},
	{"cross_numa", "across NUMA nodes (cross_numa)"},
	{"cross_package", "across packages (cross_package)"},
	{"smt", "between two hyperthreads (smt)"},
	{"same_pu", "on one CPU (same_pu)"},
	{"free", "unbound (free)"},
};
enum { PLACEMENT_COUNT = sizeof(placements) / sizeof(placements[0]) };

static unsigned placement_order(const char *name)
{
	unsigned i = 0;

	while (i < PLACEMENT_COUNT && strcmp(name, placements[i].name) != 0)
		i++;
	return i;
}

const char *view_placement_prose(const char *placement)
{
	unsigned i = placement_order(placement);

	return i < PLACEMENT_COUNT ? placements[i].prose : placement;
}

static unsigned workload_order(const char *name)
{
	static const char *const first[] = {"pingpong", "stream", "fan_in", "fan_out",
		"many_to_many", "wakeup", "fib", "map_tiny", "batch", "submit", "submit_idle",
		"fetch", "uncontended", "contended", "handover", "value_add", "notify", "barrier",
		"spawn"};
	unsigned i = 0;

	while (i < sizeof(first) / sizeof(first[0]) && strcmp(name, first[i]) != 0)
		i++;
	return i;
}

bool view_is_floor(const struct view_row *row)
{
	/* What each family compares with: no mechanism, no pool, no lock. */
	static const char *const floors[] = {
		[VIEW_TRANSPORT] = "null", [VIEW_POOL] = "serial", [VIEW_LOCK] = "none"};
	const struct result_axes *axes = &row->summary->cell->axes;
	enum view_family family = family_of_axes(axes);

	return family <= VIEW_LOCK && strcmp(axes->subject, floors[family]) == 0;
}

static bool is_default(const char *value, const char *usual)
{
	return !value[0] || strcmp(value, usual) == 0;
}

bool view_is_plain(const struct view_row *row)
{
	const struct result_axes *axes = &row->summary->cell->axes;
	return is_default(axes->touch, "none") && is_default(axes->idle, "held");
}

const struct estimate *view_figure(const struct view_row *row)
{
	const struct summary *summary = row->summary;
	return summary->cell->throughput && summary->rate.n ? &summary->rate : &summary->time;
}

bool view_is_better(const struct view_row *a, const struct view_row *b)
{
	const struct estimate *x = view_figure(a), *y = view_figure(b);
	return x == &a->summary->rate ? x->value > y->value : x->value < y->value;
}

static int compare(long long a, long long b)
{
	return (a > b) - (a < b);
}

static int compare_groups(const struct result_axes *a, const struct result_axes *b)
{
	int order = compare(workload_order(a->workload), workload_order(b->workload));

	if (!order)
		order = strcmp(a->workload, b->workload);
	if (!order)
		order = strcmp(a->exec, b->exec);
	if (!order)
		order = compare(placement_order(a->placement), placement_order(b->placement));
	if (!order)
		order = strcmp(a->placement, b->placement);
	if (!order)
		order = compare((long long)a->size_bytes, (long long)b->size_bytes);
	if (!order)
		order = compare(a->gap_ns, b->gap_ns);
	if (!order)
		order = compare(a->senders, b->senders);
	return order ? order : family_compare_params(a, b, NULL);
}

static int compare_rows(const void *a_, const void *b_)
{
	const struct view_row *a = a_, *b = b_;
	int order = compare_groups(&a->summary->cell->axes, &b->summary->cell->axes);

	if (!order)
		order = compare(!view_is_floor(a), !view_is_floor(b));
	if (!order)
		order = view_is_better(b, a) - view_is_better(a, b);
	return order ? order : strcmp(a->label, b->label);
}

static void make_label(const struct view *view, struct view_row *row)
{
	const struct result_cell *cell = row->summary->cell;
	const struct result_axes *axes = &cell->axes;
	FILE *out = own(fmemopen(row->label, sizeof(row->label), "w"));

	fputs(axes->subject, out);
	if (!is_default(axes->touch, "none"))
		fprintf(out, " touch=%s", axes->touch);
	if (!is_default(axes->wait, "spin_then_park"))
		fprintf(out, " wait=%s", axes->wait);
	if (!is_default(axes->idle, "held"))
		fprintf(out, " idle=%s", axes->idle);
	if (view->results->machine_count > 1)
		fprintf(out, " @%s", view->results->machines[cell->machine].label);
	fclose(out);
	row->label[sizeof(row->label) - 1] = '\0';
}

struct view *view_new(const struct results *results)
{
	struct view *view = own_array(1, sizeof(*view));

	view->results = results;
	view->summaries = own_array(results->cell_count, sizeof(*view->summaries));
	view->rows = own_array(results->cell_count, sizeof(*view->rows));
	view->groups = own_array(results->cell_count, sizeof(*view->groups));
	for (size_t i = 0; i < results->cell_count; i++) {
		struct summary *summary = &view->summaries[view->count];
		summary_of(&results->cells[i], summary);
		if (summary->time.n == 0)
			continue;
		view->rows[view->count].summary = summary;
		make_label(view, &view->rows[view->count++]);
	}
	qsort(view->rows, view->count, sizeof(*view->rows), compare_rows);
	for (size_t i = 0; i < view->count; i++) {
		const struct result_cell *cell = view->rows[i].summary->cell;
		struct view_group *group = view->groups + view->group_count - 1;
		if (i == 0 || compare_groups(group->axes, &cell->axes) != 0) {
			group = &view->groups[view->group_count++];
			*group = (struct view_group){.axes = &cell->axes,
				.unit = cell->unit,
				.direction = cell->direction,
				.throughput = cell->throughput,
				.rows = &view->rows[i]};
		}
		group->count++;
	}
	return view;
}

void view_free(struct view *view)
{
	int saved = errno;

	if (!view)
		return;
	free(view->summaries);
	free(view->rows);
	free(view->groups);
	free(view);
	errno = saved;
}

void view_freep(struct view **view)
{
	view_free(*view);
}

static bool fits(const char *wanted, const char *value)
{
	return !wanted || strcmp(wanted, value) == 0;
}

const struct view_group *view_find(const struct view *view, const char *workload, const char *exec,
	const char *placement, size_t size_bytes)
{
	for (size_t i = 0; i < view->group_count; i++) {
		const struct result_axes *axes = view->groups[i].axes;
		if (fits(workload, axes->workload) && fits(exec, axes->exec) &&
			fits(placement, axes->placement) &&
			(!size_bytes || size_bytes == axes->size_bytes))
			return &view->groups[i];
	}
	return NULL;
}
