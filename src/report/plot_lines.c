/*
 * Lines over an axis: latency and throughput against the message size, wake-up against the gap.
 * One plot per placement, of processes (of threads where there are no processes).
 */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"

enum { POINTS_MAX = 64 };

struct lines {
	const char *script, *workload, *title;
	enum view_kind kind;
	bool over_gap; /* else over the size */
};

static const struct lines all_lines[] = {
	{"latency_size", "pingpong", "Latency against message size", VIEW_TIME, false},
	{"throughput_size", "stream", "Throughput against message size", VIEW_BANDWIDTH, false},
	{"wakeup", "wakeup", "Wake-up latency against idle time", VIEW_TIME, true},
};

static const struct estimate *figure_of(const struct lines *lines, const struct view_row *row)
{
	return lines->kind == VIEW_BANDWIDTH ? &row->summary->bytes : &row->summary->time;
}

static double x_of(const struct lines *lines, const struct result_axes *axes)
{
	return lines->over_gap ? (double)axes->gap_ns : (double)axes->size_bytes;
}

/* Whether the group is one point of the lines that `axes` is another of. */
static bool is_of(
	const struct lines *lines, const struct view_group *group, const struct result_axes *axes)
{
	return strcmp(group->axes->workload, lines->workload) == 0 &&
	       strcmp(group->axes->exec, axes->exec) == 0 &&
	       strcmp(group->axes->placement, axes->placement) == 0 &&
	       (!lines->over_gap || group->axes->size_bytes == axes->size_bytes) &&
	       (lines->over_gap || group->axes->gap_ns == axes->gap_ns);
}

static const struct view_row *row_of(const struct view_group *group, const char *label)
{
	for (size_t i = 0; i < group->count; i++)
		if (strcmp(group->rows[i].label, label) == 0)
			return &group->rows[i];
	return NULL;
}

/* What a row of one point can be: a line needs two, that of a subject which nobody knows nearly as
 * many as there are. */
struct line_points {
	const struct plotter *plotter;
	const struct lines *lines;
	const struct result_axes *axes;
	unsigned most;
};

static unsigned count_points(const struct line_points *points, const char *label)
{
	const struct view *view = points->plotter->view;
	unsigned count = 0;

	for (size_t i = 0; i < view->group_count; i++) {
		const struct view_row *row = is_of(points->lines, &view->groups[i], points->axes)
						     ? row_of(&view->groups[i], label)
						     : NULL;
		count += row && figure_of(points->lines, row)->n > 0;
	}
	return count;
}

static bool is_line(const void *context, const struct view_row *row, bool familiar)
{
	const struct line_points *points = context;
	unsigned count = count_points(points, row->label);

	return count >= 2 && (familiar || count + 1 >= points->most);
}

/* The group whose order chooses the subjects: of those with most lines, that of 64 B (or the next
 * one) for latency and the last one for the others. Finds `most`, too. */
static const struct view_group *rank_group(struct line_points *points)
{
	const struct view_group *best = NULL;
	bool first = points->lines->kind == VIEW_TIME && !points->lines->over_gap;
	unsigned most_lines = 0;

	for (size_t i = 0; i < points->plotter->view->group_count; i++) {
		const struct view_group *group = &points->plotter->view->groups[i];
		unsigned lines = 0;
		if (!is_of(points->lines, group, points->axes))
			continue;
		for (size_t r = 0; r < group->count; r++) {
			unsigned count = count_points(points, group->rows[r].label);
			lines += is_line(points, &group->rows[r], true);
			points->most = count > points->most ? count : points->most;
		}
		if (best &&
			(first ? lines <= most_lines && best->axes->size_bytes >= PLOT_SIZE_BYTES
			       : lines < most_lines))
			continue;
		best = group;
		most_lines = lines;
	}
	return best;
}

struct extent {
	double x_low, x_high, low, high;
	struct plot_count count;
	unsigned without_interval, away, dashed;
	double x[POINTS_MAX]; /* what was measured, in order */
	unsigned x_count;
};

