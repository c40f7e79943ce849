/*
 * One line per subject, one symbol per way to use it: what a pool takes for a task, a lock for a
 * section, a start of a process. Points rather than bars, as a logarithmic axis has no zero for a
 * bar to stand on.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/family.h"
#include "report/plot_internal.h"
#include "report/table.h"
#include "result/own.h"

/* Fewer runs have no 95 % interval. */
enum { SERIES_MAX = 6, LINES_MAX = 40, INTERVAL_RUNS = 6 };

struct series {
	const char *title;
	struct plot_setting setting;
};

enum figure { FIGURE_TIME, FIGURE_RATE, FIGURE_FAIRNESS };

static const struct dots {
	const char *name, *title, *x_label;
	enum view_family family;
	enum figure figure;
	bool one_exec; /* processes if there are any: subjects are of both kinds */
	struct series series[SERIES_MAX];
	const char *caption;
} all_dots[] = {
	{"dispatch", "What a pool takes for a task that does nothing", "time per task", VIEW_POOL,
		FIGURE_TIME, false,
		{{"map, auto", {"map_tiny", "chunk=0", "tasks=1000 workers=2", NULL, NULL}},
			{"map, chunk 1",
				{"map_tiny", "chunk=1", "tasks=1000 workers=2", NULL, NULL}},
			{"batch", {"batch", NULL, "tasks=1000 workers=2", NULL, NULL}},
			{"submit", {"submit", NULL, "workers=2", NULL, NULL}},
			{"submit, idle",
				{"submit_idle", NULL, "gap=1000000 workers=2", NULL, NULL}}},
		"batch: submitted one by one, waited for together; submit: one task and its "
		"result"},
	{"lock_cost", "What a lock takes", "time", VIEW_LOCK, FIGURE_TIME, true,
		{{"uncontended", {"uncontended", NULL, NULL, NULL, NULL}},
			{"hand-over, 1 µs", {"handover", "section=1000", NULL, NULL, NULL}},
			{"hand-over, 100 µs", {"handover", "section=100000", NULL, NULL, NULL}}},
		"Uncontended: acquire and release. Hand-over: from the release to the waiter that "
		"has waited so long"},
	{"contended", "How much gets through a lock that all want", "sections a second, all sides",
		VIEW_LOCK, FIGURE_RATE, true,
		{{"2 sides", {"contended", "contenders=2 section=100", NULL, NULL, NULL}},
			{"4 sides", {"contended", "contenders=4 section=100", NULL, NULL, NULL}},
			{"16 sides", {"contended", "contenders=16 section=100", NULL, NULL, NULL}},
			{"4 sides, empty",
				{"contended", "contenders=4 section=0", NULL, NULL, NULL}}},
		"Each side: a section, then as long outside; empty: nothing in it"},
	{"fairness", "How evenly a lock that all want is shared",
		"fairness: the least that a side got, as a share of the most", VIEW_LOCK,
		FIGURE_FAIRNESS, true,
		{{"2 sides", {"contended", "contenders=2 section=100", NULL, NULL, NULL}},
			{"4 sides", {"contended", "contenders=4 section=100", NULL, NULL, NULL}},
			{"16 sides", {"contended", "contenders=16 section=100", NULL, NULL, NULL}},
			{"4 sides, empty",
				{"contended", "contenders=4 section=0", NULL, NULL, NULL}}},
		"1: all sides got as many sections; 0: one got all. Bars: least and greatest of "
		"all repetitions"},
	{"signals", "Signals and barriers", "time", VIEW_LOCK, FIGURE_TIME, true,
		{{"notify", {"notify", NULL, NULL, NULL, NULL}},
			{"barrier of 2", {"barrier", "contenders=2", NULL, NULL, NULL}},
			{"barrier of 4", {"barrier", "contenders=4", NULL, NULL, NULL}}},
		"Notify: a signal there and one back. Barrier: all sides meet once"},
	{"talk", "An echo server that answers in capitals", "requests a second, all connections",
		VIEW_SCENARIO, FIGURE_RATE, true,
		{{"1", {"talk", "connections=1", NULL, NULL, NULL}},
			{"10", {"talk", "connections=10", NULL, NULL, NULL}},
			{"100", {"talk", "connections=100", NULL, NULL, NULL}},
			{"1000", {"talk", "connections=1000", NULL, NULL, NULL}}},
		"By the number of connections"},
	{"spawn", "What it takes to start a process or thread, and to join it", "time", VIEW_SPAWN,
		FIGURE_TIME, false,
		{{"1 MiB", {"spawn", "resident=1048576", NULL, NULL, NULL}},
			{"256 MiB", {"spawn", "resident=268435456", NULL, NULL, NULL}}},
		"By the private memory that the caller has touched"},
};

struct line {
	const char *label;
	bool floor;
	double order, low, high;
};

struct picture {
	const struct dots *dots;
	const char *placement, *exec;
	const struct result_axes *settings[SERIES_MAX];
	struct line lines[LINES_MAX];
	unsigned line_count, shown;
	double low, high;
	unsigned columns;
	struct plot_count count;
};

