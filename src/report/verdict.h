#pragma once
/*
 * The answers to the questions that a reader has, from the data alone: a winner is named only when
 * its interval and the runner-up's exist, do not meet, and are of CPUs in the same state; otherwise
 * what is missing is said. The floor (null, serial, none) is no contender.
 */
#include <stdbool.h>
#include <stddef.h>

#include "result/summary.h"

enum { VERDICT_TEXT_MAX = 768, VERDICT_ADVICE_MAX = 200, VERDICT_QUESTION_MAX = 256 };
enum { VERDICTS_MAX = 48 };

struct verdict {
	char question[VERDICT_QUESTION_MAX]; /* "Lowest latency, 64 B between two cores" */
	char advice[VERDICT_ADVICE_MAX];     /* one sentence: what to take */
	char answer[VERDICT_TEXT_MAX];       /* the figures behind it */
	bool few_runs;                       /* nothing is proven for want of intervals */
};

struct view;

/* How many were written. */
size_t verdict_make(const struct view *view, struct verdict verdicts[VERDICTS_MAX]);

/* What all of them have in common: said once, before them; NULL when there is nothing. */
const char *verdict_note(const struct verdict *verdicts, size_t count);

/* The part that counts over subjects (verdict_pairs.c); part of verdict_make(). */
size_t verdict_compare(
	const struct view *view, unsigned machine, struct verdict *verdicts, size_t room);
