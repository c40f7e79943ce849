/* `ipcmark report`: the table and report.html again, from stored results. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "ipcmark/command.h"
#include "ipcmark/finish.h"
#include "ipcmark/outdir.h"

enum { OPT_OUT, OPT_NO_PLOTS, OPT_TERMINAL };

static const struct option_spec options[] = {
	[OPT_OUT] = {"out", 'o', "DIR",
		"where report.html and the plots go\n(default: the first DIR)"},
	[OPT_NO_PLOTS] = {"no-plots", 0, NULL, "do not draw the plots again"},
	[OPT_TERMINAL] = {"terminal", 't', NULL,
		"draw the plots here, with characters; write no files"},
	{.name = NULL},
};

struct arguments {
	const char *out;
	bool no_plots, terminal;
};

static int option_set(void *context, unsigned option, const char *value)
{
	struct arguments *arguments = context;

	if (option == OPT_OUT)
		arguments->out = value;
	else if (option == OPT_NO_PLOTS)
		arguments->no_plots = true;
	else
		arguments->terminal = true;
	return 0;
}

static int report_command(const struct command *command, int argc, char **argv)
{
	_cleanup_(results_freep) struct results *results = NULL;
	struct arguments arguments = {0};
	char out[PATH_MAX];
	int first;

	int r = options_parse(command, argc, argv, option_set, &arguments, &first);
	if (r != 0)
		return r < 0 ? trace(r) : EXIT_OK;
	if (first == argc)
		return fail(-EINVAL, "report on what? Give directories that 'ipcmark run' made");
	r = results_load_many((const char *const *)argv + first, (size_t)(argc - first), &results);
	if (r < 0)
		return trace(r);
	if (arguments.terminal)
		return trace(finish_terminal(results));
	/* The results themselves are not touched. */
	r = outdir_open(arguments.out ? arguments.out : argv[first], true, 0, out);
	if (r == 0)
		r = finish_report(
			results, out, &(struct finish_options){.plots = !arguments.no_plots});
	if (r < 0)
		return trace(r);
	fflush(stdout);
	log_info("%s/report.html", out);
	return EXIT_OK;
}

const struct command command_report = {
	.name = "report",
	.arguments = "DIR…",
	.summary = "show results again, and write report.html",
	.description = "Shows the results of the directories, merged, and writes report.html with "
		       "its plots.\n"
		       "Results of machines that differ stay apart.",
	.options = options,
	.run = report_command,
};