static bool value_of(
	const struct picture *picture, const struct view_row *row, struct estimate *ret)
{
	const struct summary *summary = row->summary;
	const struct summary_fact *fairness = summary_fact(summary, "fairness");

	switch (picture->dots->figure) {
	case FIGURE_RATE:
		*ret = summary->rate;
		return ret->n > 0 && ret->low > 0;
	case FIGURE_FAIRNESS:
		if (fairness)
			*ret = (struct estimate){
				fairness->value, fairness->min, fairness->max, 0, summary->time.n};
		return fairness != NULL;
	default:
		*ret = family_task_time(row);
		return ret->low > 0;
	}
}

static bool is_shown(const struct plotter *plotter, const struct picture *picture, unsigned series,
	const struct view_row *row)
{
	const struct result_axes *axes = &row->summary->cell->axes;
	bool floor = view_is_floor(row);

	/* What does not exclude has no hand-over and shares nothing. */
	if (floor && picture->dots->family == VIEW_LOCK &&
		strcmp(axes->workload, "uncontended") != 0)
		return false;
	return picture->settings[series] && plot_is_usable(plotter, row) &&
	       plot_setting_holds(picture->settings[series], axes) &&
	       (!picture->exec || strcmp(picture->exec, axes->exec) == 0);
}

/* NULL when there is no room. `serial` may be there twice: once is enough. */
static struct line *line_of(struct picture *picture, const struct view_row *row)
{
	for (unsigned i = 0; i < picture->line_count; i++)
		if (strcmp(picture->lines[i].label, row->label) == 0)
			return &picture->lines[i];
	if (picture->line_count == LINES_MAX)
		return NULL;
	struct line *line = &picture->lines[picture->line_count++];
	*line = (struct line){row->label, view_is_floor(row), -1, INFINITY, 0};
	return line;
}

static int compare_lines(const void *a_, const void *b_)
{
	const struct line *a = a_, *b = b_;

	if (a->floor != b->floor)
		return b->floor - a->floor;
	return (a->order > b->order) - (a->order < b->order);
}

/* The lines, the best first: by the first series that a subject has. */
static void find_lines(const struct plotter *plotter, struct picture *picture)
{
	const struct view *view = plotter->view;
	struct estimate value;

	picture->low = INFINITY;
	for (unsigned s = 0; s < SERIES_MAX; s++) {
		bool any = false;
		for (size_t i = 0; i < view->count; i++) {
			if (!is_shown(plotter, picture, s, &view->rows[i]) ||
				!value_of(picture, &view->rows[i], &value))
				continue;
			struct line *line = line_of(picture, &view->rows[i]);
			if (!line)
				continue;
			any = true;
			if (line->order < 0)
				line->order = picture->dots->figure == FIGURE_TIME
						      ? value.value
						      : 1 / fmax(value.value, 1e-9);
			line->low = fmin(line->low, value.value);
			line->high = fmax(line->high, value.value);
			picture->low = fmin(picture->low, value.low);
			picture->high = fmax(picture->high, value.high);
			unsigned columns = (unsigned)table_text_width(line->label);
			if (columns > picture->columns)
				picture->columns = columns;
			plot_count_add(&picture->count, value.n);
		}
		picture->shown += any;
		if (!any)
			picture->settings[s] = NULL;
	}
	qsort(picture->lines, picture->line_count, sizeof(picture->lines[0]), compare_lines);
}

static void put_series(const struct plotter *plotter, struct plot *plot,
	const struct picture *picture, unsigned series)
{
	const struct view *view = plotter->view;
	struct estimate value;

	for (unsigned l = 0; l < picture->line_count; l++)
		for (size_t i = 0; i < view->count; i++) {
			const struct view_row *row = &view->rows[i];
			if (strcmp(row->label, picture->lines[l].label) != 0 ||
				!is_shown(plotter, picture, series, row) ||
				!value_of(picture, row, &value))
				continue;
			plot_put_label(plot, row->label);
			fprintf(plot->data, " %u %.6g %.6g %.6g\n", l + 1, value.value, value.low,
				value.high);
			break;
		}
}

static void put_data(
	const struct plotter *plotter, struct plot *plot, const struct picture *picture)
{
	char titles[PLOT_TEXT_MAX] = "";
	size_t used = 0;

	fputs("# name, line, least and greatest of its figures\n", plot->data);
	for (unsigned l = 0; l < picture->line_count; l++) {
		plot_put_label(plot, picture->lines[l].label);
		fprintf(plot->data, " %u %.6g %.6g\n", l + 1, picture->lines[l].low,
			picture->lines[l].high);
	}
	for (unsigned s = 0; s < SERIES_MAX; s++) {
		if (!picture->settings[s])
			continue;
		const char *title = picture->dots->series[s].title;
		char params[VIEW_LABEL_MAX];
		fprintf(plot->data, "\n\n# %s: %s; name, line, median, low, high\n", title,
			family_params(params, picture->settings[s], NULL));
		put_series(plotter, plot, picture, s);
		used += (size_t)snprintf(
			titles + used, sizeof(titles) - used, "%s%s", used ? "|" : "", title);
		if (table_text_width(title) > plot->key_columns)
			plot->key_columns = (unsigned)table_text_width(title);
	}
	plot_set_text(plot, "titles", titles);
}

