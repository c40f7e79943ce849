/*
 * The tables. A cell shows a figure with its unit and is sorted by the figure itself (data-v); what
 * has none is empty and stays at the end. All text goes through html_escape().
 */
#include <string.h>

#include "report/html_parts.h"
#include "report/svg.h"

/* Which columns a table needs. */
struct shape {
	bool throughput, gap, senders, samples;
	unsigned sides;
	char counters[SUMMARY_COUNTERS_MAX][32];
	unsigned counter_count;
};

enum { SIDES_SHOWN = 2 };

static void head(FILE *out, const char *title, bool number)
{
	fprintf(out, "<th scope=\"col\" aria-sort=\"none\"%s><button type=\"button\">",
		number ? " class=\"n\"" : "");
	html_escape(out, title);
	fputs("</button></th>", out);
}

static void text_cell(FILE *out, const char *text)
{
	fputs("<td>", out);
	html_escape(out, text);
	fputs("</td>", out);
}

/* The cell shows the text and is sorted by the value; empty when there is none. */
static void number_cell(FILE *out, bool there, double value, const char *text)
{
	if (!there) {
		fputs("<td class=\"n\" data-v=\"\"></td>", out);
		return;
	}
	fprintf(out, "<td class=\"n\" data-v=\"%.9g\">", value);
	html_escape(out, text);
	fputs("</td>", out);
}

static void value_cell(FILE *out, bool there, double value, enum view_kind kind)
{
	char text[VIEW_TEXT_MAX];

	number_cell(out, there, value, view_value(text, value, kind));
}

static void count_cell(FILE *out, bool there, double value)
{
	char text[VIEW_TEXT_MAX];

	number_cell(out, there, value, view_count(text, value));
}

static void estimate_cells(FILE *out, const struct estimate *estimate, enum view_kind kind)
{
	char text[VIEW_TEXT_MAX];

	value_cell(out, estimate->n > 0, estimate->value, kind);
	number_cell(out, estimate->n > 0, estimate->value, view_interval(text, estimate, kind));
}

