/*
 * The columns of a workload's table: those that any of its rows has something in. Params and facts
 * are named by the workload, so each has a column of its own.
 */
#include <string.h>

#include "report/html_parts.h"

static void add_counters(struct html_shape *shape, const struct summary *summary)
{
	for (unsigned i = 0; i < summary->counter_count; i++) {
		unsigned at = 0;
		while (at < shape->counter_count &&
			strcmp(shape->counters[at], summary->counters[i].name) != 0)
			at++;
		if (at == shape->counter_count && at < SUMMARY_COUNTERS_MAX)
			memcpy(shape->counters[shape->counter_count++], summary->counters[i].name,
				sizeof(shape->counters[0]));
	}
}

/* Columns for the params and facts that the row is the first to have. */
static void add_columns(struct html_shape *shape, const struct summary *summary)
{
	const struct result_axes *axes = &summary->cell->axes;

	for (unsigned i = 0; i < axes->param_count; i++) {
		unsigned at = 0;
		while (at < shape->param_count &&
			strcmp(shape->params[at], axes->params[i].key) != 0)
			at++;
		if (at == shape->param_count && at < RESULT_PARAMS_MAX)
			memcpy(shape->params[shape->param_count++], axes->params[i].key,
				sizeof(shape->params[0]));
	}
	for (unsigned i = 0; i < summary->fact_count; i++) {
		unsigned at = 0;
		/* A column of its own says the verdict, and another the time of a task. */
		if (strcmp(summary->facts[i].name, "verdict_ok") == 0 ||
			strcmp(summary->facts[i].name, "task_ns") == 0)
			continue;
		while (at < shape->fact_count &&
			strcmp(shape->facts[at], summary->facts[i].name) != 0)
			at++;
		if (at == shape->fact_count && at < SUMMARY_FACTS_MAX)
			memcpy(shape->facts[shape->fact_count++], summary->facts[i].name,
				sizeof(shape->facts[0]));
	}
}

struct html_shape html_shape_of(const struct view *view, const struct view_group *first)
{
	struct html_shape shape = {
		.throughput = first->throughput, .family = family_of_axes(first->axes)};
	struct speedup speedup;

	for (size_t i = 0; i < view->count; i++) {
		const struct summary *summary = view->rows[i].summary;
		if (strcmp(summary->cell->axes.workload, first->axes->workload) != 0)
			continue;
		shape.size |= summary->cell->axes.size_bytes > 0;
		shape.tasks |= family_tasks(&summary->cell->axes) > 1;
		shape.speedup |= !view_is_floor(&view->rows[i]) &&
				 speedup_of(view, &view->rows[i], &speedup);
		shape.gap |= summary->cell->axes.gap_ns > 0;
		shape.senders |= summary->cell->axes.senders > 0;
		shape.samples |= summary->count > 0;
		if (summary->sides > shape.sides)
			shape.sides = summary->sides;
		add_counters(&shape, summary);
		add_columns(&shape, summary);
	}
	return shape;
}
