/*
 * Two subjects that do the same in two ways, as a ratio for each way to use them: libmp beside
 * Python's multiprocessing, whose names it has, and pools of threads beside pools of processes.
 */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/family.h"
#include "report/plot_internal.h"
#include "report/table.h"

struct pair {
	const char *a, *b;
};

static const struct pair python[] = {
	{"mp_queue", "python_queue"},
	{"mp_joinable_queue", "python_joinable_queue"},
	{"mp_pipe", "python_pipe"},
	{"mp_processes", "python_pool"},
	{"mp_threads", "python_dummy_pool"},
	{"mp_lock", "python_lock"},
	{"mp_rlock", "python_rlock"},
	{"mp_semaphore", "python_semaphore"},
	{"mp_event", "python_event"},
	{"mp_condition", "python_condition"},
	{"mp_barrier", "python_barrier"},
	{"mp_value", "python_value"},
	{"mp_process_fork", "python_process_fork"},
	{"mp_process_spawn", "python_process_spawn"},
	{NULL, NULL},
};
/* Of processes, of threads. */
static const struct pair kinds[] = {
	{"mp_processes", "mp_threads"},
	{"mp_processes_caller", "mp_threads_caller"},
	{"python_pool", "python_dummy_pool"},
	{"python_futures_process", "python_futures_thread"},
	{"fork_per_task", "thread_per_task"},
	{NULL, NULL},
};

/* The ways to use them, in the order of reading. */
static const struct way {
	const char *title;
	struct plot_setting setting;
} ways[] = {
	{"round trip", {"pingpong", "size=64", NULL, NULL, "process"}},
	{"stream", {"stream", "size=64", NULL, NULL, "process"}},
	{"map, auto", {"map_tiny", "chunk=0", "tasks=1000 workers=2", NULL, NULL}},
	{"map, chunk 1", {"map_tiny", "chunk=1", "tasks=1000 workers=2", NULL, NULL}},
	{"batch", {"batch", NULL, "tasks=1000 workers=2", NULL, NULL}},
	{"submit", {"submit", NULL, "workers=2", NULL, NULL}},
	{"submit, idle", {"submit_idle", NULL, "gap=1000000 workers=2", NULL, NULL}},
	{"uncontended", {"uncontended", NULL, NULL, NULL, "process"}},
	{"2 contend", {"contended", "contenders=2", "section=100", NULL, "process"}},
	{"hand-over", {"handover", NULL, "section=100000", NULL, "process"}},
	{"notify", {"notify", NULL, NULL, NULL, "process"}},
	{"of 2", {"barrier", "contenders=2", NULL, NULL, "process"}},
	{"2 add", {"value_add", "contenders=2", NULL, NULL, "process"}},
	{"start", {"spawn", "resident=1048576", NULL, NULL, NULL}},
	{"start, 256 MiB", {"spawn", "resident=268435456", NULL, NULL, NULL}},
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]), LINES_MAX = 48 };

static const struct view_row *find_row(const struct plotter *plotter,
	const struct result_axes *setting, const char *exec, const char *subject)
{
	const struct view *view = plotter->view;

	for (size_t i = 0; i < view->count; i++) {
		const struct view_row *row = &view->rows[i];
		const struct result_axes *axes = &row->summary->cell->axes;
		if (strcmp(axes->subject, subject) == 0 && row->summary->cell->machine == 0 &&
			plot_is_usable(plotter, row) && (!exec || strcmp(axes->exec, exec) == 0) &&
			plot_setting_holds(setting, axes) && row->summary->time.low > 0)
			return row;
	}
	return NULL;
}

/* A way's cells at the nearest place that has both: starts have none between two cores. */
static bool find_pair(const struct plotter *plotter, const struct way *way, const struct pair *pair,
	const char *placement, const struct view_row *ret[2])
{
	const char *const places[] = {placement, "same_pu", "free"};
	bool elsewhere = strcmp(way->setting.workload, "spawn") == 0 &&
			 strncmp(placement, "same_pu", 7) != 0 && strcmp(placement, "free") != 0;

	for (unsigned p = 0; p < (elsewhere ? 3 : 1); p++) {
		struct plot_setting setting = way->setting;
		setting.placement = places[p];
		const struct result_axes *axes = plot_setting_find(plotter, &setting);
		if (!axes)
			continue;
		ret[0] = find_row(plotter, axes, setting.exec, pair->a);
		ret[1] = find_row(plotter, axes, setting.exec, pair->b);
		if (ret[0] && ret[1])
			return true;
	}
	return false;
}

/* Time or rate of one task, message, section … of the row, for its label. */
static char *figure_text(char text[VIEW_TEXT_MAX], const struct view_row *row)
{
	const struct summary *summary = row->summary;

	if (view_figure(row) == &summary->rate)
		return view_value(text, summary->rate.value, VIEW_RATE);
	return view_value(text, family_task_time(row).value, VIEW_TIME);
}

struct picture {
	struct plot_count count;
	double low, high, columns;
	unsigned lines;
};

