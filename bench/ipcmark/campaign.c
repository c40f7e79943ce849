#include "ipcmark/campaign.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "ipcmark/harness.h"
#include "ipcmark/paths.h"
#include "ipcmark/progress.h"

struct campaign {
	const struct campaign_options *options;
	const struct plan *plan;
	struct results *results;
	struct schedule schedule;
	size_t *index;
	struct progress progress;
	struct campaign_outcome *outcome;
	int64_t begin_ns;
	unsigned round, cells_done; /* for the progress */
	char record[PATH_MAX + 16];
};

int campaign_schedule(const struct plan *plan, const struct schedule_options *options,
	struct schedule *ret_schedule, size_t **ret_index)
{
	_cleanup_(freep) struct schedule_item *items = calloc(plan->runnable + 1, sizeof(*items));
	_cleanup_(freep) size_t *index = calloc(plan->runnable + 1, sizeof(*index));
	unsigned count = 0;

	if (!items || !index)
		return trace(-ENOMEM);
	for (size_t i = 0; i < plan->cells.count; i++) {
		if (plan->cells.cells[i].reason[0])
			continue;
		index[count] = i;
		items[count++] = (struct schedule_item){.rounds_min = plan->params[i].rounds_min,
			.rounds_max = plan->params[i].rounds_max,
			.estimate_ns = plan_estimate_ns(plan, i)};
	}
	int r = schedule_init(ret_schedule, options, items, count);
	if (r < 0)
		return trace(r);
	*ret_index = TAKE_PTR(index);
	return 0;
}

static void skipped_add(struct campaign *campaign)
{
	for (size_t i = 0; i < campaign->plan->cells.count; i++) {
		const struct cell *cell = &campaign->plan->cells.cells[i];
		struct result_axes axes = {0};
		if (!cell->reason[0])
			continue;
		cell_axes(cell, result_axes_put, &axes);
		results_add_skipped(campaign->results, cell->name, &axes, cell->reason);
	}
}

static void progress_step(struct campaign *campaign, const struct cell *cell,
	const struct schedule_step *step, int64_t now_ns)
{
	if (step->round + 1 != campaign->round)
		campaign->cells_done = 0;
	campaign->round = step->round + 1;
	struct progress_state state = {.cell = cell->name,
		.round = campaign->round,
		.cells_done = campaign->cells_done,
		.cells = campaign->schedule.count,
		.runs_done = campaign->outcome->runs,
		.elapsed_ns = now_ns - campaign->begin_ns,
		.left_ns = schedule_left_ns(&campaign->schedule, now_ns)};
	progress_show(&campaign->progress, &state);
	if (step->attempt == 0)
		campaign->cells_done++;
}

static enum schedule_verdict fail_cell(
	struct campaign *campaign, const struct cell *cell, const char *reason)
{
	campaign->outcome->failed++;
	progress_clear(&campaign->progress);
	log_error("%s failed: %s", cell->name, reason);
	return SCHEDULE_DROP;
}

/* A cell that failed without a record. */
static enum schedule_verdict fail_unrecorded(
	struct campaign *campaign, const struct cell *cell, const char *reason)
{
	struct result_axes axes = {0};

	cell_axes(cell, result_axes_put, &axes);
	results_add_failed(campaign->results, cell->name, &axes, reason);
	return fail_cell(campaign, cell, reason);
}

static enum schedule_verdict record_take(
	struct campaign *campaign, const struct cell *cell, unsigned round)
{
	int rejected = results_add_record(campaign->results, campaign->record, round);

	if (rejected < 0)
		return fail_unrecorded(campaign, cell, error_message(rejected));
	const struct result_cell *result = results_find(campaign->results, cell->name);
	if (!result)
		return fail_unrecorded(campaign, cell, "the record is of another cell");
	/* A cell is dropped at its first failure, so one that has any failed just now. */
	if (result->failures > 0)
		return fail_cell(campaign, cell, result->reason ? result->reason : "unknown");
	return rejected > 0 ? SCHEDULE_REPEAT : SCHEDULE_GOOD;
}

/* One process run. -EINTR when it was stopped. */
static int step_run(struct campaign *campaign, const struct schedule_step *step)
{
	size_t i = campaign->index[step->item];
	const struct cell *cell = &campaign->plan->cells.cells[i];
	const struct params *params = &campaign->plan->params[i];
	char program[PATH_MAX];
	struct harness_order order = {.program = program,
		.cell = cell->name,
		.record_path = campaign->record,
		.repetitions = params->repetitions,
		.min_time_s = params->min_time_s,
		.deadline_s = params->deadline_s,
		.padding = step->padding,
		.stop_fd = campaign->options->stop_fd};
	enum schedule_verdict verdict = SCHEDULE_GOOD;
	struct harness_run run;

	unlink(campaign->record);
	int r = paths_find_harness(cell->workload->family->program, program);
	if (r == 0)
		r = harness_run(&order, &run);
	if (r < 0)
		return trace(r);
	if (run.end == HARNESS_STOPPED)
		return -EINTR;
	if (run.end == HARNESS_FAILED)
		verdict = fail_unrecorded(campaign, cell, run.reason);
	else
		verdict = record_take(campaign, cell, step->round);
	unlink(campaign->record);
	campaign->outcome->runs++;
	campaign->outcome->repeated += step->attempt > 0;
	schedule_done(&campaign->schedule, clock_ns(), run.duration_ns, verdict);
	return 0;
}

int campaign_run(const struct campaign_options *options, const struct plan *plan,
	struct results *results, struct campaign_outcome *ret_outcome)
{
	struct campaign campaign = {.options = options,
		.plan = plan,
		.results = results,
		.outcome = ret_outcome,
		.begin_ns = clock_ns()};
	struct schedule_step step;
	int r = campaign_schedule(plan, &options->schedule, &campaign.schedule, &campaign.index);

	*ret_outcome = (struct campaign_outcome){0};
	if (r < 0)
		return trace(r);
	snprintf(campaign.record, sizeof(campaign.record), "%s/record.json", options->record_dir);
	progress_init(&campaign.progress, options->quiet);
	skipped_add(&campaign);
	while (r == 0 && schedule_next(&campaign.schedule, clock_ns(), &step)) {
		progress_step(&campaign, &plan->cells.cells[campaign.index[step.item]], &step,
			clock_ns());
		r = step_run(&campaign, &step);
	}
	progress_clear(&campaign.progress);
	ret_outcome->interrupted = r == -EINTR;
	ret_outcome->rounds = schedule_rounds_complete(&campaign.schedule);
	ret_outcome->duration_ns = clock_ns() - campaign.begin_ns;
	schedule_deinit(&campaign.schedule);
	free(campaign.index);
	return r == -EINTR ? 0 : trace(r);
}
