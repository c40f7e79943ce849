/*
 * The tables. A cell shows a figure with its unit and is sorted by the figure itself (data-v); what
 * has none is empty and stays at the end. All text goes through html_escape().
 */
#include <stdlib.h>
#include <string.h>

#include "report/family.h"
#include "report/html_parts.h"
#include "report/svg.h"

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

static void heads(FILE *out, const struct html_shape *shape)
{
	static const char *const quantiles[] = {"mean", "p90", "p99", "p99.9", "max"};
	static const char *const sides[SIDES_SHOWN] = {"CPU side 0", "CPU side 1"};

	fputs("<thead><tr>", out);
	head(out, "subject", false);
	head(out, "exec", false);
	head(out, "placement", false);
	if (shape->size)
		head(out, "size", true);
	if (shape->gap)
		head(out, "gap", true);
	if (shape->senders)
		head(out, "senders", true);
	for (unsigned i = 0; i < shape->param_count; i++)
		head(out, shape->params[i], true);
	if (shape->family == VIEW_SCENARIO)
		head(out, "verdict", false);
	head(out,
		!shape->throughput                ? "median"
		: shape->family == VIEW_TRANSPORT ? "messages"
						  : "rate",
		true);
	head(out, "95 % interval", true);
	if (shape->tasks)
		head(out, "per task", true);
	if (shape->speedup) {
		head(out, "speed-up", true);
		head(out, "efficiency", true);
	}
	for (unsigned i = 0; i < shape->fact_count; i++)
		head(out, shape->facts[i], true);
	if (shape->throughput && shape->size)
		head(out, "bandwidth", true);
	for (size_t i = 0; shape->samples && i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		head(out, quantiles[i], true);
	for (unsigned i = 0; i < shape->sides && i < SIDES_SHOWN; i++)
		head(out, sides[i], true);
	if (shape->family == VIEW_TRANSPORT) {
		head(out, "CPU/msg, all sides", true);
		head(out, "switches/msg", true);
	} else if (shape->sides > 0) {
		head(out, "CPU, all sides", true);
		head(out, "switches", true);
	}
	if (shape->family == VIEW_TRANSPORT || shape->sides > 0)
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

static void param_cell(FILE *out, const struct result_axes *axes, const char *key)
{
	char text[VIEW_TEXT_MAX];

	for (unsigned i = 0; i < axes->param_count; i++) {
		const struct result_param *param = &axes->params[i];
		if (strcmp(param->key, key) != 0)
			continue;
		char *end;
		double value = strtod(param->value, &end);
		/* Words are sorted as text, so they have no figure to sort by. */
		if (*end)
			text_cell(out, family_value(text, param));
		else
			number_cell(out, true, value, family_value(text, param));
		return;
	}
	number_cell(out, false, 0, "");
}

static void fact_cell(FILE *out, const struct summary *summary, const char *name)
{
	const struct summary_fact *fact = summary_fact(summary, name);
	char text[VIEW_TEXT_MAX] = "";

	if (fact)
		snprintf(text, sizeof(text), "%.4g", fact->value);
	number_cell(out, fact != NULL, fact ? fact->value : 0, text);
}

static void verdict_cell(FILE *out, const struct result_cell *cell, const struct summary *summary)
{
	char text[2 * VIEW_LABEL_MAX];

	fputs("<td class=\"wrap\">", out);
	html_escape(out, scenario_verdict(text, sizeof(text), cell, summary));
	fputs("</td>", out);
}

static void side_cells(FILE *out, const struct summary *summary)
{
	char number[32];

	value_cell(out, summary->cpu.n > 0, summary->cpu.value, VIEW_TIME);
	count_cell(out, summary->sides > 0, summary->switches_per_message);
	snprintf(number, sizeof(number), "%lld", (long long)summary->migrations);
	number_cell(out, summary->sides > 0 && summary->migrations >= 0,
		(double)summary->migrations, number);
}

static void pool_cells(FILE *out, const struct html_shape *shape, const struct view *view,
	const struct view_row *row)
{
	struct speedup speedup = {.efficiency = -1};
	char text[VIEW_TEXT_MAX];

	if (shape->tasks)
		value_cell(out, true, family_task_time(row).value, VIEW_TIME);
	if (!shape->speedup)
		return;
	bool there = !view_is_floor(row) && speedup_of(view, row, &speedup);
	number_cell(out, there, there ? speedup.factor.value : 0,
		family_factor(text, there ? speedup.factor.value : 0));
	count_cell(out, there && speedup.efficiency >= 0, speedup.efficiency);
}

static void row(FILE *out, const struct html_shape *shape, const struct view *view,
	const struct view_row *row)
{
	const struct summary *summary = row->summary;
	const struct result_axes *axes = &summary->cell->axes;
	bool rate = shape->throughput && summary->rate.n > 0;
	char text[VIEW_LABEL_MAX], number[32];

	fprintf(out, "<tr%s>", view_is_floor(row) ? " class=\"floor\"" : "");
	text_cell(out, row->label);
	text_cell(out, axes->exec);
	text_cell(out, axes->placement);
	if (shape->size)
		number_cell(out, axes->size_bytes > 0, (double)axes->size_bytes,
			view_size(text, axes->size_bytes));
	if (shape->gap)
		number_cell(out, axes->gap_ns > 0, (double)axes->gap_ns,
			view_duration(text, axes->gap_ns));
	if (shape->senders)
		count_cell(out, axes->senders > 0, axes->senders);
	for (unsigned i = 0; i < shape->param_count; i++)
		param_cell(out, axes, shape->params[i]);
	if (shape->family == VIEW_SCENARIO)
		verdict_cell(out, summary->cell, summary);
	estimate_cells(out, rate ? &summary->rate : &summary->time, rate ? VIEW_RATE : VIEW_TIME);
	pool_cells(out, shape, view, row);
	for (unsigned i = 0; i < shape->fact_count; i++)
		fact_cell(out, summary, shape->facts[i]);
	if (shape->throughput && shape->size)
		value_cell(out, summary->bytes.n > 0 && !view_is_floor(row), summary->bytes.value,
			VIEW_BANDWIDTH);
	if (shape->samples)
		quantile_cells(out, summary);
	for (unsigned i = 0; i < shape->sides && i < SIDES_SHOWN; i++)
		value_cell(out, i < summary->sides, summary->side[i].cpu_ns, VIEW_TIME);
	if (shape->family == VIEW_TRANSPORT || shape->sides > 0)
		side_cells(out, summary);
	for (unsigned i = 0; i < shape->counter_count; i++)
		counter_cell(out, summary, shape->counters[i]);
	snprintf(number, sizeof(number), "%u", summary->time.n);
	number_cell(out, true, summary->time.n, number);
	text_cell(out, view_notes(text, summary));
	fputs("</tr>\n", out);
}

/* A scenario that failed has no figures, but a verdict. */
static void failed_rows(
	FILE *out, const struct html_shape *shape, const struct view *view, const char *workload)
{
	const struct results *results = view->results;

	for (size_t i = 0; i < results->cell_count; i++) {
		const struct result_cell *cell = &results->cells[i];
		if (strcmp(cell->axes.workload, workload) != 0 || cell->status != RESULT_FAILED)
			continue;
		struct summary none = {.cell = cell, .migrations = -1};
		struct view_row failed = {.summary = &none};
		snprintf(failed.label, sizeof(failed.label), "%s", cell->axes.subject);
		row(out, shape, view, &failed);
	}
}

void html_tables(FILE *out, const struct view *view)
{
	for (size_t i = 0; i < view->group_count; i++) {
		const struct view_group *group = &view->groups[i];
		const char *workload = group->axes->workload;
		if (view_find(view, workload, NULL, NULL, 0) != group)
			continue;
		struct html_shape shape = html_shape_of(view, group);
		fputs("<div class=\"scroll\" tabindex=\"0\"><table "
		      "class=\"results\"><caption><strong>",
			out);
		html_escape(out, workload);
		fprintf(out, "</strong>: one iteration is a%s ",
			group->unit[0] && strchr("aeiou", group->unit[0]) ? "n" : "");
		html_escape(out, group->unit[0] ? group->unit : "message");
		fprintf(out,
			". %s of the process runs, its interval is exact; mean and percentiles are "
			"of %s.</caption>\n",
			group->throughput ? (shape.family == VIEW_TRANSPORT
							    ? "Messages per second: the median"
							    : "Operations per second: the median")
					  : "The median is that of the medians",
			group->throughput ? "the samples' time per iteration" : "all samples");
		heads(out, &shape);
		fputs("<tbody>\n", out);
		for (size_t r = 0; r < view->count; r++)
			if (strcmp(view->rows[r].summary->cell->axes.workload, workload) == 0)
				row(out, &shape, view, &view->rows[r]);
		if (shape.family == VIEW_SCENARIO)
			failed_rows(out, &shape, view, workload);
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
