/*
 * Points: latency against CPU cost with the Pareto front, and processes against threads.
 */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"
#include "result/own.h"

/* Where a label stands to its point. */
enum side { RIGHT, LEFT, ABOVE, BELOW, SIDES };

struct point {
	const struct view_row *row;
	double x, y; /* 0 … 1 in the plot's frame */
	enum side side;
	bool front; /* nothing is better in both */
};

struct box {
	double left, right, low, high;
};

/* In shares of the frame, for 14-pixel text in a frame of 850 × 430 pixels. */
#define CHARACTER_WIDTH 0.0094
#define LINE_HEIGHT 0.036
#define DISTANCE 0.012

static struct box box_of(const struct point *point, enum side side)
{
	double width = (double)strlen(point->row->label) * CHARACTER_WIDTH;
	struct box box = {point->x - width / 2, point->x + width / 2, point->y - LINE_HEIGHT / 2,
		point->y + LINE_HEIGHT / 2};
	double dx = side == RIGHT ? width / 2 + DISTANCE : side == LEFT ? -width / 2 - DISTANCE : 0;
	double dy = side == ABOVE ? LINE_HEIGHT : side == BELOW ? -LINE_HEIGHT : 0;

	return (struct box){box.left + dx, box.right + dx, box.low + dy, box.high + dy};
}

static double overlap(const struct box *a, const struct box *b)
{
	double width = fmin(a->right, b->right) - fmax(a->left, b->left);
	double height = fmin(a->high, b->high) - fmax(a->low, b->low);

	return width > 0 && height > 0 ? width * height : 0;
}

/* What is wrong with a label there: what it covers, and what leaves the frame. */
static double badness(const struct point *points, size_t count, size_t at, enum side side)
{
	struct box box = box_of(&points[at], side), frame = {0, 1, 0, 1};
	double area = (box.right - box.left) * (box.high - box.low);
	double bad = 2 * (area - overlap(&box, &frame)) + 1e-6 * side;

	for (size_t i = 0; i < count; i++) {
		struct box dot = {points[i].x - DISTANCE, points[i].x + DISTANCE,
			points[i].y - DISTANCE, points[i].y + DISTANCE};
		bad += i == at ? 0 : overlap(&box, &dot);
		if (i < at) {
			struct box other = box_of(&points[i], points[i].side);
			bad += overlap(&box, &other);
		}
	}
	return bad;
}

static void place_labels(struct point *points, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double least = INFINITY;
		for (enum side side = RIGHT; side < SIDES; side++) {
			double bad = badness(points, count, i, side);
			if (bad < least) {
				least = bad;
				points[i].side = side;
			}
		}
	}
}

struct frame {
	double x_low, x_high, y_low, y_high;
	struct plot_count count;
};

static double cost(const struct view_row *row)
{
	return row->summary->cpu.value;
}

/* The rows are ordered by latency: a point is of the front when none before it costs as little. */
static size_t find_points(const struct view_group *group, struct point *points, struct frame *frame)
{
	double least = INFINITY;
	size_t count = 0;

	for (size_t i = 0; i < group->count; i++) {
		const struct view_row *row = &group->rows[i];
		const struct estimate *time = &row->summary->time, *cpu = &row->summary->cpu;
		if (view_is_floor(row) || !view_is_plain(row) || cpu->n == 0 || cpu->low <= 0)
			continue;
		points[count++] = (struct point){.row = row, .front = cost(row) < least};
		least = fmin(least, cost(row));
		frame->x_low = count == 1 ? time->low : fmin(frame->x_low, time->low);
		frame->x_high = fmax(frame->x_high, time->high);
		frame->y_low = count == 1 ? cpu->low : fmin(frame->y_low, cpu->low);
		frame->y_high = fmax(frame->y_high, cpu->high);
		plot_count_add(&frame->count, time->n);
	}
	frame->x_high = fmax(frame->x_high, frame->x_low * 1.5);
	frame->y_high = fmax(frame->y_high, frame->y_low * 1.5);
	for (size_t i = 0; i < count; i++) {
		points[i].x = log(points[i].row->summary->time.value / frame->x_low) /
			      log(frame->x_high / frame->x_low);
		points[i].y =
			log(cost(points[i].row) / frame->y_low) / log(frame->y_high / frame->y_low);
	}
	return count;
}

static void put_points(struct plot *plot, const struct point *points, size_t count)
{
	fputs("# Every subject: name, label's side (0 right, 1 left, 2 above, 3 below), on the "
	      "front,\n# median, low, high in ns, CPU per message of all sides: median, low, high "
	      "in ns\n",
		plot->data);
	for (size_t i = 0; i < count; i++) {
		const struct summary *summary = points[i].row->summary;
		plot_put_label(plot, points[i].row->label);
		fprintf(plot->data, " %d %d %.6g %.6g %.6g %.6g %.6g %.6g\n", points[i].side,
			points[i].front, summary->time.value, summary->time.low, summary->time.high,
			summary->cpu.value, summary->cpu.low, summary->cpu.high);
	}
	fputs("\n\n# The front\n", plot->data);
	for (size_t i = 0; i < count; i++)
		if (points[i].front)
			fprintf(plot->data, "%.6g %.6g\n", points[i].row->summary->time.value,
				cost(points[i].row));
}

