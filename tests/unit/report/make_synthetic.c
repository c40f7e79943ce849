/* Writes the synthetic results and all that is made of them: make_synthetic DIR [FACTOR] */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/console.h"
#include "report/html.h"
#include "report/plot.h"
#include "result/summary.h"
#include "synthetic.h"

int main(int argc, char **argv)
{
	struct synthetic_options options = {.factor = argc > 2 ? strtod(argv[2], NULL) : 0};
	struct report_plots_options plots = {.svg = true, .png = true};
	struct report_console_options console = {.verdict = true};

	if (argc < 2)
		return 2;
	_cleanup_(results_freep) struct results *results = synthetic_results(&options);
	int r = results_save(results, argv[1]);
	if (r >= 0)
		r = summary_save(results, argv[1]);
	if (r >= 0)
		r = report_plots(results, argv[1], &plots);
	if (r == REPORT_PLOTS_NO_GNUPLOT)
		fputs("gnuplot is not installed: no pictures\n", stderr);
	if (r >= 0)
		r = report_html(results, argv[1]);
	if (r >= 0)
		r = report_console(stdout, results, &console);
	if (r < 0)
		error_print(stderr, "make_synthetic", r);
	return r < 0;
}