static void heads(FILE *out, const struct shape *shape)
{
	static const char *const quantiles[] = {"mean", "p90", "p99", "p99.9", "max"};
	static const char *const sides[SIDES_SHOWN] = {"CPU side 0", "CPU side 1"};

	fputs("<thead><tr>", out);
	head(out, "subject", false);
	head(out, "exec", false);
	head(out, "placement", false);
	head(out, "size", true);
	if (shape->gap)
		head(out, "gap", true);
	if (shape->senders)
		head(out, "senders", true);
	head(out, shape->throughput ? "messages" : "median", true);
	head(out, "95 % interval", true);
	if (shape->throughput)
		head(out, "bandwidth", true);
	for (size_t i = 0; shape->samples && i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		head(out, quantiles[i], true);
	for (unsigned i = 0; i < shape->sides && i < SIDES_SHOWN; i++)
		head(out, sides[i], true);
	head(out, "CPU/msg, all sides", true);
	head(out, "switches/msg", true);
	head(out, "migrations", true);
	for (unsigned i = 0; i < shape->counter_count; i++)
		head(out, shape->counters[i], true);
	head(out, "n", true);
	head(out, "notes", false);
	fputs("</tr></thead>\n", out);
}

static void quantile_cells(FILE *out, const struct summary *summary)
{
	const double values[] = {summary->mean_ns, summary->p90_ns, summary->p99_ns,
		summary->p999_ns, summary->max_ns};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		value_cell(out, summary->count > 0, values[i], VIEW_TIME);
}

static void counter_cell(FILE *out, const struct summary *summary, const char *name)
{
	char text[VIEW_TEXT_MAX];

	for (unsigned i = 0; i < summary->counter_count; i++) {
		const struct summary_counter *counter = &summary->counters[i];
		if (strcmp(counter->name, name) != 0)
			continue;
		snprintf(text, sizeof(text), counter->per_message < 100 ? "%.2f" : "%.0f",
			counter->per_message);
		number_cell(out, true, counter->per_message, text);
		return;
	}
	number_cell(out, false, 0, "");
}

static void row(FILE *out, const struct shape *shape, const struct view_row *row)
{
	const struct summary *summary = row->summary;
	const struct result_axes *axes = &summary->cell->axes;
	bool rate = shape->throughput && summary->rate.n > 0;
	char text[VIEW_LABEL_MAX], number[32];

	fprintf(out, "<tr%s>", view_is_floor(row) ? " class=\"floor\"" : "");
	text_cell(out, row->label);
	text_cell(out, axes->exec);
	text_cell(out, axes->placement);
	number_cell(out, axes->size_bytes > 0, (double)axes->size_bytes,
		view_size(text, axes->size_bytes));
	if (shape->gap)
		number_cell(out, axes->gap_ns > 0, (double)axes->gap_ns,
			view_duration(text, axes->gap_ns));
	if (shape->senders)
		count_cell(out, axes->senders > 0, axes->senders);
	estimate_cells(out, rate ? &summary->rate : &summary->time, rate ? VIEW_RATE : VIEW_TIME);
	if (shape->throughput)
		value_cell(out, summary->bytes.n > 0 && !view_is_floor(row), summary->bytes.value,
			VIEW_BANDWIDTH);
	if (shape->samples)
		quantile_cells(out, summary);
	for (unsigned i = 0; i < shape->sides && i < SIDES_SHOWN; i++)
		value_cell(out, i < summary->sides, summary->side[i].cpu_ns, VIEW_TIME);
	value_cell(out, summary->cpu.n > 0, summary->cpu.value, VIEW_TIME);
	count_cell(out, summary->sides > 0, summary->switches_per_message);
	snprintf(number, sizeof(number), "%lld", (long long)summary->migrations);
	number_cell(out, summary->sides > 0 && summary->migrations >= 0,
		(double)summary->migrations, number);
	for (unsigned i = 0; i < shape->counter_count; i++)
		counter_cell(out, summary, shape->counters[i]);
	snprintf(number, sizeof(number), "%u", summary->time.n);
	number_cell(out, true, summary->time.n, number);
	text_cell(out, view_notes(text, summary));
	fputs("</tr>\n", out);
}

static void add_counters(struct shape *shape, const struct summary *summary)
{
	for (unsigned i = 0; i < summary->counter_count; i++) {
		unsigned at = 0;
		while (at < shape->counter_count &&
			strcmp(shape->counters[at], summary->counters[i].name) != 0)
			at++;
		if (at == shape->counter_count && at < SUMMARY_COUNTERS_MAX)
			memcpy(shape->counters[shape->counter_count++], summary->counters[i].name,
				sizeof(shape->counters[0]));
	}
}

static struct shape shape_of(const struct view *view, const struct view_group *first)
{
	struct shape shape = {.throughput = first->throughput};

	for (size_t i = 0; i < view->count; i++) {
		const struct summary *summary = view->rows[i].summary;
		if (strcmp(summary->cell->axes.workload, first->axes->workload) != 0)
			continue;
		shape.gap |= summary->cell->axes.gap_ns > 0;
		shape.senders |= summary->cell->axes.senders > 0;
		shape.samples |= summary->count > 0;
		if (summary->sides > shape.sides)
			shape.sides = summary->sides;
		add_counters(&shape, summary);
	}
	return shape;
}

void html_tables(FILE *out, const struct view *view)
{
	for (size_t i = 0; i < view->group_count; i++) {
		const struct view_group *group = &view->groups[i];
		const char *workload = group->axes->workload;
		if (view_find(view, workload, NULL, NULL, 0) != group)
			continue;
		struct shape shape = shape_of(view, group);
		fputs("<div class=\"scroll\" tabindex=\"0\"><table "
		      "class=\"results\"><caption><strong>",
			out);
		html_escape(out, workload);
		fputs("</strong>: one iteration is a ", out);
		html_escape(out, group->unit[0] ? group->unit : "message");
		fprintf(out,
			". %s of the process runs, its interval is exact; mean and percentiles are "
			"of %s.</caption>\n",
			group->throughput ? "Messages per second: the median"
					  : "The median is that of the medians",
			group->throughput ? "the samples' time per iteration" : "all samples");
		heads(out, &shape);
		fputs("<tbody>\n", out);
		for (size_t r = 0; r < view->count; r++)
			if (strcmp(view->rows[r].summary->cell->axes.workload, workload) == 0)
				row(out, &shape, &view->rows[r]);
		fputs("</tbody></table></div>\n", out);
	}
}

void html_missing(FILE *out, const struct results *results)
{
	bool any = false;

	for (size_t i = 0; i < results->cell_count; i++) {
		const struct result_cell *cell = &results->cells[i];
		if (cell->status == RESULT_OK)
			continue;
		if (!any) {
			fputs("<h2 id=\"missing\">Not measured</h2>\n<div class=\"scroll\" "
			      "tabindex=\"0\"><table><caption>Cells that cannot run here or "
			      "failed, "
			      "with the reason.</caption>\n<thead><tr>",
				out);
			head(out, "cell", false);
			head(out, "status", false);
			head(out, "reason", false);
			fputs("</tr></thead><tbody>\n", out);
		}
		any = true;
		fputs("<tr>", out);
		text_cell(out, cell->name);
		text_cell(out, result_status_name(cell->status));
		fputs("<td class=\"wrap\">", out);
		html_escape(out, cell->reason ? cell->reason : "unknown");
		fputs("</td></tr>\n", out);
	}
	if (any)
		fputs("</tbody></table></div>\n", out);
}
