#pragma once
/* What the files of the verdicts share. */
#include "report/family.h"
#include "report/verdict.h"
#include "report/view.h"

enum verdict_metric { METRIC_TIME, METRIC_RATE, METRIC_BANDWIDTH, METRIC_CPU };
enum verdict_where { TWO_CORES, ONE_CPU, ANYWHERE };

struct verdict_question {
	const char *what; /* "Lowest latency" */
	const char *workload;
	enum verdict_metric metric;
	enum verdict_where where;
	bool large;       /* the largest size instead of 64 B */
	const char *exec; /* NULL: process */
	const char *must; /* params, "contenders=2 section=100"; NULL: none, or any */
};

extern const struct verdict_question verdict_questions[];
extern const size_t verdict_question_count;

/* The group that can answer, at the first placement that has one; NULL. */
const struct view_group *verdict_group(
	const struct view *view, const struct verdict_question *question);

/* "64 B from 4 senders, unbound (free)", "64 B between two cores (same_l3) after a gap of 1 ms",
 * "4 contenders, sections of 100 ns, between two cores (same_l3)"; and the machine's label. */
void verdict_ask_text(const struct verdict_question *question, const struct result_axes *axes,
	const char *label, char text[VERDICT_QUESTION_MAX]);

/* From which grain a pool pays, and how the scenarios came out (verdict_families.c). */
size_t verdict_families(
	const struct view *view, unsigned machine, struct verdict *verdicts, size_t room);
