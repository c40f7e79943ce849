/*
 * Pools, locks and ways to spawn have columns of their own: a map's time is per task, and beside it
 * stands what it is for. Scenarios are one table per workload whatever their params, as what counts
 * is the verdict of each.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/console_parts.h"
#include "report/table.h"
#include "result/own.h"

enum { COLUMNS = 10 };

/* Columns that are empty in all rows are left out, so one list serves all families. */
static const struct table_column time_columns[COLUMNS] = {
	{"subject", false, 0, false},
	{"median", true, 0, false},
	{"95 % interval", true, 3, false},
	{"p99", true, 4, false},
	{"fairness", true, 1, false},
	{"speed-up", true, 1, false},
	{"efficiency", true, 2, false},
	{"CPU", true, 5, false},
	{"n", true, 6, false},
	{"notes", false, 1, true},
};
static const struct table_column rate_columns[COLUMNS] = {
	{"subject", false, 0, false},
	{"rate", true, 0, false},
	{"95 % interval", true, 3, false},
	{"p99", true, 4, false},
	{"fairness", true, 1, false},
	{"speed-up", true, 1, false},
	{"efficiency", true, 2, false},
	{"CPU", true, 5, false},
	{"n", true, 6, false},
	{"notes", false, 1, true},
};

static void add_row(struct table *table, const struct view *view, const struct view_row *row)
{
	const struct summary *summary = row->summary;
	const struct summary_fact *fairness = summary_fact(summary, "fairness");
	bool rate = view_figure(row) == &summary->rate;
	struct estimate time = family_task_time(row);
	const struct estimate *figure = rate ? &summary->rate : &time;
	enum view_kind kind = rate ? VIEW_RATE : VIEW_TIME;
	char value[VIEW_TEXT_MAX], interval[VIEW_TEXT_MAX], p99[VIEW_TEXT_MAX] = "";
	char fair[VIEW_TEXT_MAX] = "", factor[VIEW_TEXT_MAX] = "", share[VIEW_TEXT_MAX] = "";
	char cpu[VIEW_TEXT_MAX] = "", notes[VIEW_LABEL_MAX], n[16];
	struct speedup speedup;

	/* Of maps, a percentile per task would be one of means. */
	if (!rate && summary->count && family_tasks(&summary->cell->axes) == 1)
		view_value(p99, summary->p99_ns, VIEW_TIME);
	if (fairness)
		view_count(fair, fairness->value);
	if (!view_is_floor(row) && speedup_of(view, row, &speedup)) {
		family_factor(factor, speedup.factor.value);
		if (speedup.efficiency >= 0)
			view_count(share, speedup.efficiency);
	}
	if (summary->cpu.n)
		view_value(cpu, summary->cpu.value, VIEW_TIME);
	snprintf(n, sizeof(n), "%u", figure->n);
	const char *texts[COLUMNS] = {row->label, view_value(value, figure->value, kind),
		view_interval(interval, figure, kind), p99, fair, factor, share, cpu, n,
		view_notes(notes, summary)};
	table_add(table, texts);
}

void console_group(
	FILE *out, const struct view *view, const struct view_group *group, unsigned width)
{
	_cleanup_(table_deinit) struct table table = {
		.columns = group->throughput ? rate_columns : time_columns,
		.column_count = COLUMNS,
	};
	char title[VIEW_LABEL_MAX], per[VIEW_TEXT_MAX];

	for (size_t i = 0; i < group->count; i++)
		add_row(&table, view, &group->rows[i]);
	fprintf(out, "\n%s (%s)\n\n", view_title(title, group->axes, true), family_per(per, group));
	table_print(&table, out, width);
}

/* The first row of those that differ in n only, in the order of the view: one line for all. */
static bool is_first(const struct view *view, const struct view_row *row)
{
	const struct result_cell *cell = row->summary->cell;

	for (const struct view_row *other = view->rows; other < row; other++) {
		const struct result_axes *axes = &other->summary->cell->axes;
		if (strcmp(axes->workload, cell->axes.workload) == 0 &&
			strcmp(axes->exec, cell->axes.exec) == 0 &&
			strcmp(axes->placement, cell->axes.placement) == 0 &&
			strcmp(other->label, row->label) == 0 &&
			family_compare_params(axes, &cell->axes, "n") == 0)
			return false;
	}
	return true;
}