static void add_x(struct extent *extent, double x)
{
	unsigned at = extent->x_count;

	for (unsigned i = 0; i < extent->x_count; i++)
		if (extent->x[i] == x)
			return;
	if (extent->x_count == POINTS_MAX)
		return;
	for (; at > 0 && extent->x[at - 1] > x; at--)
		extent->x[at] = extent->x[at - 1];
	extent->x[at] = x;
	extent->x_count++;
}

static void widen(struct extent *extent, double x, const struct estimate *estimate)
{
	if (extent->high == 0 || x < extent->x_low)
		extent->x_low = x;
	if (x > extent->x_high)
		extent->x_high = x;
	if (extent->high == 0 || estimate->low < extent->low)
		extent->low = estimate->low;
	if (estimate->high > extent->high)
		extent->high = estimate->high;
	add_x(extent, x);
	plot_count_add(&extent->count, estimate->n);
	extent->without_interval += estimate->level == 0;
}

/* One block of the data: the label, then a line per point. */
static void put_series(struct plotter *plotter, struct plot *plot, const struct lines *lines,
	const struct view_row *chosen, struct extent *extent)
{
	const struct view *view = plotter->view;

	plot_put_label(plot, chosen->label);
	fputc('\n', plot->data);
	for (size_t i = 0; i < view->group_count; i++) {
		const struct view_group *group = &view->groups[i];
		if (!is_of(lines, group, &chosen->summary->cell->axes))
			continue;
		const struct view_row *row = row_of(group, chosen->label);
		const struct estimate *figure = row ? figure_of(lines, row) : NULL;
		double x = x_of(lines, group->axes);
		if (!figure || figure->n == 0 || figure->low <= 0 || x <= 0)
			continue;
		fprintf(plot->data, "%.0f %.6g %.6g %.6g %u %d\n", x, figure->value, figure->low,
			figure->high, figure->n, plot_is_away(row));
		extent->away += plot_is_away(row);
		widen(extent, x, figure);
	}
	fputs("\n\n", plot->data);
}

/* A tick per size or gap that was measured, where there is room for its text. */
static void put_x_axis(struct plot *plot, const struct lines *lines, const struct extent *extent)
{
	char text[VIEW_TEXT_MAX], tics[PLOT_TEXT_MAX * 2] = "";
	double apart = pow(extent->x_high / extent->x_low, 0.095), last = 0;
	size_t used = 0;

	for (unsigned i = 0; i < extent->x_count; i++) {
		double x = extent->x[i];
		if (last > 0 && x < last * apart)
			continue;
		last = x;
		used += (size_t)snprintf(tics + used, sizeof(tics) - used, "%s\"%s\" %.0f",
			used ? ", " : "",
			lines->over_gap ? plot_tic(text, x, VIEW_TIME) : view_size(text, (size_t)x),
			x);
	}
	double margin = pow(extent->x_high / extent->x_low, 0.04);
	plot_set_text(plot, "x_tics", tics);
	plot_set_number(plot, "x_low", extent->x_low / margin);
	plot_set_number(plot, "x_high", extent->x_high * margin);
}

/* The floor would only make the axis long: its figure in words. */
static void say_floor(
	char text[VIEW_TEXT_MAX], const struct lines *lines, const struct view_group *group)
{
	char value[VIEW_TEXT_MAX];

	text[0] = '\0';
	for (size_t i = 0; i < group->count; i++)
		if (lines->kind == VIEW_TIME && view_is_floor(&group->rows[i]) &&
			view_is_plain(&group->rows[i])) {
			view_value(value, group->rows[i].summary->time.value, VIEW_TIME);
			snprintf(text, VIEW_TEXT_MAX, " Floor (null): %.40s.", value);
			return;
		}
}

