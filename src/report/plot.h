#pragma once
/*
 * Plots: DIR/plots/NAME.dat (the data, commented), NAME.gp beside it (so that
 * `cd DIR/plots && gnuplot NAME.gp` draws it again), NAME.svg and NAME.png.
 *
 * The scripts are looked for in $IPCMARK_PLOTS, then relative to the executable: in its source or
 * build tree, then in ../share/ipcmark/plots.
 */
#include <stdbool.h>
#include <stdio.h>

#include "result/results.h"

struct report_plots_options {
	bool svg, png;
	bool terminal;          /* draw to `out` with characters */
	FILE *out;              /* NULL: stdout */
	unsigned columns, rows; /* of the terminal; 0: 100 × 30 */
	unsigned limit_ms;      /* of one gnuplot, which is killed then; 0: a minute */
};

/* Returned by report_plots(): the data and the scripts are there, gnuplot is not. The caller says
 * so in one line. */
enum { REPORT_PLOTS_NO_GNUPLOT = 1 };

/*
 * Writes what the results have data for (nothing, perhaps: still 0) and makes DIR/plots.
 * A negative errno with what failed on what (-ETIMEDOUT: gnuplot hung and was killed); a picture
 * is whole or absent.
 */
int report_plots(
	const struct results *results, const char *dir, const struct report_plots_options *options);
