/*
 * Latency against CPU cost, with the Pareto front. Points come in crowds, so only some have labels:
 * the front, what everybody knows, the extremes, and then those with room right beside them. Each
 * takes the best of many places around its point, with a line to it when it is not beside it.
 */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"
#include "report/table.h"
#include "result/own.h"

/* All in shares of the frame, 0 … 1, which is WIDTH × HEIGHT pixels. */
#define WIDTH 710.0
#define HEIGHT 360.0
#define CHARACTER_WIDTH (7.2 / WIDTH)
#define LINE_HEIGHT (16 / HEIGHT)

/* Places for a label: directions, and distances of its box from the point in pixels. */
enum { DIRECTIONS = 12, DISTANCES = 9 };
#define DISTANCE_FIRST 9.0
#define DISTANCE_STEP 15.0
/* How much of a label may cover others when it need not be there. */
#define BESIDE_MAX 0.02
/* So many names always have room. */
enum { ALL_NAMED = 10 };

struct box {
	double left, right, low, high;
};

struct point {
	const struct view_row *row;
	char text[VIEW_LABEL_MAX];
	double x, y;
	bool front;            /* nothing is better in both */
	bool named;            /* has a label */
	struct box label;      /* where it stands */
	double from_x, from_y; /* the line's end at the label; the point itself: no line */
};

struct frame {
	double x_low, x_high, y_low, y_high;
	struct plot_count count;
};

static struct box box_at(const struct point *point, unsigned direction, unsigned distance)
{
	double angle = 2 * M_PI * direction / DIRECTIONS, c = cos(angle), s = sin(angle);
	/* One character more than the text: labels side by side must not read as one. */
	double width = (double)(table_text_width(point->text) + 1) * CHARACTER_WIDTH;
	double pixels = DISTANCE_FIRST + DISTANCE_STEP * distance;
	/* The box begins at that distance: its middle is further by its own half in that way. */
	double x = point->x + c * (pixels / WIDTH + width / 2);
	double y = point->y + s * (pixels / HEIGHT + LINE_HEIGHT / 2);

	return (struct box){x - width / 2, x + width / 2, y - LINE_HEIGHT / 2, y + LINE_HEIGHT / 2};
}

static double overlap(const struct box *a, const struct box *b)
{
	double width = fmin(a->right, b->right) - fmax(a->left, b->left);
	double height = fmin(a->high, b->high) - fmax(a->low, b->low);

	return width > 0 && height > 0 ? width * height : 0;
}

/* The point with its bars. */
static struct box box_of_point(const struct point *point, const struct frame *frame)
{
	const struct estimate *time = &point->row->summary->time, *cpu = &point->row->summary->cpu;
	double width = log(frame->x_high / frame->x_low);
	double height = log(frame->y_high / frame->y_low);

	return (struct box){point->x - 5 / WIDTH - log(time->value / time->low) / width,
		point->x + 5 / WIDTH + log(time->high / time->value) / width,
		point->y - 5 / HEIGHT - log(cpu->value / cpu->low) / height,
		point->y + 5 / HEIGHT + log(cpu->high / cpu->value) / height};
}

/* What the box covers or leaves, in shares of itself; distance counts little. */
static double badness(
	const struct point *points, size_t count, const struct box *box, const struct frame *frame)
{
	struct box inside = {0.005, 0.995, 0.01, 0.99};
	double area = (box->right - box->left) * (box->high - box->low);
	double bad = 3 * (area - overlap(box, &inside));

	for (size_t i = 0; i < count; i++) {
		struct box dot = box_of_point(&points[i], frame);
		bad += overlap(box, &dot);
		if (points[i].named)
			bad += 2 * overlap(box, &points[i].label);
	}
	return bad / area;
}

/* The best place, at most that far away; how bad it is. */
static double find_place(struct point *points, size_t count, struct point *point,
	const struct frame *frame, unsigned distances)
{
	double least = INFINITY;
	unsigned nearest = 0;

	for (unsigned distance = 0; distance < distances; distance++)
		for (unsigned direction = 0; direction < DIRECTIONS; direction++) {
			struct box box = box_at(point, direction, distance);
			double bad = badness(points, count, &box, frame) + 0.06 * distance;
			if (bad >= least)
				continue;
			least = bad;
			nearest = distance;
			point->label = box;
		}
	point->from_x = point->x;
	point->from_y = point->y;
	if (nearest > 0) {
		point->from_x = fmin(fmax(point->x, point->label.left), point->label.right);
		point->from_y = fmin(fmax(point->y, point->label.low), point->label.high);
	}
	return least;
}

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
		if (view_is_floor(row) || !view_is_plain(row) || cpu->n == 0 || cpu->low <= 0 ||
			plot_is_outlier(group, row))
			continue;
		points[count] = (struct point){.row = row, .front = cost(row) < least};
		plot_label(points[count++].text, row);
		least = fmin(least, cost(row));
		frame->x_low = count == 1 ? time->low : fmin(frame->x_low, time->low);
		frame->x_high = fmax(frame->x_high, time->high);
		frame->y_low = count == 1 ? cpu->low : fmin(frame->y_low, cpu->low);
		frame->y_high = fmax(frame->y_high, cpu->high);
		plot_count_add(&frame->count, time->n);
	}
	frame->x_high = fmax(frame->x_high, frame->x_low * 1.5);
	frame->y_high = fmax(frame->y_high, frame->y_low * 1.5);
	return count;
}

