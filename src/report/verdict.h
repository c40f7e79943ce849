#pragma once
/*
 * The answers to the questions that a reader has, from the data alone: a winner is named only when
 * its interval and the runner-up's do not meet; otherwise the tie is said.
 */
#include <stddef.h>

#include "result/summary.h"

enum { VERDICT_TEXT_MAX = 768, VERDICTS_MAX = 12 };

struct verdict {
	char question[128]; /* "Lowest latency, 64 B between two cores" */
	char answer[VERDICT_TEXT_MAX];
};

struct view;

/* How many were written. */
size_t verdict_make(const struct view *view, struct verdict verdicts[VERDICTS_MAX]);

/* The part that counts over subjects (verdict_pairs.c); part of verdict_make(). */
size_t verdict_compare(
	const struct view *view, unsigned machine, struct verdict *verdicts, size_t room);
