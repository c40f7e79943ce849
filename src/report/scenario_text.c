/*
 * Scenarios are judged by their outcome. A cell with the wrong one has failed, and its reason is
 * the verdict; what is expected to go wrong without a lock is a fact of a good cell.
 */
#include <math.h>
#include <string.h>

#include "report/family.h"
#include "result/own.h"

/* Says of itself whether all was as it should be. */
static const char verdict_fact[] = "verdict_ok";

/* Large ones in full, not as powers of ten. */
static void put_figure(FILE *out, double value)
{
	if (fabs(value) < 1000)
		fprintf(out, "%.3g", value);
	else
		fprintf(out, "%.0f", value);
}

static void put_fact(FILE *out, const struct summary_fact *fact)
{
	char name[sizeof(fact->name)];

	snprintf(name, sizeof(name), "%s", fact->name);
	for (char *c = name; *c; c++)
		if (*c == '_')
			*c = ' ';
	/* Whole numbers in full, not as powers of ten. */
	fprintf(out, "%s ", name);
	put_figure(out, fact->value);
	if (fact->max > fact->min) {
		fputs(" (", out);
		put_figure(out, fact->min);
		fputs("…", out);
		put_figure(out, fact->max);
		fputs(")", out);
	}
}

char *scenario_outcome(char buffer[VIEW_LABEL_MAX], const struct summary *summary)
{
	FILE *out = own(fmemopen(buffer, VIEW_LABEL_MAX, "w"));
	const char *comma = "";

	buffer[0] = '\0';
	for (unsigned i = 0; i < summary->fact_count; i++) {
		const struct summary_fact *fact = &summary->facts[i];
		/* What did not happen is left out: nothing was lost, nothing was torn. */
		bool none = fact->min == 0 && fact->max == 0;
		if (strcmp(fact->name, verdict_fact) == 0 ||
			(none && strcmp(fact->name, "fairness") != 0))
			continue;
		fputs(comma, out);
		put_fact(out, fact);
		comma = ", ";
	}
	fclose(out);
	buffer[VIEW_LABEL_MAX - 1] = '\0';
	return buffer;
}

char *scenario_verdict(
	char *buffer, size_t size, const struct result_cell *cell, const struct summary *summary)
{
	char text[RESULT_AXIS_MAX];
	const char *lock = result_axis(&cell->axes, "lock", text);
	bool without = lock && strcmp(lock, "off") == 0;

	if (cell->status == RESULT_SKIPPED) {
		snprintf(buffer, size, "skipped: %s", cell->reason ? cell->reason : "unknown");
		return buffer;
	}
	if (cell->status == RESULT_FAILED || cell->failures > 0) {
		snprintf(buffer, size, "failed: %s", cell->reason ? cell->reason : "unknown");
		return buffer;
	}
	const struct summary_fact *ok = summary ? summary_fact(summary, verdict_fact) : NULL;
	if (without && ok && ok->min < 1)
		snprintf(buffer, size, "shown: wrong without a lock, as expected");
	else if (without)
		snprintf(buffer, size, "not shown: nothing went wrong this time");
	else if (ok && ok->min < 1)
		snprintf(buffer, size, "failed: the outcome is wrong");
	else
		snprintf(buffer, size, "ok");
	return buffer;
}
