/*
 * The placement matrix: the round trip between every two CPUs, of the subject that shows the
 * hardware and nothing else (shm_spin), or of the one that most pairs were measured with.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"
#include "result/own.h"

enum { CPUS_MAX = 256 };

struct matrix {
	int cpus[CPUS_MAX];
	unsigned cpu_count, pairs;
	double *value; /* cpu_count × cpu_count, 0: not measured */
	double low, high;
	struct plot_count count;
};

static bool parse_pair(const char *placement, int pair[2])
{
	int end = 0;

	return sscanf(placement, "cpu%d-cpu%d%n", &pair[0], &pair[1], &end) == 2 &&
	       !placement[end] && pair[0] >= 0 && pair[1] >= 0;
}

static int compare_cpus(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void add_cpu(struct matrix *matrix, int cpu)
{
	for (unsigned i = 0; i < matrix->cpu_count; i++)
		if (matrix->cpus[i] == cpu)
			return;
	if (matrix->cpu_count < CPUS_MAX)
		matrix->cpus[matrix->cpu_count++] = cpu;
}

static int index_of(const struct matrix *matrix, int cpu)
{
	for (unsigned i = 0; i < matrix->cpu_count; i++)
		if (matrix->cpus[i] == cpu)
			return (int)i;
	return -1;
}

/* The row of the subject for a pair of CPUs, 64 B or the first size there is. */
static bool is_pair(const struct view_row *row, const char *subject, int pair[2])
{
	const struct result_axes *axes = &row->summary->cell->axes;

	return strcmp(axes->workload, "pingpong") == 0 && strcmp(row->label, subject) == 0 &&
	       axes->size_bytes == PLOT_SIZE_BYTES && strcmp(axes->exec, "process") == 0 &&
	       parse_pair(axes->placement, pair);
}

static unsigned count_pairs(const struct view *view, const char *subject)
{
	unsigned count = 0;
	int pair[2];

	for (size_t i = 0; i < view->count; i++)
		count += is_pair(&view->rows[i], subject, pair);
	return count;
}

static const char *choose_subject(const struct view *view)
{
	const char *best = NULL;
	unsigned most = 0;

	if (count_pairs(view, "shm_spin") > 0)
		return "shm_spin";
	for (size_t i = 0; i < view->count; i++) {
		unsigned count = count_pairs(view, view->rows[i].label);
		if (count > most && !view_is_floor(&view->rows[i])) {
			most = count;
			best = view->rows[i].label;
		}
	}
	return best;
}

static void fill(struct matrix *matrix, const struct view *view, const char *subject)
{
	int pair[2];

	for (size_t i = 0; i < view->count; i++)
		if (is_pair(&view->rows[i], subject, pair)) {
			add_cpu(matrix, pair[0]);
			add_cpu(matrix, pair[1]);
		}
	qsort(matrix->cpus, matrix->cpu_count, sizeof(matrix->cpus[0]), compare_cpus);
	matrix->value =
		own_array((size_t)matrix->cpu_count * matrix->cpu_count, sizeof(*matrix->value));
	for (size_t i = 0; i < view->count; i++) {
		if (!is_pair(&view->rows[i], subject, pair))
			continue;
		const struct estimate *time = &view->rows[i].summary->time;
		int a = index_of(matrix, pair[0]), b = index_of(matrix, pair[1]);
		if (a < 0 || b < 0)
			continue;
		matrix->value[(unsigned)a * matrix->cpu_count + (unsigned)b] = time->value;
		/* The other direction where it was not measured by itself. */
		double *mirror = &matrix->value[(unsigned)b * matrix->cpu_count + (unsigned)a];
		*mirror = *mirror > 0 ? *mirror : time->value;
		matrix->low =
			matrix->pairs == 0 || time->value < matrix->low ? time->value : matrix->low;
		matrix->high = time->value > matrix->high ? time->value : matrix->high;
		matrix->pairs++;
		plot_count_add(&matrix->count, time->n);
	}
}

static void put_cells(struct plot *plot, const struct matrix *matrix)
{
	char tics[CPUS_MAX * 16] = "";
	size_t used = 0;
	unsigned stride = 1 + matrix->cpu_count / 33;

	fputs("# column, row, median round trip in ns (NaN: not measured), CPU, CPU\n", plot->data);
	for (unsigned i = 0; i < matrix->cpu_count; i++) {
		for (unsigned j = 0; j < matrix->cpu_count; j++) {
			double value = matrix->value[i * matrix->cpu_count + j];
			char text[32] = "NaN";
			if (value > 0)
				snprintf(text, sizeof(text), "%.6g", value);
			fprintf(plot->data, "%u %u %s %d %d\n", j, i, text, matrix->cpus[j],
				matrix->cpus[i]);
		}
		fputc('\n', plot->data);
		if (i % stride == 0)
			used += (size_t)snprintf(tics + used, sizeof(tics) - used, "%s\"%d\" %u",
				used ? ", " : "", matrix->cpus[i], i);
	}
	plot_set_text(plot, "x_tics", tics);
}

int plot_matrix_all(struct plotter *plotter)
{
	_cleanup_(freep) struct matrix *matrix = own_array(1, sizeof(*matrix));
	_cleanup_(plot_deinit) struct plot plot = {0};
	const char *subject = choose_subject(plotter->view);
	char n[VIEW_TEXT_MAX];

	if (!subject)
		return 0;
	fill(matrix, plotter->view, subject);
	plot_begin(&plot, "matrix", NULL);
	put_cells(&plot, matrix);
	free(matrix->value);
	plot_set_number(&plot, "narrow", matrix->high < 1.3 * matrix->low);
	plot_set_number(&plot, "cpus", matrix->cpu_count);
	plot_set_axis(&plot, "z", matrix->low, matrix->high, VIEW_TIME);
	snprintf(plot.title, sizeof(plot.title), "Round trip between CPUs, %s", subject);
	snprintf(plot.caption1, sizeof(plot.caption1),
		"pingpong, processes, 64 B: median of process runs in ns, %s each.",
		plot_count_text(n, &matrix->count));
	snprintf(plot.caption2, sizeof(plot.caption2),
		"%u pair%s measured; a pair that was measured one way only is shown in both.",
		matrix->pairs, matrix->pairs == 1 ? " was" : "s were");
	return trace(plot_end(plotter, &plot));
}
