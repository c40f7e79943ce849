#pragma once
/* The parts of the page; each writes to the stream. */
#include <stdio.h>

#include "report/view.h"

extern const char html_style[], html_script[];

/* A sortable table per workload, and one of what has no figures. */
void html_tables(FILE *out, const struct view *view);
void html_missing(FILE *out, const struct results *results);
