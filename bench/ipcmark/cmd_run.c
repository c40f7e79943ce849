/*
 * `ipcmark run`: plan, check that the results can be kept, measure, keep them, show them. What can
 * be found wrong is found before the measuring begins.
 */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "ipcmark/command.h"
#include "ipcmark/doctor.h"
#include "ipcmark/run.h"
#include "ipcmark/value.h"
#include "measure/cycles.h"

enum {
	OPT_SUITE,
	OPT_OUT,
	OPT_OVERWRITE,
	OPT_ROUNDS,
	OPT_BUDGET,
	OPT_REPETITIONS,
	OPT_MIN_TIME,
	OPT_DEADLINE,
	OPT_RETRIES,
	OPT_SEED,
	OPT_IDLE,
	OPT_WAIT_LOCK,
	OPT_NO_PLOTS,
	OPT_QUIET,
	OPT_DRY_RUN,
};

static const struct option_spec options[] = {
	[OPT_SUITE] = {"suite", 's', "FILE|NAME",
		"a job file, or an installed suite: quick, full, ci"},
	[OPT_OUT] = {"out", 'o', "DIR",
		"where results go; made when missing\n(default: a new out/ipcmark-DATE-TIME)"},
	[OPT_OVERWRITE] = {"overwrite", 0, NULL, "replace results that are in that directory"},
	[OPT_ROUNDS] = {"rounds", 'r', "N", "fresh processes per cell (default: 6)"},
	[OPT_BUDGET] = {"budget", 'b', "SECONDS",
		"add rounds until this time is used; 90, 2min, …\n(at least 3 rounds, or "
		"--rounds)"},
	[OPT_REPETITIONS] = {"repetitions", 'R', "N", "repetitions inside a process (default: 5)"},
	[OPT_MIN_TIME] = {"min-time", 't', "SECONDS", "of one repetition (default: 0.02)"},
	[OPT_DEADLINE] = {"deadline", 0, "SECONDS",
		"a phase of a cell that lasts longer has failed\n(default: 30)"},
	[OPT_RETRIES] = {"retries", 0, "N",
		"repeat a run at once, at most so often, when the\nCPUs moved or were busy "
		"(default: 2)"},
	[OPT_SEED] = {"seed", 0, "N", "of the random order; it is recorded (default: random)"},
	[OPT_IDLE] = {"idle", 0, "held|free|auto",
		"keep CPUs out of idle states, or not, for cells\nthat do not say (default: auto, "
		"held "
		"if permitted)"},
	[OPT_WAIT_LOCK] = {"wait-lock", 'w', NULL, "wait for another ipcmark instead of refusing"},
	[OPT_NO_PLOTS] = {"no-plots", 0, NULL, "draw no plots"},
	[OPT_QUIET] = {"quiet", 'q', NULL, "no progress, no table; only what went wrong"},
	[OPT_DRY_RUN] = {"dry-run", 'n', NULL, "show what would run, and how long it would take"},
	{.name = NULL},
};

static int option_set(void *context, unsigned option, const char *value)
{
	struct run *run = context;
	struct params *params = &run->params;
	int r;

	switch (option) {
	case OPT_SUITE:
		run->suite_name = value;
		return 0;
	case OPT_OUT:
		run->out = value;
		return 0;
	case OPT_OVERWRITE:
		run->overwrite = true;
		return 0;
	case OPT_ROUNDS:
		r = value_unsigned("--rounds", value, 1, 1000, &params->rounds_min);
		return trace(r);
	case OPT_BUDGET:
		return trace(value_seconds("--budget", value, &run->budget_s));
	case OPT_REPETITIONS:
		return trace(value_unsigned("--repetitions", value, 1, 1000, &params->repetitions));
	case OPT_MIN_TIME:
		return trace(value_seconds("--min-time", value, &params->min_time_s));
	case OPT_DEADLINE:
		return trace(value_seconds("--deadline", value, &params->deadline_s));
	case OPT_RETRIES:
		run->has_retries = true;
		return trace(value_unsigned("--retries", value, 0, 100, &run->retries));
	case OPT_SEED:
		run->has_seed = true;
		return trace(value_seed("--seed", value, &run->seed));
	case OPT_IDLE:
		return trace(value_idle("--idle", value, &params->idle));
	case OPT_WAIT_LOCK:
		run->wait_lock = true;
		return 0;
	case OPT_NO_PLOTS:
		run->no_plots = true;
		return 0;
	case OPT_QUIET:
		run->quiet = true;
		return 0;
	default:
		run->dry_run = true;
		return 0;
	}
}

static void command_line(char *text, size_t size, int argc, char **argv)
{
	int at = snprintf(text, size, "ipcmark");

	for (int i = 0; i < argc && at > 0 && (size_t)at < size; i++)
		at += snprintf(text + at, size - (size_t)at, " %s", argv[i]);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	_cleanup_(run_deinit) struct run run = {.seed = 0};
	int first;

	command_line(run.command, sizeof(run.command), argc, argv);
	int r = options_parse(command, argc, argv, option_set, &run, &first);
	if (r != 0)
		return r < 0 ? trace(r) : EXIT_OK;
	run.patterns = argv + first;
	run.pattern_count = argc - first;
	if (!run.suite_name && !run.pattern_count)
		return fail(-EINVAL, "run what? Give patterns of cells, or --suite=quick (see "
				     "'ipcmark list' and 'ipcmark run --help')");
	r = run_prepare(&run);
	if (r < 0)
		return trace(r);
	if (run.dry_run)
		return trace(run_print(&run));
	cycles_init();
	doctor_run("", &run.doctor);
	return trace(run_measure(&run));
}

const struct command command_run = {
	.name = "run",
	.arguments = "[GLOB…]",
	.summary = "measure cells, and report",
	.description = "Runs the cells that match the patterns, or those of a suite, each in "
		       "several fresh\n"
		       "processes, in random order; writes results.json, summary.json, plots and\n"
		       "report.html, and prints a table. Ctrl-C keeps what is done.",
	.options = options,
	.run = run_command,
};