static void put_captions(struct plot *plot, const struct lines *lines,
	const struct view_group *group, const struct extent *extent, const char *choice)
{
	char text[VIEW_LABEL_MAX], n[VIEW_TEXT_MAX], floor[VIEW_TEXT_MAX];

	say_floor(floor, lines, group);
	snprintf(plot->title, sizeof(plot->title), "%s, %s", lines->title,
		view_placement_prose(group->axes->placement));
	snprintf(plot->caption1, sizeof(plot->caption1),
		"%.90s: medians of process runs, %s each; bands: exact 95 %% intervals%s.",
		plot_what(text, group->axes, lines->over_gap), plot_count_text(n, &extent->count),
		extent->without_interval ? " (from 6 runs on)" : "");
	snprintf(plot->caption2, sizeof(plot->caption2), "%.180s%.60s%s%s", choice, floor,
		extent->away ? " Ringed: the CPUs were not near." : "",
		extent->dashed ? " Dashed: idle states free; solid: held off." : "");
}

static int draw(struct plotter *plotter, const struct lines *lines, const struct result_axes *axes)
{
	_cleanup_(plot_deinit) struct plot plot;
	struct plot_choice choice;
	struct line_points points = {.plotter = plotter, .lines = lines, .axes = axes};
	const struct view_group *group = rank_group(&points);
	struct plot_usable usable = {.is = is_line,
		.context = &points,
		.what = lines->over_gap ? " with several gaps" : " with several sizes"};
	struct extent extent = {0};
	char styles[128] = "";

	plot_choose(&choice, group, &usable);
	plot_begin(&plot, lines->script, axes);
	fprintf(plot.data,
		"# %s\n# A block per subject: its name, then %s, median, the interval's ends (%s), "
		"process runs,\n# whether the CPUs were not near\n",
		lines->title, lines->over_gap ? "gap in ns" : "size in bytes",
		lines->kind == VIEW_TIME ? "ns" : "bytes per second");
	for (size_t i = 0; i < choice.count; i++) {
		size_t used = strlen(styles);
		put_series(plotter, &plot, lines, choice.rows[i], &extent);
		extent.dashed += !view_is_plain(choice.rows[i]);
		snprintf(styles + used, sizeof(styles) - used, "%s%u", i ? " " : "",
			plot_style(plotter, &plot, choice.rows[i]));
	}
	if (extent.x_low >= extent.x_high)
		return 0;
	plot_set_text(&plot, "styles", styles);
	plot_set_text(&plot, "unit", group->unit);
	plot_set_number(&plot, "series", (double)choice.count);
	put_x_axis(&plot, lines, &extent);
	plot_set_axis(&plot, "y", extent.low, extent.high, lines->kind);
	put_captions(&plot, lines, group, &extent, choice.text);
	return trace(plot_end(plotter, &plot));
}

/* Whether this group is the first of its lines, and of processes where there are some. */
static bool is_first(
	const struct plotter *plotter, const struct lines *lines, const struct view_group *group)
{
	if (strcmp(group->axes->workload, lines->workload) != 0 ||
		strncmp(group->axes->placement, "cpu", 3) == 0)
		return false;
	if (strcmp(group->axes->exec, "process") != 0 &&
		view_find(plotter->view, lines->workload, "process", group->axes->placement, 0))
		return false;
	for (const struct view_group *other = plotter->view->groups; other < group; other++)
		if (is_of(lines, other, group->axes) ||
			(lines->over_gap && strcmp(other->axes->workload, lines->workload) == 0 &&
				strcmp(other->axes->exec, group->axes->exec) == 0 &&
				strcmp(other->axes->placement, group->axes->placement) == 0))
			return false;
	return true;
}

int plot_lines_all(struct plotter *plotter)
{
	for (size_t l = 0; l < sizeof(all_lines) / sizeof(all_lines[0]); l++)
		for (size_t i = 0; i < plotter->view->group_count; i++) {
			const struct view_group *group = &plotter->view->groups[i];
			if (!is_first(plotter, &all_lines[l], group))
				continue;
			int r = draw(plotter, &all_lines[l], group->axes);
			if (r < 0)
				return trace(r);
		}
	return 0;
}
