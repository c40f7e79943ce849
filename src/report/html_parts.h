#pragma once
/* The parts of the page; each writes to the stream. */
#include <stdio.h>

#include "report/family.h"
#include "report/view.h"

extern const char html_style[], html_script[];

/* A sortable table per workload, and one of what has no figures. */
void html_tables(FILE *out, const struct view *view);
void html_missing(FILE *out, const struct results *results);

/* Which columns a table needs. */
struct html_shape {
	enum view_family family;
	bool throughput, size, gap, senders, samples, tasks, speedup;
	unsigned sides;
	char params[RESULT_PARAMS_MAX][16];
	unsigned param_count;
	char facts[SUMMARY_FACTS_MAX][32];
	unsigned fact_count;
	char counters[SUMMARY_COUNTERS_MAX][32];
	unsigned counter_count;
};

/* Of all rows of the workload of that group. */
struct html_shape html_shape_of(const struct view *view, const struct view_group *first);
