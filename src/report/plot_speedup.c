/*
 * What a pool is worth by the grain: maps of fib(n) against the caller alone. Two pictures of the
 * same cells, as speed-up and as efficiency; a pool has one colour in both.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/family.h"
#include "report/plot_internal.h"
#include "report/table.h"

enum { POOLS_MAX = PLOT_SERIES_MAX, GRAINS_MAX = 32 };

/* Which pools are shown when there are more than can be told apart, and whose colour is whose. */
static const char *const known[] = {"mp_threads", "mp_processes", "openmp", "tbb", "python_pool",
	"glib", "mp_threads_caller", "mp_processes_caller", "libuv", "pthread_queue",
	"python_futures_process", "thread_per_task", "fork_per_task", "python_dummy_pool",
	"python_futures_thread"};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

struct curve {
	const struct view_row *row; /* of any grain */
	unsigned rank;
	unsigned count;
	struct speedup points[GRAINS_MAX]; /* by grain */
};

struct picture {
	const struct result_axes *axes; /* of all but n */
	struct curve curves[POOLS_MAX];
	unsigned curve_count, left_out;
	double grain_low, grain_high, factor_high, efficiency_high;
	struct plot_count count;
};

static unsigned rank_of(const struct view_row *row)
{
	const char *subject = row->summary->cell->axes.subject;
	unsigned i = 0;

	while (i < KNOWN && strcmp(known[i], subject) != 0)
		i++;
	return i;
}

static bool is_shown(
	const struct plotter *plotter, const struct picture *picture, const struct view_row *row)
{
	const struct result_axes *axes = &row->summary->cell->axes;

	return strcmp(axes->workload, "fib") == 0 && !view_is_floor(row) &&
	       plot_is_usable(plotter, row) &&
	       strcmp(axes->placement, picture->axes->placement) == 0 &&
	       family_compare_params(axes, picture->axes, "n") == 0;
}

/* The curve of the row's subject; NULL when better known ones have taken all places. */
static struct curve *curve_of(struct picture *picture, const struct view_row *row)
{
	unsigned rank = rank_of(row), worst = 0;

	for (unsigned i = 0; i < picture->curve_count; i++) {
		if (strcmp(picture->curves[i].row->label, row->label) == 0)
			return &picture->curves[i];
		if (picture->curves[i].rank > picture->curves[worst].rank)
			worst = i;
	}
	struct curve *curve;
	if (picture->curve_count < POOLS_MAX) {
		curve = &picture->curves[picture->curve_count++];
	} else {
		picture->left_out++;
		if (picture->curves[worst].rank <= rank)
			return NULL;
		curve = &picture->curves[worst];
	}
	*curve = (struct curve){.row = row, .rank = rank};
	return curve;
}

static int compare_points(const void *a_, const void *b_)
{
	const struct speedup *a = a_, *b = b_;

	return (a->grain_ns > b->grain_ns) - (a->grain_ns < b->grain_ns);
}

static int compare_curves(const void *a_, const void *b_)
{
	const struct curve *a = a_, *b = b_;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(a->row->label, b->row->label);
}

static void add_point(struct picture *picture, const struct view_row *row, struct curve *curve,
	const struct speedup *point)
{
	if (curve->count == GRAINS_MAX)
		return;
	curve->points[curve->count++] = *point;
	picture->grain_low = fmin(picture->grain_low, point->grain_ns);
	picture->grain_high = fmax(picture->grain_high, point->grain_ns);
	picture->factor_high = fmax(picture->factor_high, point->factor.high);
	picture->efficiency_high = fmax(picture->efficiency_high,
		point->efficiency * point->factor.high / point->factor.value);
	plot_count_add(&picture->count, row->summary->time.n);
}

