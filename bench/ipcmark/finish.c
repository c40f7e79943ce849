#include "ipcmark/finish.h"

#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "ipcmark/outdir.h"
#include "report/console.h"
#include "report/html.h"
#include "report/plot.h"
#include "result/summary.h"

int finish_save(const struct results *results, const char *dir)
{
	int r = results_save(results, dir);

	if (r < 0)
		return trace(r);
	return trace(summary_save(results, dir));
}

static int plots(
	const struct results *results, const char *dir, const struct report_plots_options *options)
{
	int r = report_plots(results, dir, options);

	if (r == REPORT_PLOTS_NO_GNUPLOT)
		log_warning("gnuplot is not installed: %s/plots has the data and the scripts only "
			    "(the Debian package is gnuplot-nox)",
			dir);
	return r < 0 ? trace(r) : 0;
}

int finish_plots(const struct results *results, const char *dir)
{
	struct report_plots_options options = {.svg = true, .png = true};

	return trace(plots(results, dir, &options));
}

int finish_plots_terminal(const struct results *results)
{
	_cleanup_(workdir_remove) char dir[PATH_MAX] = "";
	struct report_plots_options options = {.terminal = true};
	struct winsize size;
	int r = workdir_open(dir);

	if (r < 0)
		return trace(r);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) {
		options.columns = size.ws_col;
		options.rows = size.ws_row > 15 ? size.ws_row - 1u : 0;
	}
	return trace(plots(results, dir, &options));
}

int finish_terminal(const struct results *results)
{
	int r = report_console(stdout, results, &(struct report_console_options){.verdict = true});

	return r < 0 ? trace(r) : trace(finish_plots_terminal(results));
}

int finish_report(
	const struct results *results, const char *dir, const struct finish_options *options)
{
	int r = options->plots ? finish_plots(results, dir) : 0;

	if (r == 0)
		r = report_html(results, dir);
	if (r == 0 && !options->quiet)
		r = report_console(
			stdout, results, &(struct report_console_options){.verdict = true});
	return trace(r);
}