/* What the series have in common: the tasks and workers of the first. */
static void put_captions(struct plot *plot, const struct picture *picture)
{
	char n[VIEW_TEXT_MAX], params[VIEW_LABEL_MAX] = "";
	const struct dots *dots = picture->dots;
	const struct result_axes *first = NULL;
	char gap[VIEW_TEXT_MAX];
	int64_t gap_ns = 0;

	for (unsigned s = 0; s < SERIES_MAX; s++)
		if (picture->settings[s]) {
			first = first ? first : picture->settings[s];
			gap_ns = picture->settings[s]->gap_ns ? picture->settings[s]->gap_ns
							      : gap_ns;
		}
	if (dots->family == VIEW_POOL)
		family_params(params, first, "chunk");
	else if (dots->figure != FIGURE_TIME)
		family_params(
			params, first, dots->family == VIEW_LOCK ? "contenders" : "connections");
	snprintf(plot->title, sizeof(plot->title), "%s, %s", dots->title,
		view_placement_prose(picture->placement));
	snprintf(plot->caption1, sizeof(plot->caption1), "%s%s%s%s%s.",
		dots->figure == FIGURE_FAIRNESS || picture->count.low < INTERVAL_RUNS
			? "Medians of process runs, "
			: "Medians of process runs with 95 % intervals, ",
		plot_count_text(n, &picture->count), params[0] ? "; " : "", params,
		picture->exec ? (strcmp(picture->exec, "thread") == 0 ? "; threads" : "; processes")
			      : "");
	snprintf(plot->caption2, sizeof(plot->caption2), "%s%s%s.", dots->caption,
		gap_ns ? "; idle: after " : "", gap_ns ? view_duration(gap, gap_ns) : "");
}

static int draw(struct plotter *plotter, const struct dots *dots, const char *placement)
{
	_cleanup_(plot_deinit) struct plot plot = {0};
	_cleanup_(freep) struct picture *picture = own_array(1, sizeof(*picture));

	*picture = (struct picture){.dots = dots, .placement = placement};
	for (int kind = 0; kind < 2 && picture->line_count == 0; kind++) {
		picture->exec = !dots->one_exec ? NULL : kind ? "thread" : "process";
		for (unsigned s = 0; s < SERIES_MAX && dots->series[s].title; s++) {
			struct plot_setting setting = dots->series[s].setting;
			setting.placement = placement;
			setting.exec = picture->exec;
			picture->settings[s] = plot_setting_find(plotter, &setting);
		}
		find_lines(plotter, picture);
	}
	if (picture->line_count < 2)
		return 0;
	plot_begin_named(&plot, "dots", dots->name, placement);
	put_data(plotter, &plot, picture);
	plot_set_number(&plot, "series", picture->shown);
	plot_set_number(&plot, "lines", picture->line_count);
	plot_set_number(&plot, "height", fmax(430, 226 + 20.0 * picture->line_count));
	plot_set_number(&plot, "left_margin", (32 + 7.4 * picture->columns) / PLOT_WIDTH);
	plot_set_text(&plot, "x_label", dots->x_label);
	if (dots->figure == FIGURE_FAIRNESS) {
		plot_set_text(&plot, "x_tics",
			"\"0\" 0, \"0.25\" 0.25, \"0.5\" 0.5, "
			"\"0.75\" 0.75, \"1\" 1");
		plot_set_number(&plot, "x_low", 0);
		plot_set_number(&plot, "x_high", 1.02);
	} else {
		plot_set_axis(&plot, "x", picture->low, picture->high,
			dots->figure == FIGURE_RATE ? VIEW_RATE : VIEW_TIME);
	}
	plot_set_number(&plot, "logarithmic", dots->figure != FIGURE_FAIRNESS);
	put_captions(&plot, picture);
	return trace(plot_end(plotter, &plot));
}

int plot_dots_all(struct plotter *plotter)
{
	const struct view *view = plotter->view;

	for (size_t d = 0; d < sizeof(all_dots) / sizeof(all_dots[0]); d++)
		for (size_t i = 0; i < view->group_count; i++) {
			const char *placement = view->groups[i].axes->placement;
			size_t before = 0;
			/* Pairs of named CPUs would be many. */
			if (family_of_axes(view->groups[i].axes) != all_dots[d].family ||
				strncmp(placement, "cpu", 3) == 0)
				continue;
			while (family_of_axes(view->groups[before].axes) != all_dots[d].family ||
				strcmp(view->groups[before].axes->placement, placement) != 0)
				before++;
			if (before < i)
				continue;
			int r = draw(plotter, &all_dots[d], placement);
			if (r < 0)
				return trace(r);
		}
	return 0;
}
