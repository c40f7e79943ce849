/* Facts: what a workload has reported of each repetition beside its time. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "measure/stats.h"
#include "result/internal.h"
#include "result/own.h"
#include "result/summary.h"

static bool counts(const struct summary *summary, const struct result_run *run)
{
	return !run->why && strcmp(run->state, summary->state) == 0;
}

static void name_facts(struct summary *ret, const json_t *facts)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)facts, name, value) {
		if (summary_fact(ret, name) || ret->fact_count == SUMMARY_FACTS_MAX ||
			!json_is_number(value) || strlen(name) >= sizeof(ret->facts[0].name))
			continue;
		struct summary_fact *fact = &ret->facts[ret->fact_count++];
		snprintf(fact->name, sizeof(fact->name), "%s", name);
	}
}

/* The median over the repetitions of a run that have it; false when none has. */
static bool run_fact(
	const struct result_run *run, struct summary_fact *fact, bool first, double *ret)
{
	_cleanup_(freep) double *values = own_array(run->repetitions, sizeof(*values));
	json_t *repetition;
	size_t index, n = 0;

	json_array_foreach (json_object_get(run->json, "repetitions"), index, repetition) {
		json_t *value = json_object_get(json_object_get(repetition, "facts"), fact->name);
		if (!json_is_number(value) || n == run->repetitions)
			continue;
		double number = json_number_value(value);
		if ((first && n == 0) || number < fact->min)
			fact->min = number;
		if ((first && n == 0) || number > fact->max)
			fact->max = number;
		values[n++] = number;
	}
	if (n == 0)
		return false;
	stats_sort(values, n);
	*ret = stats_median(values, n);
	return true;
}

const struct summary_fact *summary_fact(const struct summary *summary, const char *name)
{
	for (unsigned i = 0; i < summary->fact_count; i++)
		if (strcmp(summary->facts[i].name, name) == 0)
			return &summary->facts[i];
	return NULL;
}

void summary_facts(struct summary *ret)
{
	const struct result_cell *cell = ret->cell;
	_cleanup_(freep) double *values = own_array(cell->run_count, sizeof(*values));
	json_t *repetition;
	size_t index;

	for (size_t i = 0; i < cell->run_count; i++)
		if (counts(ret, &cell->runs[i]))
			json_array_foreach (json_object_get(cell->runs[i].json, "repetitions"),
				index, repetition)
				name_facts(ret, json_object_get(repetition, "facts"));
	for (unsigned f = 0; f < ret->fact_count; f++) {
		size_t n = 0;
		for (size_t i = 0; i < cell->run_count; i++)
			n += counts(ret, &cell->runs[i]) &&
			     run_fact(&cell->runs[i], &ret->facts[f], n == 0, &values[n]);
		stats_sort(values, n);
		ret->facts[f].value = stats_median(values, n);
	}
}