static void put_line(struct plot *plot, struct picture *picture, const struct way *way,
	const struct view_row *const rows[2])
{
	/* Of what one and the same iteration takes, so it holds for rates as well. */
	const struct estimate *a = &rows[0]->summary->time, *b = &rows[1]->summary->time;
	struct estimate ratio = estimate_ratio(a, b);
	char label[VIEW_LABEL_MAX * 2], value[VIEW_TEXT_MAX];
	bool proven = estimate_differs(a, b) &&
		      strcmp(rows[0]->summary->state, rows[1]->summary->state) == 0;

	snprintf(label, sizeof(label), "%.60s: %s   %s", rows[0]->summary->cell->axes.subject,
		way->title, figure_text(value, rows[0]));
	picture->columns = fmax(picture->columns, (double)table_text_width(label));
	plot_put_label(plot, label);
	fprintf(plot->data, " %u %.6g %.6g %.6g %d \"%s\"\n", ++picture->lines, ratio.value,
		ratio.low, ratio.high, proven, figure_text(value, rows[1]));
	picture->low = fmin(picture->low, ratio.low);
	picture->high = fmax(picture->high, ratio.high);
	plot_count_add(&picture->count, a->n);
	plot_count_add(&picture->count, b->n);
}

/* A ratio's axis holds 1, where the bars stand. */
static void put_axis(struct plot *plot, const struct picture *picture)
{
	static const double fine[] = {0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 0};
	static const double usual[] = {0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 0};
	static const double coarse[] = {1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000, 1e4, 1e5, 0};
	double low = fmin(picture->low / 1.3, 0.8), high = fmax(picture->high * 1.3, 1.25);
	const double *tics = high / low < 2.4 ? fine : high / low < 60 ? usual : coarse;
	char text[PLOT_TEXT_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; tics[i] > 0; i++)
		if (tics[i] >= low && tics[i] <= high)
			used += (size_t)snprintf(text + used, sizeof(text) - used,
				"%s\"× %.6g\" %.6g", used ? ", " : "", tics[i], tics[i]);
	plot_set_text(plot, "x_tics", text);
	plot_set_number(plot, "x_low", low);
	plot_set_number(plot, "x_high", high);
}

struct question {
	const char *name, *title, *x_label, *caption;
	const struct pair *pairs;
};

static int draw(struct plotter *plotter, const struct question *question, const char *placement)
{
	_cleanup_(plot_deinit) struct plot plot = {0};
	struct picture picture = {.low = INFINITY};
	const struct view_row *rows[2];
	char n[VIEW_TEXT_MAX];

	plot_begin_named(&plot, "ratio", question->name, placement);
	fputs("# name and its own median, line, ratio, low, high, told apart, the other's median\n",
		plot.data);
	for (const struct pair *pair = question->pairs; pair->a; pair++)
		for (unsigned w = 0; w < WAYS && picture.lines < LINES_MAX; w++)
			if (find_pair(plotter, &ways[w], pair, placement, rows))
				put_line(&plot, &picture, &ways[w], rows);
	if (picture.lines < 2)
		return 0;
	plot_set_number(&plot, "lines", picture.lines);
	plot_set_number(&plot, "height", fmax(430, 226 + 20.0 * picture.lines));
	plot_set_number(&plot, "left_margin", (32 + 7.4 * picture.columns) / PLOT_WIDTH);
	plot_set_text(&plot, "x_label", question->x_label);
	put_axis(&plot, &picture);
	snprintf(plot.title, sizeof(plot.title), "%s, %s", question->title,
		view_placement_prose(placement));
	snprintf(plot.caption1, sizeof(plot.caption1),
		"Ratio of the median times of process runs, %s each; %s",
		plot_count_text(n, &picture.count), question->caption);
	snprintf(plot.caption2, sizeof(plot.caption2),
		"Whiskers: from the ends of the two 95 %% intervals. Grey: not proven.");
	return trace(plot_end(plotter, &plot));
}

int plot_ratio_all(struct plotter *plotter)
{
	static const struct question questions[] = {
		{"pool_kinds", "Pools of threads against pools of processes",
			"← threads are faster    threads / processes    processes are faster →",
			"beside the name: with processes.", kinds},
		{"python", "Python's multiprocessing against the same in C",
			"time that Python takes / time in C: so many times faster in C →",
			"beside the name: in C.", python},
	};

	for (size_t q = 0; q < sizeof(questions) / sizeof(questions[0]); q++)
		for (size_t i = 0; i < plotter->view->group_count; i++) {
			const char *placement = plotter->view->groups[i].axes->placement;
			size_t before = 0;
			if (strncmp(placement, "cpu", 3) == 0)
				continue;
			while (strcmp(plotter->view->groups[before].axes->placement, placement) !=
				0)
				before++;
			int r = before < i ? 0 : draw(plotter, &questions[q], placement);
			if (r < 0)
				return trace(r);
		}
	return 0;
}
