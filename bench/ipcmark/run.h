#pragma once
/*
 * A run as a whole: what `ipcmark run` was asked for, the plan that follows, and what is kept of
 * it. run_prepare() finds what can be found wrong before the measuring begins.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipcmark/doctor.h"
#include "ipcmark/plan.h"
#include "ipcmark/schedule.h"
#include "ipcmark/suite.h"
#include "topo/topo.h"

struct run {
	/* What the command line says; 0 and NULL where it is silent. */
	const char *suite_name, *out;
	bool overwrite, wait_lock, no_plots, quiet, dry_run, has_seed, has_retries;
	double budget_s;
	unsigned retries;
	uint64_t seed;
	struct params params; /* what the command line says */
	char **patterns;
	int pattern_count;
	char command[1024]; /* all of it, for the record */

	/* What follows. */
	struct topo *topo;
	struct suite suite;
	struct plan plan;
	char out_path[PATH_MAX], work_path[PATH_MAX];
	struct doctor doctor;
};

/* Loads the topology and the suite, makes the plan; unless it is a dry run, finds the harnesses
 * and makes the directories. */
int run_prepare(struct run *run);

/* Prints what would run, and how long it would take. */
int run_print(const struct run *run);

/* How the schedule is made. */
struct schedule_options run_schedule_options(const struct run *run);

/* What the plan takes, roughly. */
int run_estimate(const struct run *run, int64_t *ret_ns);

/* Measures, keeps the results and shows them. The exit status. */
int run_measure(struct run *run);

/* Accepts a zeroed one. A cleanup function. */
void run_deinit(struct run *run);
