/* Whole distributions of one size: the ECDF, and the percentile spectrum x = 1 / (1 - q). */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"
#include "result/own.h"

enum { ECDF_POINTS = 400, SPECTRUM_PER_DECADE = 20 };

struct tail {
	double low_ns, high_ns; /* of all that is drawn */
	double depth;           /* the largest 1 / (1 - q) */
	struct plot_count count;
	uint64_t samples_low;
	unsigned batch_high;
};

static void widen(struct tail *tail, double low_ns, double high_ns)
{
	if (tail->high_ns == 0 || low_ns < tail->low_ns)
		tail->low_ns = low_ns;
	if (high_ns > tail->high_ns)
		tail->high_ns = high_ns;
}

static double quantile_ns(const struct hist *hist, double q)
{
	return (double)hist_quantile_ps(hist, q) / 1e3;
}

/* The share of samples up to each value; thinned to steps that can be seen. */
static void put_ecdf(struct plot *plot, const struct hist *hist, struct tail *tail)
{
	struct hist_bucket bucket;
	uint64_t below = 0, written = 0;

	fprintf(plot->data, "%.6g 0\n", fmax((double)hist_min_ps(hist) / 1e3, 0.001));
	for (unsigned at = 0; hist_next(hist, &at, &bucket);) {
		below += bucket.count;
		if (below != hist->total && below - written < hist->total / ECDF_POINTS)
			continue;
		written = below;
		fprintf(plot->data, "%.6g %.6g\n", (double)bucket.high_ps / 1e3,
			(double)below / (double)hist->total);
	}
	widen(tail, fmax(quantile_ns(hist, 0.001), 0.001), fmax(quantile_ns(hist, 0.999), 0.001));
}

static void put_spectrum(struct plot *plot, const struct hist *hist, struct tail *tail)
{
	for (unsigned i = 0;; i++) {
		double x = pow(10, (double)i / SPECTRUM_PER_DECADE);
		if (x > (double)hist->total)
			break;
		double value = fmax(quantile_ns(hist, 1 - 1 / x), 0.001);
		fprintf(plot->data, "%.6g %.6g\n", x, value);
		widen(tail, value, value);
		tail->depth = fmax(tail->depth, x);
	}
}

static void put_row(struct plot *plot, const struct view_row *row, struct tail *tail,
	void (*put)(struct plot *, const struct hist *, struct tail *))
{
	_cleanup_(freep) struct hist *hist = own_array(1, sizeof(*hist));
	const struct summary *summary = row->summary;
	char label[VIEW_LABEL_MAX];

	summary_histogram(summary, hist);
	plot_put_label(plot, plot_label(label, row));
	fputc('\n', plot->data);
	put(plot, hist, tail);
	fputs("\n\n", plot->data);
	plot_count_add(&tail->count, summary->time.n);
	if (tail->samples_low == 0 || summary->count < tail->samples_low)
		tail->samples_low = summary->count;
	if (summary->batch > tail->batch_high)
		tail->batch_high = summary->batch;
}

/* 50 %, 90 %, 99 %, … as far as there are samples; a tic label is a format. */
static void put_quantile_axis(struct plot *plot, double depth)
{
	static const char *const names[] = {"0 %%", "90 %%", "99 %%", "99.9 %%", "99.99 %%",
		"99.999 %%", "99.9999 %%", "99.99999 %%"};
	char tics[PLOT_TEXT_MAX] = "\"50 %%\" 2";
	size_t used = strlen(tics);
	double x = 10;

	for (unsigned i = 1; i < sizeof(names) / sizeof(names[0]) && x <= depth; i++, x *= 10)
		used += (size_t)snprintf(
			tics + used, sizeof(tics) - used, ", \"%s\" %.0f", names[i], x);
	plot_set_text(plot, "x_tics", tics);
	plot_set_number(plot, "x_low", 1);
	plot_set_number(plot, "x_high", depth);
}

static void put_captions(struct plot *plot, const struct view_group *group, const struct tail *tail,
	const char *what, const char *choice)
{
	char text[VIEW_LABEL_MAX], n[VIEW_TEXT_MAX], samples[VIEW_TEXT_MAX], batch[64] = "";

	snprintf(plot->title, sizeof(plot->title), "%s, %s", what,
		view_placement_prose(group->axes->placement));
	if (tail->batch_high > 1)
		snprintf(batch, sizeof(batch), " A sample is the mean of up to %u messages.",
			tail->batch_high);
	/* Without the unit of a rate: "1.20 M". */
	view_value(samples, (double)tail->samples_low, VIEW_RATE);
	char *unit = strstr(samples, "/s");
	if (unit)
		*unit = '\0';
	snprintf(plot->caption1, sizeof(plot->caption1),
		"%.90s: all samples of the process runs, %s each, %s or more a line.",
		plot_what(text, group->axes, true), plot_count_text(n, &tail->count), samples);
	snprintf(plot->caption2, sizeof(plot->caption2), "%.290s%s", choice, batch);
}

static bool has_samples(const void *context, const struct view_row *row, bool familiar)
{
	(void)context;
	(void)familiar;
	return row->summary->count > 0;
}

static int draw(struct plotter *plotter, const struct view_group *group, bool spectrum)
{
	_cleanup_(plot_deinit) struct plot plot;
	struct plot_choice choice;
	struct tail tail = {0};
	char styles[128] = "";
	unsigned series = 0;

	plot_choose(&choice, group, &(struct plot_usable){.is = has_samples, .what = ""});
	plot_begin(&plot, spectrum ? "spectrum" : "ecdf", group->axes);
	fprintf(plot.data, "# A block per subject: its name, then %s\n",
		spectrum ? "1 / (1 - q), the quantile q in ns"
			 : "ns, the share of samples that do not exceed it");
	for (size_t i = 0; i < choice.count; i++) {
		size_t used = strlen(styles);
		put_row(&plot, choice.rows[i], &tail, spectrum ? put_spectrum : put_ecdf);
		snprintf(styles + used, sizeof(styles) - used, "%s%u", series++ ? " " : "",
			plot_style(plotter, &plot, choice.rows[i]));
	}
	if (series == 0)
		return 0;
	plot_set_text(&plot, "styles", styles);
	plot_set_text(&plot, "unit", group->unit);
	plot_set_number(&plot, "series", series);
	if (spectrum)
		put_quantile_axis(&plot, tail.depth);
	plot_set_axis(&plot, spectrum ? "y" : "x", tail.low_ns, tail.high_ns, VIEW_TIME);
	put_captions(&plot, group, &tail,
		spectrum ? "Latency percentiles" : "Distribution of latency", choice.text);
	return trace(plot_end(plotter, &plot));
}

int plot_tails_all(struct plotter *plotter)
{
	for (size_t i = 0; i < plotter->view->group_count; i++) {
		const struct view_group *group = &plotter->view->groups[i];
		if (!plot_is_basic(group))
			continue;
		int r = draw(plotter, group, false);
		if (r >= 0)
			r = draw(plotter, group, true);
		if (r < 0)
			return trace(r);
	}
	return 0;
}