/* Those who must have a label: the front, the well-known, the slowest and the dearest. */
static bool is_named(const struct point *points, size_t count, size_t at)
{
	size_t dearest = 0;

	for (size_t i = 1; i < count; i++)
		if (cost(points[i].row) > cost(points[dearest].row))
			dearest = i;
	return count <= ALL_NAMED || points[at].front || plot_is_familiar(points[at].row) ||
	       at + 1 == count || at == dearest;
}

/* The frame is widened as the axes will be. */
static void place_points(struct point *points, size_t count, struct frame frame)
{
	plot_widen(&frame.x_low, &frame.x_high);
	plot_widen(&frame.y_low, &frame.y_high);
	for (size_t i = 0; i < count; i++) {
		points[i].x = log(points[i].row->summary->time.value / frame.x_low) /
			      log(frame.x_high / frame.x_low);
		points[i].y =
			log(cost(points[i].row) / frame.y_low) / log(frame.y_high / frame.y_low);
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_named(points, count, i))
			continue;
		find_place(points, count, &points[i], &frame, DISTANCES);
		points[i].named = true;
	}
	for (size_t i = 0; i < count; i++)
		if (!points[i].named &&
			find_place(points, count, &points[i], &frame, 1) < BESIDE_MAX)
			points[i].named = true;
}

static void put_points(struct plotter *plotter, struct plot *plot, const struct point *points,
	size_t count, struct frame frame)
{
	plot_widen(&frame.x_low, &frame.x_high);
	plot_widen(&frame.y_low, &frame.y_high);
	double width = frame.x_high / frame.x_low, height = frame.y_high / frame.y_low;

	fputs("# Every subject: name, on the front, latency in ns: median, low, high, CPU per "
	      "message of all\n# sides in ns: median, low, high, where its label stands (x, y), "
	      "the end of its line (x, y),\n# whether it has a label, its colour\n",
		plot->data);
	for (size_t i = 0; i < count; i++) {
		const struct point *point = &points[i];
		const struct summary *summary = point->row->summary;
		const struct box *label = &point->label;
		bool familiar = plot_is_familiar(point->row);
		plot_put_label(plot, point->text);
		fprintf(plot->data, " %d %.6g %.6g %.6g %.6g %.6g %.6g %.6g %.6g %.6g %.6g %d %u\n",
			point->front, summary->time.value, summary->time.low, summary->time.high,
			summary->cpu.value, summary->cpu.low, summary->cpu.high,
			frame.x_low * pow(width, (label->left + label->right) / 2),
			frame.y_low * pow(height, (label->low + label->high) / 2),
			frame.x_low * pow(width, point->from_x),
			frame.y_low * pow(height, point->from_y), point->named,
			familiar ? plot_style(plotter, plot, point->row) : 0);
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
	char text[VIEW_LABEL_MAX], n[VIEW_TEXT_MAX], outliers[PLOT_TEXT_MAX];
	struct frame frame = {0};
	size_t count = find_points(group, points, &frame);

	if (count < 2)
		return 0;
	place_points(points, count, frame);
	plot_begin(&plot, "pareto", group->axes);
	put_points(plotter, &plot, points, count, frame);
	plot.key_columns = 0;
	plot_set_text(&plot, "unit", group->unit);
	plot_set_axis(&plot, "x", frame.x_low, frame.x_high, VIEW_TIME);
	plot_set_axis(&plot, "y", frame.y_low, frame.y_high, VIEW_TIME);
	snprintf(plot.title, sizeof(plot.title), "Latency against CPU cost, %s",
		view_placement_prose(group->axes->placement));
	snprintf(plot.caption1, sizeof(plot.caption1),
		"%.90s: medians of process runs, %s each; bars: exact 95 %% intervals.",
		plot_what(text, group->axes, true), plot_count_text(n, &frame.count));
	snprintf(plot.caption2, sizeof(plot.caption2),
		"On the line: no other subject is better in both. Without a name for want of room: "
		"see the table.%.200s",
		plot_outliers(outliers, group));
	return trace(plot_end(plotter, &plot));
}

int plot_points_all(struct plotter *plotter)
{
	for (size_t i = 0; i < plotter->view->group_count; i++) {
		const struct view_group *group = &plotter->view->groups[i];
		if (!plot_is_basic(group))
			continue;
		int r = draw_pareto(plotter, group);
		if (r < 0)
			return trace(r);
	}
	return 0;
}
