/* Hardware counters: a sum over the sides of each run, the median over the runs. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "measure/stats.h"
#include "result/internal.h"
#include "result/own.h"
#include "result/summary.h"

static void name_counters(struct summary *ret, const json_t *counters)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)counters, name, value) {
		unsigned at = 0;
		while (at < ret->counter_count && strcmp(ret->counters[at].name, name) != 0)
			at++;
		if (at == ret->counter_count && at < SUMMARY_COUNTERS_MAX &&
			json_is_number(value) && strlen(name) < sizeof(ret->counters[0].name))
			snprintf(ret->counters[ret->counter_count++].name,
				sizeof(ret->counters[0].name), "%s", name);
	}
}

/* The sum over the sides; false when a side does not have it. */
static bool run_counter(const struct result_run *run, const char *name, double *ret)
{
	json_t *side;
	size_t index;
	double sum = 0;

	json_array_foreach (json_object_get(run->json, "sides"), index, side) {
		json_t *value = json_object_get(json_object_get(side, "counters"), name);
		if (!json_is_number(value))
			return false;
		sum += json_number_value(value);
	}
	*ret = sum;
	return run->sides > 0;
}

static bool counts(const struct summary *summary, const struct result_run *run)
{
	return !run->why && strcmp(run->state, summary->state) == 0;
}

void summary_counters(struct summary *ret)
{
	const struct result_cell *cell = ret->cell;
	_cleanup_(freep) double *values = own_array(cell->run_count, sizeof(*values));
	unsigned kept = 0;
	json_t *side;
	size_t index;

	for (size_t i = 0; i < cell->run_count; i++)
		if (counts(ret, &cell->runs[i]))
			json_array_foreach (
				json_object_get(cell->runs[i].json, "sides"), index, side)
				name_counters(ret, json_object_get(side, "counters"));
	for (unsigned c = 0; c < ret->counter_count; c++) {
		size_t n = 0;
		for (size_t i = 0; i < cell->run_count; i++)
			n += counts(ret, &cell->runs[i]) &&
			     run_counter(&cell->runs[i], ret->counters[c].name, &values[n]);
		if (n == 0)
			continue;
		stats_sort(values, n);
		ret->counters[kept] = ret->counters[c];
		ret->counters[kept++].per_message = stats_median(values, n);
	}
	ret->counter_count = kept;
}
