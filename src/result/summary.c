#include "result/summary.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "measure/stats.h"
#include "result/histogram.h"
#include "result/internal.h"
#include "result/own.h"

static double median_of(const double *values, size_t n)
{
	_cleanup_(freep) double *sorted = own_array(n, sizeof(*sorted));

	memcpy(sorted, values, n * sizeof(*sorted));
	stats_sort(sorted, n);
	return stats_median(sorted, n);
}

/* Sorts the values. */
static struct estimate estimate_of(double *values, size_t n)
{
	struct estimate estimate = {.n = (unsigned)n};

	if (n == 0)
		return estimate;
	stats_sort(values, n);
	estimate.value = estimate.low = estimate.high = stats_median(values, n);
	size_t k = stats_median_interval(n, SUMMARY_LEVEL, &estimate.level);
	if (k > 0) {
		estimate.low = values[k - 1];
		estimate.high = values[n - k];
	}
	return estimate;
}

static bool is_of(const struct result_run *run, const char *state)
{
	return !run->why && strcmp(run->state, state) == 0;
}

/* The populations by state, the main one first. */
static unsigned find_populations(const struct result_cell *cell, struct summary_population *found)
{
	unsigned count = 0, main = 0;

	for (size_t i = 0; i < cell->run_count; i++) {
		unsigned at = 0;
		if (cell->runs[i].why)
			continue;
		while (at < count && strcmp(found[at].state, cell->runs[i].state) != 0)
			at++;
		if (at == count && count < SUMMARY_POPULATIONS_MAX + 1)
			memcpy(found[count++].state, cell->runs[i].state, sizeof(found[0].state));
		if (at < count)
			found[at].n++;
	}
	for (unsigned i = 1; i < count; i++)
		if (found[i].n > found[main].n)
			main = i;
	struct summary_population first = found[0];
	found[0] = found[main];
	found[main] = first;
	return count;
}

/* The medians of the runs of a state; `series` chooses what. NULL series are left out. */
static size_t run_medians(const struct result_cell *cell, const char *state,
	double *(*series)(const struct result_run *), double *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < cell->run_count; i++) {
		const struct result_run *run = &cell->runs[i];
		if (is_of(run, state) && series(run))
			ret[n++] = median_of(series(run), run->repetitions);
	}
	return n;
}

static double *times(const struct result_run *run)
{
	return run->times_ns;
}

static double *latencies(const struct result_run *run)
{
	return run->medians_ns ? run->medians_ns : run->times_ns;
}

/* What the location of a cell is made of: of a latency the median of the samples, which a few
 * preemptions do not move; of a throughput the whole time, in which they count. */
static double *(*location_series(const struct result_cell *cell))(const struct result_run *)
{
	return cell->throughput ? times : latencies;
}

static double *messages(const struct result_run *run)
{
	return run->messages_per_second;
}

static double *bytes(const struct result_run *run)
{
	return run->bytes_per_second;
}

static double relative_spread(double *values, size_t n)
{
	stats_sort(values, n);
	double median = stats_median(values, n);
	return n > 1 && median > 0 ? stats_robust_sd(values, n) / median : 0;
}

static double spread_within(const struct result_cell *cell, const char *state, double *scratch)
{
	size_t n = 0;

	for (size_t i = 0; i < cell->run_count; i++) {
		const struct result_run *run = &cell->runs[i];
		if (!is_of(run, state) || run->repetitions < 2)
			continue;
		_cleanup_(freep) double *copy = own_array(run->repetitions, sizeof(*copy));
		memcpy(copy, location_series(cell)(run), run->repetitions * sizeof(*copy));
		scratch[n++] = relative_spread(copy, run->repetitions);
	}
	return n ? median_of(scratch, n) : 0;
}

static void fill_times(struct summary *ret, double *scratch)
{
	const struct result_cell *cell = ret->cell;

	size_t n = run_medians(cell, ret->state, location_series(cell), scratch);
	ret->time = estimate_of(scratch, n);
	ret->spread_between = relative_spread(scratch, n);
	struct stats_modes modes = stats_modes(scratch, n, STATS_GAP_MIN);
	ret->bimodal = modes.bimodal;
	ret->n_low = (unsigned)modes.n_low;
	ret->median_low_ns = modes.median_low;
	ret->median_high_ns = modes.median_high;
	n = run_medians(cell, ret->state, messages, scratch);
	ret->rate = estimate_of(scratch, n);
	n = run_medians(cell, ret->state, bytes, scratch);
	ret->bytes = estimate_of(scratch, n);
	ret->spread_within = spread_within(cell, ret->state, scratch);
	for (size_t i = 0; i < cell->run_count; i++)
		if (is_of(&cell->runs[i], ret->state))
			ret->repetitions += (unsigned)cell->runs[i].repetitions;
}

/* The median over the runs of one figure of one side, found by its offset. */
static double side_median(
	const struct summary *summary, unsigned side, size_t offset, double *scratch)
{
	size_t n = 0;

	for (size_t i = 0; i < summary->cell->run_count; i++) {
		const struct result_run *run = &summary->cell->runs[i];
		if (is_of(run, summary->state) && side < run->sides)
			scratch[n++] = *(const double *)((const char *)&run->side[side] + offset);
	}
	return n ? median_of(scratch, n) : 0;
}

