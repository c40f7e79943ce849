#pragma once
/*
 * Results that no machine has measured: the same ones at every call, made through the same door as
 * real ones (records). They hold what a report must cope with: many subjects, sizes and placements,
 * another population, rejected runs, a failed and a skipped cell, and names with _ & < > in them.
 */
#include "result/results.h"

struct synthetic_options {
	unsigned subjects; /* the first so many; 0: all */
	unsigned rounds;   /* process runs; 0: 8 */
	bool small;        /* pingpong and stream at two sizes: for golden files */
	double factor;     /* all times times this; 0: 1 */
};

struct results *synthetic_results(const struct synthetic_options *options);

/* The same of what is no transport: p pools, l locks, s ways to spawn, c scenarios. */
struct results *synthetic_families(const char *families, unsigned rounds);

/* The machine and the run that all of them are of. */
void synthetic_describe(struct results *results);
