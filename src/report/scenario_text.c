/*
 * Scenarios are judged by their outcome. A cell with the wrong one has failed, and its reason is
 * the verdict; what is expected to go wrong without a lock is a fact of a good cell.
 */
#include <string.h>

#include "report/family.h"
#include "result/own.h"

/* Says of itself whether all was as it should be. */
static const char verdict_fact[] = "verdict_ok";

static void put_fact(FILE *out, const struct summary_fact *fact)
{
	char name[sizeof(fact->name)];

	snprintf(name, sizeof(name), "%s", fact->name);
	for (char *c = name; *c; c++)
		if (*c == '_')
			*c = ' ';
	fprintf(out, "%s %.6g", name, fact->value);
	if (fact->max > fact->min)
		fprintf(out, " (%.6g…%.6g)", fact->min, fact->max);
}

char *scenario_outcome(char buffer[VIEW_LABEL_MAX], const struct summary *summary)
{
	FILE *out = own(fmemopen(buffer, VIEW_LABEL_MAX, "w"));
	const char *comma = "";

	buffer[0] = '\0';
	for (unsigned i = 0; i < summary->fact_count; i++) {
		if (strcmp(summary->facts[i].name, verdict_fact) == 0)
			continue;
		fputs(comma, out);
		put_fact(out, &summary->facts[i]);
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
