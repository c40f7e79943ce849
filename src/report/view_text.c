/* The words and figures that all reports share. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/family.h"
#include "report/view.h"
#include "result/own.h"

char *view_size(char buffer[VIEW_TEXT_MAX], size_t bytes)
{
	char text[UNITS_TEXT_MAX];
	size_t digits = strspn(size_format(text, bytes), "0123456789");

	snprintf(buffer, VIEW_TEXT_MAX, "%.*s %s", (int)digits, text, text + digits);
	return buffer;
}

char *view_duration(char buffer[VIEW_TEXT_MAX], int64_t ns)
{
	char text[UNITS_TEXT_MAX];
	size_t digits = strspn(duration_format(text, ns), "0123456789");
	const char *unit = strcmp(text + digits, "us") == 0 ? "µs" : text + digits;

	snprintf(buffer, VIEW_TEXT_MAX, "%.*s %s", (int)digits, text, unit);
	return buffer;
}

char *view_title(char buffer[VIEW_LABEL_MAX], const struct result_axes *axes, bool size)
{
	char text[VIEW_TEXT_MAX], params[VIEW_LABEL_MAX];
	FILE *out = own(fmemopen(buffer, VIEW_LABEL_MAX, "w"));

	fprintf(out, "%s", axes->workload);
	if (strcmp(axes->exec, "process") == 0)
		fputs(", processes", out);
	else if (strcmp(axes->exec, "thread") == 0)
		fputs(", threads", out);
	if (axes->placement[0])
		fprintf(out, ", %s", view_placement_prose(axes->placement));
	if (size && axes->size_bytes)
		fprintf(out, ", %s", view_size(text, axes->size_bytes));
	if (axes->gap_ns)
		fprintf(out, ", gap %s", view_duration(text, axes->gap_ns));
	if (axes->senders)
		fprintf(out, ", %u senders", axes->senders);
	if (family_params(params, axes, NULL)[0])
		fprintf(out, ", %s", params);
	fclose(out);
	buffer[VIEW_LABEL_MAX - 1] = '\0';
	return buffer;
}

char *view_value(char buffer[VIEW_TEXT_MAX], double value, enum view_kind kind)
{
	char text[UNITS_TEXT_MAX];

	snprintf(buffer, VIEW_TEXT_MAX, "%s",
		kind == VIEW_TIME   ? time_human(text, value)
		: kind == VIEW_RATE ? rate_human(text, value)
				    : bandwidth_human(text, value));
	return buffer;
}

char *view_interval(
	char buffer[VIEW_TEXT_MAX], const struct estimate *estimate, enum view_kind kind)
{
	char low[VIEW_TEXT_MAX], high[VIEW_TEXT_MAX];

	if (estimate->level == 0) {
		snprintf(buffer, VIEW_TEXT_MAX, "(n = %u)", estimate->n);
		return buffer;
	}
	view_value(low, estimate->low, kind);
	view_value(high, estimate->high, kind);
	char *low_unit = strchr(low, ' '), *high_unit = strchr(high, ' ');
	if (low_unit && high_unit && strcmp(low_unit, high_unit) == 0)
		*low_unit = '\0';
	snprintf(buffer, VIEW_TEXT_MAX, "%.40s…%.40s", low, high);
	return buffer;
}

char *view_count(char buffer[VIEW_TEXT_MAX], double count)
{
	if (count < 0.0005)
		snprintf(buffer, VIEW_TEXT_MAX, "0");
	else
		snprintf(buffer, VIEW_TEXT_MAX, "%.*f", count < 0.0995 ? 3 : 2, count);
	return buffer;
}

char *view_like_figure(char buffer[VIEW_TEXT_MAX], const struct summary *summary, double ns)
{
	bool rate = summary->cell->throughput && summary->rate.n && ns > 0;

	return rate ? view_value(buffer, summary->rate.value * summary->time.value / ns, VIEW_RATE)
		    : view_value(buffer, ns, VIEW_TIME);
}

char *view_notes(char buffer[VIEW_LABEL_MAX], const struct summary *summary)
{
	char text[VIEW_TEXT_MAX], other[VIEW_TEXT_MAX];
	const char *comma = "";
	FILE *out = own(fmemopen(buffer, VIEW_LABEL_MAX, "w"));

	buffer[0] = '\0';
	if (summary->state[0] && strcmp(summary->state, "near") != 0) {
		fprintf(out, "CPUs %s", summary->state);
		comma = "; ";
	}
	for (unsigned i = 0; i < summary->population_count; i++, comma = "; ")
		fprintf(out, "%s%s: %s (n = %u)", comma,
			summary->populations[i].state[0] ? summary->populations[i].state
							 : "unprobed",
			view_like_figure(text, summary, summary->populations[i].median_ns),
			summary->populations[i].n);
	if (summary->bimodal) {
		fprintf(out, "%stwo modes: %s ×%u, %s ×%u", comma,
			view_like_figure(text, summary, summary->median_low_ns), summary->n_low,
			view_like_figure(other, summary, summary->median_high_ns),
			summary->time.n - summary->n_low);
		comma = "; ";
	}
	if (summary->rejected) {
		fprintf(out, "%s%u rejected", comma, summary->rejected);
		comma = "; ";
	}
	if (summary->failures)
		fprintf(out, "%s%u failed", comma, summary->failures);
	fclose(out);
	buffer[VIEW_LABEL_MAX - 1] = '\0';
	return buffer;
}
