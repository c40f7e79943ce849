/*
 * From what was asked for to a plan: the command line stands above the suite, and the suite above
 * the defaults. All that can fail for a reason of the user's fails here.
 */
#include "ipcmark/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "ipcmark/campaign.h"
#include "ipcmark/command.h"
#include "ipcmark/outdir.h"
#include "ipcmark/paths.h"
#include "ipcmark/progress.h"

enum { RETRIES = 2 };

/* Command line, then suite, then the defaults. */
static int settings_settle(struct run *run)
{
	if (run->suite_name) {
		int r = suite_load(run->suite_name, &run->suite);
		if (r < 0)
			return trace(r);
		if (run->budget_s <= 0 && !run->params.rounds_min)
			run->budget_s = run->suite.budget_s;
		if (!run->has_retries && run->suite.retries != UINT_MAX) {
			run->has_retries = true;
			run->retries = run->suite.retries;
		}
		if (!run->has_seed && run->suite.has_seed) {
			run->has_seed = true;
			run->seed = run->suite.seed;
		}
	}
	/* Without a budget, rounds are exact. */
	if (run->budget_s <= 0)
		run->params.rounds_max = run->params.rounds_min;
	if (!run->has_retries)
		run->retries = RETRIES;
	if (!run->has_seed && getrandom(&run->seed, sizeof(run->seed), 0) < 0)
		return fail(-errno, "getrandom: %s (--seed gives one)", strerror(errno));
	/* JSON readers hold numbers in doubles: a seed that all of them read back exactly. */
	if (!run->has_seed)
		run->seed >>= 64 - 48;
	return 0;
}

static int plan_make(struct run *run)
{
	struct params defaults, params;

	plan_defaults(run->budget_s > 0, &defaults);
	params = defaults;
	/* With a suite, patterns choose among its cells. */
	if (run->suite_name) {
		int r = plan_add_suite(&run->plan, &run->suite, &defaults, &run->params, run->topo);
		return r < 0 ? trace(r)
			     : trace(plan_keep(&run->plan, run->pattern_count, run->patterns));
	}
	params_override(&params, &run->params);
	for (int i = 0; i < run->pattern_count; i++) {
		int r = plan_add_pattern(&run->plan, run->patterns[i], &params, run->topo);
		if (r < 0)
			return trace(r);
	}
	return 0;
}

struct schedule_options run_schedule_options(const struct run *run)
{
	return (struct schedule_options){.seed = run->seed,
		.budget_ns = (int64_t)(run->budget_s * 1e9),
		.retries_max = run->retries};
}

int run_estimate(const struct run *run, int64_t *ret_ns)
{
	struct schedule_options schedule_options = run_schedule_options(run);
	struct schedule schedule = {.count = 0};
	_cleanup_(freep) size_t *index = NULL;
	int r = campaign_schedule(&run->plan, &schedule_options, &schedule, &index);

	if (r < 0)
		return trace(r);
	*ret_ns = schedule_left_ns(&schedule, 0);
	schedule_deinit(&schedule);
	return 0;
}

int run_print(const struct run *run)
{
	int64_t left_ns = 0;
	char left[PROGRESS_TIME_MAX];
	int r = run_estimate(run, &left_ns);

	if (r < 0)
		return trace(r);
	for (size_t i = 0; i < run->plan.cells.count; i++) {
		const struct cell *cell = &run->plan.cells.cells[i];
		const struct params *params = &run->plan.params[i];
		if (cell->reason[0]) {
			printf("%s  # skipped: %s\n", cell->name, cell->reason);
			continue;
		}
		printf("%s  # %u", cell->name, params->rounds_min);
		if (params->rounds_max != params->rounds_min)
			printf("-%u", params->rounds_max);
		printf(" × %u × %g s\n", params->repetitions, params->min_time_s);
	}
	printf("# %u cells, %zu skipped; about %s, seed %llu\n", run->plan.runnable,
		run->plan.cells.count - run->plan.runnable, progress_time(left, left_ns),
		(unsigned long long)run->seed);
	return EXIT_OK;
}

void run_deinit(struct run *run)
{
	plan_deinit(&run->plan);
	suite_deinit(&run->suite);
	topo_free(run->topo);
	workdir_remove(&run->work_path);
}

/* That there is a program for every cell that will run. */
static int harnesses_find(const struct plan *plan)
{
	const struct family *found = NULL;
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->cells.count; i++) {
		const struct cell *cell = &plan->cells.cells[i];
		if (cell->reason[0] || cell->workload->family == found)
			continue;
		found = cell->workload->family;
		r = paths_find_harness(found->program, path);
	}
	return trace(r);
}

int run_prepare(struct run *run)
{
	int r = topo_load(&run->topo);

	if (r == 0)
		r = settings_settle(run);
	if (r == 0)
		r = plan_make(run);
	if (r < 0 || run->dry_run)
		return trace(r);
	if (run->plan.runnable == 0)
		return fail(-EOPNOTSUPP, "none of the %zu cells can run here; %s: %s",
			run->plan.cells.count, run->plan.cells.cells[0].name,
			run->plan.cells.cells[0].reason);
	r = harnesses_find(&run->plan);
	if (r == 0)
		r = outdir_open(run->out, run->overwrite, time(NULL), run->out_path);
	if (r == 0)
		r = workdir_open(run->work_path);
	return trace(r);
}
