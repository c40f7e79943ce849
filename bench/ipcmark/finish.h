#pragma once
/* What follows a campaign, and what `report` and `plot` do again from stored results. */
#include <stdbool.h>

#include "result/results.h"

struct finish_options {
	bool plots;
	bool quiet; /* no table */
};

/* results.json and summary.json first, then plots, report.html and the table on stdout. */
int finish_save(const struct results *results, const char *dir);
int finish_report(
	const struct results *results, const char *dir, const struct finish_options *options);

/* Draws the plots to files; says in one line when gnuplot is missing. */
int finish_plots(const struct results *results, const char *dir);

/* Draws them to the terminal; what gnuplot needs is kept in a directory that is removed. */
int finish_plots_terminal(const struct results *results);

/* The table, then the plots, on the terminal. */
int finish_terminal(const struct results *results);
