/* `ipcmark plot`: the plots again, from stored results. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "ipcmark/command.h"
#include "ipcmark/finish.h"
#include "ipcmark/outdir.h"

enum { OPT_OUT, OPT_TERMINAL };

static const struct option_spec options[] = {
	[OPT_OUT] = {"out", 'o', "DIR", "plots go to DIR/plots (default: the first DIR)"},
	[OPT_TERMINAL] = {"terminal", 't', NULL, "draw here, with characters; write no files"},
	{.name = NULL},
};

struct arguments {
	const char *out;
	bool terminal;
};

static int option_set(void *context, unsigned option, const char *value)
{
	struct arguments *arguments = context;

	if (option == OPT_OUT)
		arguments->out = value;
	else
		arguments->terminal = true;
	return 0;
}

static int plot_command(const struct command *command, int argc, char **argv)
{
	_cleanup_(results_freep) struct results *results = NULL;
	struct arguments arguments = {0};
	char out[PATH_MAX];
	int first;

	int r = options_parse(command, argc, argv, option_set, &arguments, &first);
	if (r != 0)
		return r < 0 ? trace(r) : EXIT_OK;
	if (first == argc)
		return fail(-EINVAL, "plot what? Give directories that 'ipcmark run' made");
	r = results_load_many((const char *const *)argv + first, (size_t)(argc - first), &results);
	if (r < 0)
		return trace(r);
	if (arguments.terminal)
		return trace(finish_plots_terminal(results));
	r = outdir_open(arguments.out ? arguments.out : argv[first], true, 0, out);
	if (r == 0)
		r = finish_plots(results, out);
	if (r < 0)
		return trace(r);
	log_info("plots, their data and scripts are in %s/plots", out);
	return EXIT_OK;
}

const struct command command_plot = {
	.name = "plot",
	.arguments = "DIR…",
	.summary = "draw the plots of results",
	.description = "Draws the plots of the directories' results, merged: SVG, PNG, and beside "
		       "them the data\n"
		       "and the gnuplot script of each.",
	.options = options,
	.run = plot_command,
};
