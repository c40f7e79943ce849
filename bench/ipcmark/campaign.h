#pragma once
/*
 * A campaign: the cells of a plan, each in several fresh processes, in the order of the schedule,
 * and what came of it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "ipcmark/plan.h"
#include "ipcmark/schedule.h"
#include "result/results.h"

struct campaign_options {
	struct schedule_options schedule;
	const char *record_dir; /* for records, removed one by one */
	int stop_fd;
	bool quiet;
};

struct campaign_outcome {
	unsigned runs;     /* process runs, all */
	unsigned repeated; /* of these, repetitions of a run that was rejected */
	unsigned failed;   /* cells that failed */
	unsigned rounds;   /* complete ones */
	bool interrupted;
	int64_t duration_ns;
};

/* The schedule of the plan's cells that can run. The caller calls schedule_deinit(). *ret_index
 * (free) gives the plan's cell for each item. */
int campaign_schedule(const struct plan *plan, const struct schedule_options *options,
	struct schedule *ret_schedule, size_t **ret_index);

/* Runs; the cells' figures, failures and reasons for being skipped go into results. A negative
 * errno when the system does not let it go on (no process, no memory); what was done is in results
 * all the same. */
int campaign_run(const struct campaign_options *options, const struct plan *plan,
	struct results *results, struct campaign_outcome *ret_outcome);
