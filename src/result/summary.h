#pragma once
/*
 * What the runs of a cell say, in figures that may be published.
 *
 * The unit of replication is the process run: repetitions inside a process are not independent. A
 * process run is the median of its repetitions: of a latency, of their histograms' medians (a few
 * preemptions would carry the mean away); of a throughput, of their whole times. The location is
 * the median of the process runs; its interval is the exact one by order statistics
 * (stats_median_interval), which assumes nothing but independent runs, and does not exist for fewer
 * than six.
 *
 * Runs whose CPUs were in different states (the probe's "near", "far", …) are different
 * populations and never pooled: the figures are those of the most frequent state (of equally
 * frequent ones, the first seen), the others are listed. Rejected runs are only counted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/hist.h"
#include "result/results.h"

#define SUMMARY_LEVEL 0.95

/* A median with its interval. */
struct estimate {
	double value; /* 0 when n is 0 */
	double low, high;
	double level; /* the achieved one, ≥ SUMMARY_LEVEL; 0: too few runs, low = high = value */
	unsigned n;   /* process runs */
};

/* Per message; medians over the process runs. */
struct summary_side {
	double cpu_ns, voluntary_switches, involuntary_switches, page_faults;
	int64_t migrations; /* sum over the runs; -1 when not counted */
};

struct summary_population {
	char state[16];
	unsigned n;
	double median_ns;
};

/* A hardware counter, per message, all sides together. */
struct summary_counter {
	char name[32];
	double per_message;
};

/* What the workload reports beside the time ("fairness", "oversold"): the median over the process
 * runs of the median over their repetitions, and the least and greatest of all repetitions. */
struct summary_fact {
	char name[32];
	double value, min, max;
};

enum { SUMMARY_POPULATIONS_MAX = 6, SUMMARY_COUNTERS_MAX = 12, SUMMARY_FACTS_MAX = 16 };

struct summary {
	const struct result_cell *cell;
	char state[16];        /* of the population that the figures are of; "" when not probed */
	struct estimate time;  /* ns per iteration (the cell's unit); of a latency, its median */
	struct estimate rate;  /* messages per second; n = 0 when not recorded */
	struct estimate bytes; /* bytes per second, likewise */
	struct estimate cpu;   /* CPU ns per message, all sides together; n = 0 without sides */
	unsigned repetitions;  /* of all those runs */

	/* Relative spread (robust SD / median): inside a process run (the median of them), and of
	 * the process runs. */
	double spread_within, spread_between;

	/* Two populations that the probe does not explain: never one figure without saying so. */
	bool bimodal;
	unsigned n_low;
	double median_low_ns, median_high_ns;

	/* From the merged histograms; all 0 when count is 0. */
	uint64_t count;
	unsigned batch; /* a sample is the mean of so many operations */
	double p50_ns, p90_ns, p99_ns, p999_ns, min_ns, mean_ns, max_ns;

	unsigned sides;
	struct summary_side side[RESULT_SIDES_MAX];
	double switches_per_message; /* all sides, voluntary and involuntary */
	int64_t migrations;          /* all sides, all runs; -1 when not counted */

	unsigned counter_count; /* 0 where the machine has none */
	struct summary_counter counters[SUMMARY_COUNTERS_MAX];

	unsigned fact_count;
	struct summary_fact facts[SUMMARY_FACTS_MAX];

	unsigned population_count; /* the others */
	struct summary_population populations[SUMMARY_POPULATIONS_MAX];
	unsigned rejected, failures;
};

/* Of a cell that is RESULT_OK and has accepted runs; otherwise all figures are 0 (time.n = 0). */
void summary_of(const struct result_cell *cell, struct summary *ret);

/* The fact of this name, or NULL. */
const struct summary_fact *summary_fact(const struct summary *summary, const char *name);

/* Merges the histograms of the runs that the summary is of; `hist` is reset first. False when
 * there is none. */
bool summary_histogram(const struct summary *summary, struct hist *hist);

/*
 * The ratio b / a of two independent estimates: value, and an interval from the ends of theirs,
 * which holds at level_a + level_b − 1 (Bonferroni) or better. level 0 when one has none.
 */
struct estimate estimate_ratio(const struct estimate *a, const struct estimate *b);

/* Whether the data tell them apart: both have intervals, and these do not meet. */
bool estimate_differs(const struct estimate *a, const struct estimate *b);

/* Writes DIR/summary.json, one entry per cell that has figures, as results_save() does. */
int summary_save(const struct results *results, const char *dir);