static int64_t side_migrations(const struct summary *summary, unsigned side)
{
	int64_t sum = 0;

	for (size_t i = 0; i < summary->cell->run_count; i++) {
		const struct result_run *run = &summary->cell->runs[i];
		if (!is_of(run, summary->state) || side >= run->sides)
			continue;
		if (run->side[side].migrations < 0)
			return -1;
		sum += run->side[side].migrations;
	}
	return sum;
}

static void fill_sides(struct summary *ret, double *scratch)
{
	for (size_t i = 0; i < ret->cell->run_count; i++)
		if (is_of(&ret->cell->runs[i], ret->state) && ret->cell->runs[i].sides > ret->sides)
			ret->sides = ret->cell->runs[i].sides;
	for (unsigned i = 0; i < ret->sides; i++) {
		struct summary_side *side = &ret->side[i];
		side->cpu_ns = side_median(ret, i, offsetof(struct result_side, cpu_ns), scratch);
		side->voluntary_switches = side_median(
			ret, i, offsetof(struct result_side, voluntary_switches), scratch);
		side->involuntary_switches = side_median(
			ret, i, offsetof(struct result_side, involuntary_switches), scratch);
		side->page_faults =
			side_median(ret, i, offsetof(struct result_side, page_faults), scratch);
		side->migrations = side_migrations(ret, i);
		ret->switches_per_message += side->voluntary_switches + side->involuntary_switches;
		ret->migrations = ret->migrations < 0 || side->migrations < 0
					  ? -1
					  : ret->migrations + side->migrations;
	}
}

static void fill_cpu(struct summary *ret, double *scratch)
{
	size_t n = 0;

	for (size_t i = 0; i < ret->cell->run_count; i++) {
		const struct result_run *run = &ret->cell->runs[i];
		if (!is_of(run, ret->state) || run->sides == 0)
			continue;
		scratch[n] = 0;
		for (unsigned side = 0; side < run->sides; side++)
			scratch[n] += run->side[side].cpu_ns;
		n++;
	}
	ret->cpu = estimate_of(scratch, n);
}

bool summary_histogram(const struct summary *summary, struct hist *hist)
{
	_cleanup_(freep) struct hist *one = own_array(1, sizeof(*one));
	bool found = false;

	hist_reset(hist);
	for (size_t i = 0; i < summary->cell->run_count; i++) {
		const struct result_run *run = &summary->cell->runs[i];
		if (!is_of(run, summary->state) || result_run_histogram(run, one) <= 0)
			continue;
		hist_merge(hist, one);
		found = true;
	}
	return found;
}

static void fill_histogram(struct summary *ret)
{
	_cleanup_(freep) struct hist *hist = own_array(1, sizeof(*hist));

	if (!summary_histogram(ret, hist))
		return;
	ret->count = hist->total;
	ret->p50_ns = (double)hist_quantile_ps(hist, 0.5) / 1e3;
	ret->p90_ns = (double)hist_quantile_ps(hist, 0.9) / 1e3;
	ret->p99_ns = (double)hist_quantile_ps(hist, 0.99) / 1e3;
	ret->p999_ns = (double)hist_quantile_ps(hist, 0.999) / 1e3;
	ret->min_ns = (double)hist_min_ps(hist) / 1e3;
	ret->max_ns = (double)hist_max_ps(hist) / 1e3;
	ret->mean_ns = hist_mean_ps(hist) / 1e3;
	for (size_t i = 0; i < ret->cell->run_count; i++)
		if (is_of(&ret->cell->runs[i], ret->state)) {
			unsigned batch = result_run_batch(&ret->cell->runs[i]);
			ret->batch = batch > ret->batch ? batch : ret->batch;
		}
}

void summary_of(const struct result_cell *cell, struct summary *ret)
{
	struct summary_population found[SUMMARY_POPULATIONS_MAX + 1] = {0};
	_cleanup_(freep) double *scratch = own_array(cell->run_count, sizeof(*scratch));

	*ret = (struct summary){.cell = cell,
		.rejected = (unsigned)result_cell_rejected(cell),
		.failures = cell->failures};
	unsigned count = find_populations(cell, found);
	if (cell->status != RESULT_OK || count == 0)
		return;
	memcpy(ret->state, found[0].state, sizeof(ret->state));
	fill_times(ret, scratch);
	fill_sides(ret, scratch);
	fill_cpu(ret, scratch);
	fill_histogram(ret);
	summary_counters(ret);
	summary_facts(ret);
	for (unsigned i = 1; i < count; i++) {
		size_t n = run_medians(cell, found[i].state, location_series(cell), scratch);
		found[i].median_ns = median_of(scratch, n);
		ret->populations[ret->population_count++] = found[i];
	}
}

struct estimate estimate_ratio(const struct estimate *a, const struct estimate *b)
{
	struct estimate ratio = {.n = a->n < b->n ? a->n : b->n};

	assert(a->value > 0 && b->value > 0);
	ratio.value = ratio.low = ratio.high = b->value / a->value;
	if (a->level > 0 && b->level > 0) {
		ratio.level = a->level + b->level - 1;
		ratio.low = b->low / a->high;
		ratio.high = b->high / a->low;
	}
	return ratio;
}

bool estimate_differs(const struct estimate *a, const struct estimate *b)
{
	return a->level > 0 && b->level > 0 && (a->high < b->low || b->high < a->low);
}