void console_breakeven(FILE *out, const struct view *view, unsigned width)
{
	static const struct table_column columns[] = {{"pool", false, 0, false},
		{"break-even", true, 0, false}, {"workers are", false, 1, false},
		{"cells", false, 2, true}};
	_cleanup_(table_deinit) struct table table = {.columns = columns, .column_count = 4};

	for (size_t i = 0; i < view->count; i++) {
		const struct view_row *row = &view->rows[i];
		const struct result_axes *axes = &row->summary->cell->axes;
		char grain[VIEW_TEXT_MAX], params[VIEW_LABEL_MAX], cells[2 * VIEW_LABEL_MAX];
		if (strcmp(axes->workload, "fib") != 0 || view_is_floor(row) ||
			!is_first(view, row))
			continue;
		struct breakeven breakeven = breakeven_of(view, row);
		if (breakeven.kind == BREAKEVEN_NONE)
			continue;
		snprintf(cells, sizeof(cells), "%s, %s", view_placement_prose(axes->placement),
			family_params(params, axes, "n"));
		const char *texts[] = {
			row->label, breakeven_text(grain, &breakeven), family_exec(axes), cells};
		table_add(&table, texts);
	}
	if (table.row_count == 0)
		return;
	fprintf(out,
		"\nBreak-even: the grain, time of one task alone, from which on a map is %.1f "
		"times as fast as without a pool (fib)\n\n",
		BREAKEVEN_FACTOR);
	table_print(&table, out, width);
}

static const struct summary *summary_of_cell(
	const struct view *view, const struct result_cell *cell)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->rows[i].summary->cell == cell)
			return view->rows[i].summary;
	return NULL;
}

static void add_scenario(
	struct table *table, const struct result_cell *cell, const struct summary *summary)
{
	char value[VIEW_TEXT_MAX] = "", outcome[VIEW_LABEL_MAX] = "", verdict[VIEW_LABEL_MAX * 2];
	char text[VIEW_LABEL_MAX * 3];
	char params[VIEW_LABEL_MAX];
	const struct result_axes *axes = &cell->axes;

	if (summary) {
		bool rate = cell->throughput && summary->rate.n;
		view_value(value, rate ? summary->rate.value : summary->time.value,
			rate ? VIEW_RATE : VIEW_TIME);
		scenario_outcome(outcome, summary);
	}
	/* What is behind the colon explains it, after the facts. */
	scenario_verdict(verdict, sizeof(verdict), cell, summary);
	char *why = strchr(verdict, ':');
	if (why)
		*why++ = '\0';
	snprintf(text, sizeof(text), "%s%s%s", outcome, why && outcome[0] ? ";" : "",
		why ? why + !outcome[0] : "");
	const char *texts[] = {axes->subject, family_exec(axes), axes->placement,
		family_params(params, axes, NULL), value, verdict, text};
	table_add(table, texts);
}

/* All cells of a workload; the view has those with figures in order, the others come after. */
static void print_scenario(
	FILE *out, const struct view *view, const struct result_cell *first, unsigned width)
{
	static const struct table_column columns[] = {{"subject", false, 0, false},
		{"workers", false, 0, false}, {"where", false, 4, false}, {"what", false, 0, false},
		{"median", true, 3, false}, {"verdict", false, 0, false},
		{"outcome", false, 0, true}};
	_cleanup_(table_deinit) struct table table = {.columns = columns, .column_count = 7};
	const struct results *results = view->results;

	for (size_t i = 0; i < view->count; i++) {
		const struct summary *summary = view->rows[i].summary;
		if (strcmp(summary->cell->axes.workload, first->axes.workload) == 0)
			add_scenario(&table, summary->cell, summary);
	}
	for (size_t i = 0; i < results->cell_count; i++) {
		const struct result_cell *cell = &results->cells[i];
		if (strcmp(cell->axes.workload, first->axes.workload) == 0 &&
			cell->status == RESULT_FAILED && !summary_of_cell(view, cell))
			add_scenario(&table, cell, NULL);
	}
	if (table.row_count == 0)
		return;
	fprintf(out, "\nScenario %s (per %s)\n\n", first->axes.workload,
		first->unit && first->unit[0] ? first->unit : "round");
	table_print(&table, out, width);
}

void console_scenarios(FILE *out, const struct view *view, unsigned width)
{
	const struct results *results = view->results;

	for (size_t i = 0; i < results->cell_count; i++) {
		const struct result_cell *cell = &results->cells[i];
		size_t before = 0;
		if (family_of_axes(&cell->axes) != VIEW_SCENARIO)
			continue;
		while (strcmp(results->cells[before].axes.workload, cell->axes.workload) != 0)
			before++;
		if (before == i)
			print_scenario(out, view, cell, width);
	}
}