static void find_curves(const struct plotter *plotter, struct picture *picture)
{
	const struct view *view = plotter->view;
	struct speedup point;

	picture->grain_low = INFINITY;
	/* First whose, then what: a curve may lose its place to a better known one. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < view->count; i++) {
			const struct view_row *row = &view->rows[i];
			if (!is_shown(plotter, picture, row) || !speedup_of(view, row, &point))
				continue;
			if (pass == 0) {
				curve_of(picture, row);
				continue;
			}
			for (unsigned c = 0; c < picture->curve_count; c++)
				if (strcmp(picture->curves[c].row->label, row->label) == 0)
					add_point(picture, row, &picture->curves[c], &point);
		}
	for (unsigned c = 0; c < picture->curve_count; c++)
		qsort(picture->curves[c].points, picture->curves[c].count, sizeof(struct speedup),
			compare_points);
	qsort(picture->curves, picture->curve_count, sizeof(struct curve), compare_curves);
}

/* Its own where it is well known, else one that no other has. */
static unsigned colour_of(const struct curve *curve, unsigned *taken)
{
	unsigned colour = curve->rank;

	if (colour >= PLOT_COLOURS)
		for (colour = PLOT_COLOURS - 1; colour > 0 && (*taken & 1u << colour);)
			colour--;
	*taken |= 1u << colour;
	return colour;
}

static void put_data(struct plot *plot, const struct picture *picture, bool efficiency)
{
	char styles[PLOT_TEXT_MAX] = "";
	size_t used = 0;
	unsigned taken = 0;

	fprintf(plot->data, "# grain in ns, %s, low, high\n",
		efficiency ? "efficiency" : "speed-up over serial");
	for (unsigned c = 0; c < picture->curve_count; c++) {
		const struct curve *curve = &picture->curves[c];
		unsigned columns = (unsigned)table_text_width(curve->row->label);
		if (columns > plot->key_columns)
			plot->key_columns = columns;
		fputs(c ? "\n\n" : "", plot->data);
		plot_put_label(plot, curve->row->label);
		fputc('\n', plot->data);
		for (unsigned i = 0; i < curve->count; i++) {
			const struct speedup *point = &curve->points[i];
			double scale = efficiency ? point->efficiency / point->factor.value : 1;
			fprintf(plot->data, "%.6g %.6g %.6g %.6g\n", point->grain_ns,
				point->factor.value * scale, point->factor.low * scale,
				point->factor.high * scale);
		}
		unsigned colour = colour_of(curve, &taken);
		used += (size_t)snprintf(
			styles + used, sizeof(styles) - used, "%s%u", used ? " " : "", 1 + colour);
	}
	plot_set_text(plot, "styles", styles);
	plot_set_number(plot, "series", picture->curve_count);
}

/* "mp_threads 52 ns, openmp 410 ns": of those shown, in the order of the legend. */
static void put_breakeven(
	const struct plotter *plotter, struct plot *plot, const struct picture *picture)
{
	char grain[VIEW_TEXT_MAX];
	size_t size = sizeof(plot->caption2);
	size_t used = (size_t)snprintf(
		plot->caption2, size, "Speed-up of %.1f from a grain of:", BREAKEVEN_FACTOR);

	for (unsigned c = 0; c < picture->curve_count && used < size; c++) {
		const struct view_row *row = picture->curves[c].row;
		struct breakeven breakeven = breakeven_of(plotter->view, row);
		if (breakeven.kind == BREAKEVEN_AT || breakeven.kind == BREAKEVEN_BELOW)
			used += (size_t)snprintf(plot->caption2 + used, size - used, " %.40s %s,",
				row->label, breakeven_text(grain, &breakeven));
	}
	if (used >= size)
		used = size - 1;
	plot->caption2[used - 1] = '.';
	if (!strchr(plot->caption2, ','))
		snprintf(plot->caption2, size, "No pool has a speed-up of %.1f.", BREAKEVEN_FACTOR);
}

static int draw(struct plotter *plotter, const struct picture *picture, bool efficiency)
{
	_cleanup_(plot_deinit) struct plot plot = {0};
	char params[VIEW_LABEL_MAX], n[VIEW_TEXT_MAX];

	plot_begin_named(
		&plot, "speedup", efficiency ? "efficiency" : "speedup", picture->axes->placement);
	put_data(&plot, picture, efficiency);
	plot_set_axis(&plot, "x", picture->grain_low, picture->grain_high, VIEW_TIME);
	plot_set_number(&plot, "y_high",
		efficiency ? fmax(1.1, 1.05 * picture->efficiency_high)
			   : fmax(2.2, 1.05 * picture->factor_high));
	plot_set_number(&plot, "y_step", efficiency ? 0.25 : 0.5);
	plot_set_number(&plot, "mark", efficiency ? 1 : BREAKEVEN_FACTOR);
	plot_set_text(&plot, "y_label", efficiency ? "efficiency" : "speed-up");
	snprintf(plot.title, sizeof(plot.title), "%s of a map by the grain of its tasks, %s",
		efficiency ? "Efficiency" : "Speed-up",
		view_placement_prose(picture->axes->placement));
	snprintf(plot.caption1, sizeof(plot.caption1),
		"fib: %s; medians of %s process runs beside serial%s.",
		family_params(params, picture->axes, "n"), plot_count_text(n, &picture->count),
		efficiency ? "; efficiency: speed-up per CPU that workers have" : "");
	if (!efficiency)
		put_breakeven(plotter, &plot, picture);
	return trace(plot_end(plotter, &plot));
}

static int draw_at(struct plotter *plotter, const char *placement)
{
	struct plot_setting setting = {"fib", NULL, "tasks=100 chunk=1 workers=2", placement, NULL};
	struct picture picture = {.axes = plot_setting_find(plotter, &setting)};

	if (!picture.axes)
		return 0;
	find_curves(plotter, &picture);
	/* A line needs two grains. */
	if (picture.curve_count == 0 || picture.grain_high <= picture.grain_low)
		return 0;
	int r = draw(plotter, &picture, false);
	return trace(r < 0 ? r : draw(plotter, &picture, true));
}

int plot_speedup_all(struct plotter *plotter)
{
	/* One CPU has no speed-up to show. */
	static const char *const placements[] = {
		"same_l2", "same_l3", "same_package", "smt", "cross_numa", "cross_package", "free"};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(placements) / sizeof(placements[0]); i++)
		r = draw_at(plotter, placements[i]);
	return trace(r);
}
