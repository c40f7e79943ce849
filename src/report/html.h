#pragma once
/*
 * DIR/report.html: one file that needs nothing else. The verdict first, then the plots (the SVG
 * files of DIR/plots that exist, so draw them before), sortable tables, what was skipped, the
 * machine, the doctor's findings, and how each number was made.
 */
#include "result/results.h"

/* Whole or not at all, as results_save(). A negative errno with what failed on what. */
int report_html(const struct results *results, const char *dir);
