/*
 * Writes the synthetic results, and all that is made of them: make_synthetic DIR [FACTOR|FAMILIES]
 * With a factor (of all times), only the two JSON files, and fewer cells; with some of the letters
 * p, l, s, c, pools, locks, ways to spawn and scenarios instead of transports.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/console.h"
#include "report/html.h"
#include "report/plot.h"
#include "result/summary.h"
#include "synthetic.h"

static int report(const struct results *results, const char *dir)
{
	struct report_plots_options plots = {.svg = true, .png = true};
	struct report_console_options console = {.verdict = true};
	int r = report_plots(results, dir, &plots);

	if (r == REPORT_PLOTS_NO_GNUPLOT)
		fputs("gnuplot is not installed: no pictures\n", stderr);
	if (r >= 0)
		r = report_html(results, dir);
	if (r >= 0)
		r = report_console(stdout, results, &console);
	return trace(r);
}

int main(int argc, char **argv)
{
	struct synthetic_options options = {0};

	if (argc < 2) {
		fputs("usage: make_synthetic DIR [FACTOR|FAMILIES]\n", stderr);
		return 2;
	}
	bool families = argc > 2 && isalpha((unsigned char)argv[2][0]);
	if (argc > 2 && !families) {
		options.small = true;
		options.factor = strtod(argv[2], NULL);
	}
	_cleanup_(results_freep) struct results *results =
		families ? synthetic_families(argv[2], 8) : synthetic_results(&options);
	int r = results_save(results, argv[1]);
	if (r >= 0)
		r = summary_save(results, argv[1]);
	if (r >= 0 && (argc == 2 || families))
		r = report(results, argv[1]);
	if (r < 0)
		error_print(stderr, "make_synthetic", r);
	return r < 0;
}
