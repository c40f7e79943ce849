/* Processes against threads: the ratio of the two latencies of each subject, with its interval. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"
#include "report/table.h"

static const struct view_row *partner(const struct view_group *group, const char *label)
{
	for (size_t i = 0; i < group->count; i++)
		if (strcmp(group->rows[i].label, label) == 0)
			return &group->rows[i];
	return NULL;
}

struct pairs {
	unsigned lines;
	double low, high, columns; /* columns: of the longest label */
	struct plot_count count;
	unsigned without_interval;
};

static void put_pair(struct plot *plot, struct pairs *pairs, const struct view_row *process,
	const struct view_row *thread)
{
	const struct estimate *p = &process->summary->time, *t = &thread->summary->time;
	struct estimate ratio = estimate_ratio(p, t);
	char label[VIEW_LABEL_MAX], text[VIEW_LABEL_MAX + VIEW_TEXT_MAX], value[VIEW_TEXT_MAX];

	snprintf(text, sizeof(text), "%s   %s", plot_label(label, process),
		view_value(value, p->value, VIEW_TIME));
	pairs->columns = fmax(pairs->columns, (double)table_text_width(text));
	plot_put_label(plot, text);
	fprintf(plot->data, " %u %.6g %.6g %.6g %d %.6g %.6g\n", ++pairs->lines, ratio.value,
		ratio.low, ratio.high,
		estimate_differs(p, t) &&
			strcmp(process->summary->state, thread->summary->state) == 0,
		p->value, t->value);
	pairs->low = fmin(pairs->low, ratio.low);
	pairs->high = fmax(pairs->high, ratio.high);
	pairs->without_interval += ratio.level == 0;
	plot_count_add(&pairs->count, p->n);
	plot_count_add(&pairs->count, t->n);
}

/* A ratio's axis holds 1, and is as wide to both sides. */
static void put_axis(struct plot *plot, const struct pairs *pairs)
{
	static const double tics[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25,
		1.5, 2, 5, 10, 20, 50, 100};
	double half = fmax(1.25, fmax(pairs->high, 1 / pairs->low) * 1.04);
	char text[PLOT_TEXT_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(tics) / sizeof(tics[0]); i++)
		if (tics[i] >= 1 / half && tics[i] <= half &&
			/* Near 1 only where there is room. */
			(half < 4 || fabs(log(tics[i])) > 0.6 || tics[i] == 1))
			used += (size_t)snprintf(text + used, sizeof(text) - used,
				"%s\"× %.4g\" %.4g", used ? ", " : "", tics[i], tics[i]);
	plot_set_text(plot, "x_tics", text);
	plot_set_number(plot, "x_low", 1 / half);
	plot_set_number(plot, "x_high", half);
}

static int draw(struct plotter *plotter, const struct view_group *processes,
	const struct view_group *threads)
{
	_cleanup_(plot_deinit) struct plot plot;
	struct pairs pairs = {.low = INFINITY};
	char n[VIEW_TEXT_MAX], size[VIEW_TEXT_MAX];

	plot_begin(&plot, "process_thread", processes->axes);
	fputs("# name and the processes' median, line, threads / processes: ratio, low, high, told "
	      "apart,\n# medians in ns: processes, threads\n",
		plot.data);
	for (size_t i = 0; i < processes->count; i++) {
		const struct view_row *row = &processes->rows[i];
		const struct view_row *other = partner(threads, row->label);
		if (other && view_is_plain(row) && !view_is_floor(row) &&
			row->summary->time.low > 0 && other->summary->time.low > 0)
			put_pair(&plot, &pairs, row, other);
	}
	if (pairs.lines < 2)
		return 0;
	plot_set_number(&plot, "lines", pairs.lines);
	/* A line needs 22 pixels; the rest is for the captions. */
	plot_set_number(&plot, "height", fmax(430, 200 + 22.0 * pairs.lines));
	plot_set_number(&plot, "left_margin", (30 + 7.4 * pairs.columns) / PLOT_WIDTH);
	put_axis(&plot, &pairs);
	snprintf(plot.title, sizeof(plot.title), "Threads against processes, %s",
		view_placement_prose(processes->axes->placement));
	snprintf(plot.caption1, sizeof(plot.caption1),
		"%s, %s: ratio of the median %ss of process runs, %s each; beside the name: "
		"processes' median.",
		processes->axes->workload, view_size(size, processes->axes->size_bytes),
		processes->unit, plot_count_text(n, &pairs.count));
	snprintf(plot.caption2, sizeof(plot.caption2),
		"Bars: from the ends of the two 95 %% intervals%s. Grey: not proven.",
		pairs.without_interval ? " (from 6 runs of both on)" : "");
	return trace(plot_end(plotter, &plot));
}

int plot_pairs_all(struct plotter *plotter)
{
	for (size_t i = 0; i < plotter->view->group_count; i++) {
		const struct view_group *group = &plotter->view->groups[i];
		const struct view_group *threads =
			plot_is_basic(group) ? view_find(plotter->view, "pingpong", "thread",
						       group->axes->placement, PLOT_SIZE_BYTES)
					     : NULL;
		int r = threads ? draw(plotter, group, threads) : 0;
		if (r < 0)
			return trace(r);
	}
	return 0;
}