static int draw_pareto(struct plotter *plotter, const struct view_group *group)
{
	_cleanup_(freep) struct point *points = own_array(group->count, sizeof(*points));
	_cleanup_(plot_deinit) struct plot plot;
	char text[VIEW_LABEL_MAX], n[VIEW_TEXT_MAX];
	struct frame frame = {0};
	size_t count = find_points(group, points, &frame);

	if (count < 2)
		return 0;
	place_labels(points, count);
	plot_begin(&plot, "pareto", group->axes);
	put_points(&plot, points, count);
	plot_set_axis(&plot, "x", frame.x_low, frame.x_high, VIEW_TIME);
	plot_set_axis(&plot, "y", frame.y_low, frame.y_high, VIEW_TIME);
	snprintf(plot.title, sizeof(plot.title), "Latency against CPU cost, %s",
		view_placement_prose(group->axes->placement));
	snprintf(plot.caption1, sizeof(plot.caption1),
		"%.90s: medians of process runs, %s each; bars: exact 95 %% intervals.",
		view_title(text, group->axes, true), plot_count_text(n, &frame.count));
	snprintf(plot.caption2, sizeof(plot.caption2),
		"CPU time of both sides together. On the line: no other subject is better in "
		"both.");
	return trace(plot_end(plotter, &plot));
}

static const struct view_row *partner(const struct view_group *group, const char *label)
{
	for (size_t i = 0; i < group->count; i++)
		if (strcmp(group->rows[i].label, label) == 0)
			return &group->rows[i];
	return NULL;
}

static void put_pair(struct plot *plot, unsigned line, const struct view_row *process,
	const struct view_row *thread)
{
	const struct estimate *p = &process->summary->time, *t = &thread->summary->time;

	plot_put_label(plot, process->label);
	fprintf(plot->data, " %u %.6g %.6g %.6g %.6g %.6g %.6g %d\n", line, p->value, p->low,
		p->high, t->value, t->low, t->high, estimate_differs(p, t));
}

static int draw_pairs(struct plotter *plotter, const struct view_group *processes,
	const struct view_group *threads)
{
	_cleanup_(plot_deinit) struct plot plot;
	char n[VIEW_TEXT_MAX], size[VIEW_TEXT_MAX];
	double low = INFINITY, high = 0;
	struct plot_count count = {0};
	unsigned lines = 0;

	plot_begin(&plot, "process_thread", processes->axes);
	fputs("# name, line, processes: median, low, high in ns, threads: the same, told apart\n",
		plot.data);
	for (size_t i = 0; i < processes->count; i++) {
		const struct view_row *row = &processes->rows[i];
		const struct view_row *other = partner(threads, row->label);
		if (!other || !view_is_plain(row))
			continue;
		const struct estimate *p = &row->summary->time, *t = &other->summary->time;
		put_pair(&plot, ++lines, row, other);
		low = fmin(low, fmin(p->low, t->low));
		high = fmax(high, fmax(p->high, t->high));
		plot_count_add(&count, p->n);
		plot_count_add(&count, t->n);
	}
	if (lines < 2 || low <= 0)
		return 0;
	plot_set_number(&plot, "lines", lines);
	plot_set_axis(&plot, "x", low, high, VIEW_TIME);
	snprintf(plot.title, sizeof(plot.title), "Processes against threads, %s",
		view_placement_prose(processes->axes->placement));
	snprintf(plot.caption1, sizeof(plot.caption1),
		"%s, %s: median %s of process runs, %s each; bars: exact 95 %% intervals.",
		processes->axes->workload, view_size(size, processes->axes->size_bytes),
		processes->unit, plot_count_text(n, &count));
	snprintf(plot.caption2, sizeof(plot.caption2),
		"A line joins what the data tell apart; without one the intervals meet.");
	return trace(plot_end(plotter, &plot));
}

int plot_points_all(struct plotter *plotter)
{
	for (size_t i = 0; i < plotter->view->group_count; i++) {
		const struct view_group *group = &plotter->view->groups[i];
		if (strcmp(group->axes->workload, "pingpong") != 0 ||
			strcmp(group->axes->exec, "process") != 0 ||
			group->axes->size_bytes != PLOT_SIZE_BYTES ||
			strncmp(group->axes->placement, "cpu", 3) == 0)
			continue;
		const struct view_group *threads = view_find(plotter->view, "pingpong", "thread",
			group->axes->placement, PLOT_SIZE_BYTES);
		int r = draw_pareto(plotter, group);
		if (r >= 0 && threads)
			r = draw_pairs(plotter, group, threads);
		if (r < 0)
			return trace(r);
	}
	return 0;
}
