/*
 * Lines over an axis: latency and throughput against the message size, wake-up against the gap.
 * One plot per placement, of processes (of threads where there are no processes).
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"

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

/* The group whose order chooses the subjects: 64 B for latency, the last for the others. */
static const struct view_group *rank_group(
	const struct plotter *plotter, const struct lines *lines, const struct result_axes *axes)
{
	const struct view_group *last = NULL;

	for (size_t i = 0; i < plotter->view->group_count; i++) {
		const struct view_group *group = &plotter->view->groups[i];
		if (!is_of(lines, group, axes))
			continue;
		if (lines->kind == VIEW_TIME && !lines->over_gap && last &&
			last->axes->size_bytes >= PLOT_SIZE_BYTES)
			continue;
		last = group;
	}
	return last;
}

static const struct view_row *row_of(const struct view_group *group, const char *label)
{
	for (size_t i = 0; i < group->count; i++)
		if (strcmp(group->rows[i].label, label) == 0)
			return &group->rows[i];
	return NULL;
}

struct extent {
	double x_low, x_high, low, high;
	struct plot_count count;
	unsigned without_interval;
};

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
		fprintf(plot->data, "%.0f %.6g %.6g %.6g %u\n", x, figure->value, figure->low,
			figure->high, figure->n);
		widen(extent, x, figure);
	}
	fputs("\n\n", plot->data);
}

/* A tick per size that was measured, at most every fourth power of two. */
static void put_size_axis(struct plot *plot, const struct extent *extent)
{
	char text[VIEW_TEXT_MAX];
	_cleanup_(freep) char *tics = NULL;
	size_t size;
	FILE *out = open_memstream(&tics, &size);
	unsigned stride = extent->x_high / extent->x_low > 1 << 12 ? 2 : 1;

	for (unsigned bit = 0; out && bit < 40; bit += stride) {
		double value = (double)(UINT64_C(1) << bit);
		if (value < extent->x_low * 0.99 || value > extent->x_high * 1.01)
			continue;
		fprintf(out, "%s\"%s\" %.0f", ftell(out) > 0 ? ", " : "",
			view_size(text, (size_t)value), value);
	}
	if (out)
		fclose(out);
	plot_set_text(plot, "x_tics", tics ? tics : "");
	plot_set_number(plot, "x_low", extent->x_low / 1.25);
	plot_set_number(plot, "x_high", extent->x_high * 1.25);
}

static void put_captions(struct plot *plot, const struct lines *lines,
	const struct result_axes *axes, const struct extent *extent, const char *choice)
{
	char text[VIEW_LABEL_MAX], n[VIEW_TEXT_MAX];

	snprintf(plot->title, sizeof(plot->title), "%s, %s", lines->title,
		view_placement_prose(axes->placement));
	snprintf(plot->caption1, sizeof(plot->caption1),
		"%.90s: medians of process runs, %s each; bands: exact 95 %% intervals%s.",
		plot_what(text, axes, lines->over_gap), plot_count_text(n, &extent->count),
		extent->without_interval ? " (from 6 runs on)" : "");
	snprintf(plot->caption2, sizeof(plot->caption2), "%.300s%s", choice,
		lines->over_gap ? " Dashed: idle states free; solid: held off." : "");
}

static int draw(struct plotter *plotter, const struct lines *lines, const struct result_axes *axes)
{
	_cleanup_(plot_deinit) struct plot plot;
	struct plot_choice choice;
	struct extent extent = {0};
	char styles[128] = "";

	/* The floor moves no bytes: its bandwidth would only be a long axis. */
	plot_choose(&choice, rank_group(plotter, lines, axes), lines->kind == VIEW_TIME);
	plot_begin(&plot, lines->script, axes);
	fprintf(plot.data,
		"# %s\n# A block per subject: its name, then %s, median, the interval's ends (%s), "
		"process runs\n",
		lines->title, lines->over_gap ? "gap in ns" : "size in bytes",
		lines->kind == VIEW_TIME ? "ns" : "bytes per second");
	for (size_t i = 0; i < choice.count; i++) {
		size_t used = strlen(styles);
		put_series(plotter, &plot, lines, choice.rows[i], &extent);
		snprintf(styles + used, sizeof(styles) - used, "%s%u", i ? " " : "",
			plot_style(plotter, &plot, choice.rows[i]));
	}
	if (extent.x_low >= extent.x_high)
		return 0;
	plot_set_text(&plot, "styles", styles);
	plot_set_number(&plot, "series", (double)choice.count);
	if (lines->over_gap)
		plot_set_axis(&plot, "x", extent.x_low, extent.x_high, VIEW_TIME);
	else
		put_size_axis(&plot, &extent);
	plot_set_axis(&plot, "y", extent.low, extent.high, lines->kind);
	put_captions(&plot, lines, axes, &extent, choice.text);
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
