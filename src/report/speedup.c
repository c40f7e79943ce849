/* What a pool is worth: its cells beside those of `serial`, the caller alone. */
#include <math.h>
#include <string.h>

#include "report/family.h"

/* CPUs that the placement gives to workers: one, or the two that it names. A free one has all, but
 * which ones it used is not known: two, as the workers are by default. */
static double cpus_of(const struct result_axes *axes)
{
	return strcmp(axes->placement, "same_pu") == 0 ? 1 : 2;
}

static const struct view_row *find_serial(const struct view *view, const struct view_row *row)
{
	const struct result_axes *axes = &row->summary->cell->axes;
	const struct view_row *found = NULL;

	for (size_t i = 0; i < view->count; i++) {
		const struct result_cell *cell = view->rows[i].summary->cell;
		const struct result_axes *other = &cell->axes;
		if (strcmp(other->subject, "serial") != 0 ||
			strcmp(other->workload, axes->workload) != 0 ||
			strcmp(other->placement, axes->placement) != 0 ||
			strcmp(other->idle, axes->idle) != 0 || other->gap_ns != axes->gap_ns ||
			cell->machine != row->summary->cell->machine)
			continue;
		/* It has no workers and makes no chunks, so these may differ. */
		if (result_axis_number(other, "n", -1) != result_axis_number(axes, "n", -1) ||
			result_axis_number(other, "tasks", -1) !=
				result_axis_number(axes, "tasks", -1))
			continue;
		found = &view->rows[i];
		if (strcmp(other->exec, axes->exec) == 0)
			break;
	}
	return found;
}

bool speedup_of(const struct view *view, const struct view_row *row, struct speedup *ret)
{
	const struct result_axes *axes = &row->summary->cell->axes;

	bool computes = strcmp(axes->workload, "fib") == 0;

	if (!computes && strcmp(axes->workload, "fetch") != 0)
		return false;
	const struct view_row *serial = find_serial(view, row);
	if (!serial || row->summary->time.low <= 0 || serial->summary->time.low <= 0)
		return false;
	double workers = (double)result_axis_number(axes, "workers", 2);
	ret->factor = estimate_ratio(&row->summary->time, &serial->summary->time);
	ret->efficiency = computes ? ret->factor.value / fmax(1, fmin(workers, cpus_of(axes))) : -1;
	ret->grain_ns = family_task_time(serial).value;
	return true;
}

struct breakeven breakeven_of(const struct view *view, const struct view_row *row)
{
	const struct result_cell *cell = row->summary->cell;
	struct breakeven breakeven = {0};
	/* The largest grain that does not pay, and the smallest that does and is larger. */
	struct speedup point, below = {0}, above = {.grain_ns = INFINITY};
	double smallest = INFINITY;
	unsigned points = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < view->count; i++) {
			const struct result_cell *other = view->rows[i].summary->cell;
			if (strcmp(other->axes.workload, cell->axes.workload) != 0 ||
				strcmp(view->rows[i].label, row->label) != 0 ||
				strcmp(other->axes.exec, cell->axes.exec) != 0 ||
				strcmp(other->axes.placement, cell->axes.placement) != 0 ||
				family_compare_params(&other->axes, &cell->axes, "n") != 0 ||
				!speedup_of(view, &view->rows[i], &point))
				continue;
			bool pays = point.factor.value >= BREAKEVEN_FACTOR;
			if (pass == 0) {
				points++;
				smallest = fmin(smallest, point.grain_ns);
				if (!pays && point.grain_ns > below.grain_ns)
					below = point;
			} else if (pays && point.grain_ns > below.grain_ns &&
				   point.grain_ns < above.grain_ns) {
				above = point;
			}
		}
	if (points < 2)
		return breakeven;
	if (below.grain_ns <= 0) {
		breakeven = (struct breakeven){BREAKEVEN_BELOW, smallest};
	} else if (isinf(above.grain_ns)) {
		breakeven = (struct breakeven){BREAKEVEN_NOT_YET, below.grain_ns};
	} else {
		double share = (BREAKEVEN_FACTOR - below.factor.value) /
			       (above.factor.value - below.factor.value);
		breakeven.kind = BREAKEVEN_AT;
		breakeven.grain_ns = below.grain_ns * pow(above.grain_ns / below.grain_ns, share);
	}
	return breakeven;
}

char *breakeven_text(char buffer[VIEW_TEXT_MAX], const struct breakeven *breakeven)
{
	char value[VIEW_TEXT_MAX];

	buffer[0] = '\0';
	if (breakeven->kind != BREAKEVEN_NONE)
		snprintf(buffer, VIEW_TEXT_MAX, "%s%.60s",
			breakeven->kind == BREAKEVEN_BELOW     ? "< "
			: breakeven->kind == BREAKEVEN_NOT_YET ? "> "
							       : "",
			view_value(value, breakeven->grain_ns, VIEW_TIME));
	return buffer;
}
