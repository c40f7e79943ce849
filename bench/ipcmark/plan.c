#include "ipcmark/plan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "ipcmark/selector.h"
#include "os/idle.h"

enum { ROUNDS = 6, ROUNDS_MIN_OF_BUDGET = 3, ROUNDS_MAX_OF_BUDGET = 1000 };

/* Of a process run, beside its repetitions: exec, fork, two probes, warm-up and calibration. Seen
 * on a virtual machine with two CPUs: 60 to 120 ms; the real durations replace it soon. */
enum { OVERHEAD_MS = 100 };

void plan_defaults(bool has_budget, struct params *ret_params)
{
	*ret_params = (struct params){
		.rounds_min = has_budget ? ROUNDS_MIN_OF_BUDGET : ROUNDS,
		.rounds_max = has_budget ? ROUNDS_MAX_OF_BUDGET : ROUNDS,
		.repetitions = 5,
		.min_time_s = 0.02,
		.deadline_s = 30,
		.idle = IDLE_POLICY_AUTO,
	};
}

/* Grows params to the number of cells; the new ones get these. */
static int params_fill(struct plan *plan, size_t from, const struct params *params)
{
	if (plan->cells.count > plan->params_capacity) {
		size_t capacity = 2 * plan->cells.count;
		struct params *grown = realloc(plan->params, capacity * sizeof(*grown));
		if (!grown)
			return trace(-ENOMEM);
		plan->params = grown;
		plan->params_capacity = capacity;
	}
	for (size_t i = from; i < plan->cells.count; i++) {
		plan->params[i] = *params;
		if (!plan->cells.cells[i].reason[0])
			plan->runnable++;
	}
	return 0;
}

static bool idle_is_free(enum idle_policy policy)
{
	const char *reason;

	return policy == IDLE_POLICY_FREE ||
	       (policy == IDLE_POLICY_AUTO && !idle_can_hold(&reason));
}

static int selector_add(struct plan *plan, const struct selector *pattern,
	const struct params *params, const struct topo *topo)
{
	struct selector selector = *pattern;
	char text[SELECTOR_TEXT_MAX];
	size_t before = plan->cells.count;

	assert(params->rounds_min >= 1 && params->repetitions >= 1);
	if (idle_is_free(params->idle))
		selector_fill(&selector, PATTERN_IDLE, "free");
	selector_resolve(&selector, topo);
	int r = cell_list_add(&plan->cells, selector_format(&selector, text), topo);
	if (r < 0)
		return trace(r);
	return trace(params_fill(plan, before, params));
}

int plan_add_pattern(struct plan *plan, const char *pattern, const struct params *params,
	const struct topo *topo)
{
	struct selector selector;
	int r = selector_parse(pattern, &selector);

	if (r < 0)
		return trace(r);
	return trace(selector_add(plan, &selector, params, topo));
}

/* The product of the job's shorthands, for one pattern, from `axis` on. */
static int product_add(struct plan *plan, const struct suite_job *job, unsigned axis,
	const struct selector *pattern, const struct params *params, const struct topo *topo)
{
	while (axis < PATTERN_AXES && job->axes[axis].count == 0)
		axis++;
	if (axis == PATTERN_AXES)
		return trace(selector_add(plan, pattern, params, topo));
	for (unsigned i = 0; i < job->axes[axis].count; i++) {
		struct selector filled = *pattern;
		selector_fill(&filled, axis, job->axes[axis].words[i].text);
		int r = product_add(plan, job, axis + 1, &filled, params, topo);
		if (r < 0)
			return trace(r);
	}
	return 0;
}

static int job_add(struct plan *plan, const struct suite *suite, const struct suite_job *job,
	const struct params *params, const struct topo *topo)
{
	for (unsigned i = 0; i < job->cells.count; i++) {
		const struct word *word = &job->cells.words[i];
		struct selector selector;
		int r = selector_parse(word->text, &selector);
		if (r == 0)
			r = product_add(plan, job, 0, &selector, params, topo);
		if (r == -EINVAL && job->optional)
			continue;
		if (r == -EINVAL)
			return fail(r, "%s:%u: %s", suite->path, word->line, error_message(r));
		if (r < 0)
			return trace(r);
	}
	return 0;
}

int plan_add_suite(struct plan *plan, const struct suite *suite, const struct params *defaults,
	const struct params *over, const struct topo *topo)
{
	for (unsigned i = 0; i < suite->job_count; i++) {
		struct params params = *defaults;
		params_override(&params, &suite->params);
		params_override(&params, &suite->jobs[i].params);
		params_override(&params, over);
		int r = job_add(plan, suite, &suite->jobs[i], &params, topo);
		if (r < 0)
			return trace(r);
	}
	return 0;
}

int plan_keep(struct plan *plan, int pattern_count, char **patterns)
{
	_cleanup_(freep) bool *keep = calloc(plan->cells.count + 1, sizeof(*keep));
	size_t kept = 0;

	if (!keep)
		return trace(-ENOMEM);
	for (int i = 0; i < pattern_count; i++) {
		struct selector selector;
		bool found = false;
		int r = selector_parse(patterns[i], &selector);
		if (r < 0)
			return trace(r);
		for (size_t j = 0; j < plan->cells.count; j++) {
			if (!selector_matches(&selector, plan->cells.cells[j].name))
				continue;
			keep[j] = true;
			found = true;
		}
		if (!found)
			return fail(-EINVAL, "no cell of the suite matches '%s'", patterns[i]);
	}
	plan->runnable = pattern_count ? 0 : plan->runnable;
	for (size_t j = 0; pattern_count && j < plan->cells.count; j++) {
		if (!keep[j])
			continue;
		plan->runnable += !plan->cells.cells[j].reason[0];
		plan->params[kept] = plan->params[j];
		plan->cells.cells[kept++] = plan->cells.cells[j];
	}
	if (pattern_count)
		plan->cells.count = kept;
	return 0;
}

void plan_deinit(struct plan *plan)
{
	cell_list_free(&plan->cells);
	free(plan->params);
	*plan = (struct plan){0};
}

int64_t plan_estimate_ns(const struct plan *plan, size_t cell)
{
	const struct params *params = &plan->params[cell];

	return OVERHEAD_MS * NS_PER_MS +
	       (int64_t)((double)params->repetitions * params->min_time_s * 1e9);
}
