#include "measure/stats.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

void stats_sort(double *values, size_t n)
{
	if (n > 1)
		qsort(values, n, sizeof(*values), compare);
}

double stats_mean(const double *values, size_t n)
{
	double sum = 0;

	assert(n > 0);
	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return sum / (double)n;
}

double stats_sd(const double *values, size_t n)
{
	double squares = 0;

	if (n < 2)
		return 0;
	double mean = stats_mean(values, n);
	for (size_t i = 0; i < n; i++)
		squares += (values[i] - mean) * (values[i] - mean);
	return sqrt(squares / (double)(n - 1));
}

double stats_geometric_mean(const double *values, size_t n)
{
	double sum = 0;

	assert(n > 0);
	for (size_t i = 0; i < n; i++) {
		assert(values[i] > 0);
		sum += log(values[i]);
	}
	return exp(sum / (double)n);
}

double stats_quantile(const double *sorted, size_t n, double q)
{
	assert(n > 0 && q >= 0 && q <= 1);
	double place = (double)(n - 1) * q;
	size_t below = (size_t)place;
	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

double stats_median(const double *sorted, size_t n)
{
	return stats_quantile(sorted, n, 0.5);
}

/*
 * The deviations, sorted, without a copy: those below the median grow downwards and those above
 * grow upwards, so merging the two yields them in order.
 */
double stats_mad(const double *sorted, size_t n)
{
	double median = stats_median(sorted, n), previous = 0, current = 0;
	size_t up = 0;

	while (up < n && sorted[up] < median)
		up++;
	size_t down = up;
	for (size_t taken = 0; taken <= n / 2; taken++) {
		previous = current;
		if (up == n || (down > 0 && median - sorted[down - 1] <= sorted[up] - median))
			current = median - sorted[--down];
		else
			current = sorted[up++] - median;
	}
	return n % 2 ? current : (previous + current) / 2;
}

double stats_robust_sd(const double *sorted, size_t n)
{
	return STATS_MAD_TO_SD * stats_mad(sorted, n);
}

struct stats_modes stats_modes(const double *sorted, size_t n, double gap_min)
{
	double median = n ? stats_median(sorted, n) : 0;
	struct stats_modes modes = {.n_low = n, .median_low = median, .median_high = median};
	size_t part = (n + 9) / 10;

	assert(n == 0 || sorted[0] > 0);
	if (part < 2)
		part = 2;
	for (size_t i = part; i + part <= n; i++) {
		double gap = log(sorted[i] / sorted[i - 1]);
		if (gap <= gap_min || gap <= modes.gap)
			continue;
		modes.bimodal = true;
		modes.gap = gap;
		modes.n_low = i;
	}
	if (modes.bimodal) {
		modes.median_low = stats_median(sorted, modes.n_low);
		modes.median_high = stats_median(sorted + modes.n_low, n - modes.n_low);
	}
	return modes;
}
