/*
 * From a plan to saved results. What was measured is saved first, then drawn and shown: a plot that
 * fails costs no figures. After the cells, Ctrl-C ends the program as it does any other.
 */
#include "ipcmark/run.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "ipcmark/campaign.h"
#include "ipcmark/command.h"
#include "ipcmark/finish.h"
#include "ipcmark/lock.h"
#include "ipcmark/progress.h"
#include "ipcmark/stop.h"
#include "measure/cycles.h"
#include "os/fd.h"
#include "os/idle.h"

static int announce(const struct run *run)
{
	char left[PROGRESS_TIME_MAX];
	const char *reason;
	int64_t left_ns = 0;
	unsigned warnings = doctor_count(&run->doctor, DOCTOR_WARNING);
	int r = run_estimate(run, &left_ns);

	if (r < 0)
		return trace(r);
	if (run->quiet)
		return 0;
	log_info("%u cell%s, %zu skipped, about %s; seed %llu, results in %s", run->plan.runnable,
		run->plan.runnable == 1 ? "" : "s", run->plan.cells.count - run->plan.runnable,
		progress_time(left, left_ns), (unsigned long long)run->seed, run->out_path);
	if (run->params.idle != IDLE_POLICY_FREE && !idle_can_hold(&reason))
		log_info("CPUs cannot be held out of idle states: %s", reason);
	if (warnings)
		log_info("%u thing%s on this machine disturb%s measurements: see 'ipcmark doctor'",
			warnings, warnings == 1 ? "" : "s", warnings == 1 ? "s" : "");
	return 0;
}

static void time_format(char text[32], time_t time_s)
{
	struct tm tm;

	localtime_r(&time_s, &tm);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%S%z", &tm);
}

/* Everything that is known of the whole; called again at the end, with the time and how it ended.
 */
static int meta_set(const struct run *run, struct results *results, const char *started,
	const char *finished, bool interrupted)
{
	struct results_finding findings[DOCTOR_FINDINGS_MAX];
	_cleanup_(freep) char *topology = NULL;
	struct fingerprint fingerprint;
	size_t size;
	FILE *stream = open_memstream(&topology, &size);

	if (!stream)
		return trace(-ENOMEM);
	int r = topo_print(stream, run->topo);
	fclose(stream);
	if (r < 0)
		return trace(r);
	fingerprint_read(&fingerprint);
	for (unsigned i = 0; i < run->doctor.count; i++) {
		const struct doctor_finding *finding = &run->doctor.findings[i];
		findings[i] = (struct results_finding){
			.severity = doctor_severity_name(finding->severity),
			.check = finding->check,
			.finding = finding->finding,
			.advice = finding->advice};
	}
	struct results_meta meta = {.version = ipcmark_version,
		.command = run->command,
		.suite = run->suite_name ? run->suite.name : NULL,
		.started = started,
		.finished = finished,
		.seed = run->seed,
		.interrupted = interrupted,
		.build_type = IPCMARK_BUILD_TYPE,
		.fingerprint = &fingerprint,
		.findings = findings,
		.finding_count = run->doctor.count,
		.topology = topology,
		.clock = cycles_info()};
	results_set_meta(results, &meta);
	return 0;
}

/* Cells that ran, but of which no run counts. */
static unsigned rejected_cells(const struct results *results)
{
	unsigned count = 0;

	for (size_t i = 0; i < results->cell_count; i++)
		count += results->cells[i].run_count > 0 &&
			 result_cell_accepted(&results->cells[i]) == 0;
	return count;
}

static void conclude(const struct run *run, const struct results *results,
	const struct campaign_outcome *outcome)
{
	char took[PROGRESS_TIME_MAX];
	unsigned rejected = rejected_cells(results);

	progress_time(took, outcome->duration_ns);
	if (outcome->interrupted)
		log_warning("interrupted after %s: the %u runs done so far are kept (%u complete "
			    "rounds)",
			took, outcome->runs, outcome->rounds);
	if (outcome->failed)
		log_error("%u of %u cells failed", outcome->failed, run->plan.runnable);
	if (rejected)
		log_warning("%u %s no figures: the CPUs moved or were busy in every run "
			    "(see 'ipcmark doctor'; more rounds or --retries may help)",
			rejected, rejected == 1 ? "cell has" : "cells have");
	if (outcome->repeated && !run->quiet)
		log_info("%u runs were repeated: CPUs moved or were busy", outcome->repeated);
	if (!run->quiet)
		log_info("%u runs in %s; results in %s (report.html, results.json, summary.json)",
			outcome->runs, took, run->out_path);
}

/* From the lock to the saved files. The exit status. */
int run_measure(struct run *run)
{
	_cleanup_(stop_close) int stop_fd = stop_open();
	_cleanup_(results_freep) struct results *results = results_new();
	struct campaign_outcome outcome;
	char started[32], finished[32];

	if (stop_fd < 0)
		return trace(stop_fd);
	_cleanup_(fd_close) int lock_fd = lock_take(run->wait_lock, stop_fd);
	if (lock_fd == -EINTR)
		return EXIT_INTERRUPTED;
	if (lock_fd < 0)
		return trace(lock_fd);
	int r = announce(run);
	if (r < 0)
		return trace(r);
	time_format(started, time(NULL));
	struct campaign_options campaign_options = {.schedule = run_schedule_options(run),
		.record_dir = run->work_path,
		.stop_fd = stop_fd,
		.quiet = run->quiet};
	int ran = campaign_run(&campaign_options, &run->plan, results, &outcome);
	stop_close(&stop_fd);
	time_format(finished, time(NULL));
	/* Also what was measured before the system refused to go on is kept. */
	r = meta_set(run, results, started, finished, outcome.interrupted || ran < 0);
	if (r == 0)
		r = finish_save(results, run->out_path);
	if (r == 0)
		r = finish_report(results, run->out_path,
			&(struct finish_options){.plots = !run->no_plots, .quiet = run->quiet});
	if (r < 0 || ran < 0)
		return trace(r < 0 ? r : ran);
	fflush(stdout);
	conclude(run, results, &outcome);
	return outcome.interrupted ? EXIT_INTERRUPTED : outcome.failed ? EXIT_FAILED : EXIT_OK;
}
