#pragma once
/*
 * Robust statistics of small samples. Pure: no state, no allocation, no error but a wrong argument
 * (asserted). Samples are finite doubles; those named `sorted` must be ascending (stats_sort).
 * The unit of a result is that of the sample unless it says otherwise.
 */
#include <stdbool.h>
#include <stddef.h>

/* A normal distribution's standard deviation in units of its MAD: 1 / Φ⁻¹(3/4). */
#define STATS_MAD_TO_SD 1.482602218505602

void stats_sort(double *values, size_t n);

double stats_mean(const double *values, size_t n);

/* The (n - 1) standard deviation; 0 when n < 2. Not robust: for comparison with other tools. */
double stats_sd(const double *values, size_t n);

/* exp of the mean of the logs; every value must be positive. */
double stats_geometric_mean(const double *values, size_t n);

/*
 * Quantile of type 7 (Hyndman & Fan 1996; the default of R and numpy): linear between the order
 * statistics around (n - 1) q. n ≥ 1, 0 ≤ q ≤ 1.
 */
double stats_quantile(const double *sorted, size_t n, double q);

/* = stats_quantile(sorted, n, 0.5) */
double stats_median(const double *sorted, size_t n);

/* Median of the absolute deviations from the median, raw; times STATS_MAD_TO_SD is a robust SD. */
double stats_mad(const double *sorted, size_t n);
double stats_robust_sd(const double *sorted, size_t n);

/*
 * Hodges–Lehmann estimate of location: the median of the n(n+1)/2 means of two values (i ≤ j).
 * Of shift: the median of the differences b_j - a_i. Exact (of an even number of pairs, the mean
 * of the middle two), O(n) per bit of the answer.
 */
double stats_hodges_lehmann(const double *sorted, size_t n);
double stats_shift(const double *sorted_a, size_t n_a, const double *sorted_b, size_t n_b);

/* P(Bin(n, ½) ≤ k), 0 for k < 0; relative error below 1e-9 for n ≤ 100000. */
double stats_binomial_half(long k, size_t n);

/*
 * The exact confidence interval of a median by order statistics (sign test inverted): from the
 * k-th smallest to the k-th largest value, sorted[k - 1] … sorted[n - k], for the largest k whose
 * level is at least the wanted one. No assumption on the distribution but independence.
 *
 * Returns k and writes the level that it really has; 0 when n is too small for any (and then
 * nothing is written). 0 < level < 1.
 */
size_t stats_median_interval(size_t n, double level, double *ret_level);

/* The smallest n for which stats_median_interval(n, level) exists: 6 for 95 %, 8 for 99 %. */
size_t stats_median_interval_n_min(double level);

/* Two-sided p of the sign test, exact: `positive` of n differences, the zeros dropped before. */
double stats_sign_test(size_t positive, size_t n);

/* The standard normal distribution's quantile, 0 < p < 1 (Wichura 1988, AS 241; 1e-15). */
double stats_normal_quantile(double p);

/*
 * Two populations in one sample: the widest gap between neighbours on the log scale that leaves
 * at least a tenth of the values, and at least two, on each side, if it is wider than `gap_min`
 * (STATS_GAP_MIN: a factor of 1.16). Values must be positive. A lone outlier is not a population.
 */
#define STATS_GAP_MIN 0.15

struct stats_modes {
	bool bimodal;
	size_t n_low;                   /* values below the gap; n when not bimodal */
	double gap;                     /* ln(first above / last below); 0 when not bimodal */
	double median_low, median_high; /* both the median when not bimodal */
};

struct stats_modes stats_modes(const double *sorted, size_t n, double gap_min);
