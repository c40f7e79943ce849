#pragma once
/*
 * The median of a few values, and the order statistics between which the true one lies with at
 * least 95 %: each value is on either side of it with one half, whatever their distribution. With
 * fewer than six values that cannot be had, and the interval is all there is.
 */

enum { INTERVAL_VALUES_MAX = 300 };

struct interval {
	double low, median, high;
};

/* 1 to INTERVAL_VALUES_MAX values. */
struct interval interval_of(const double *values, unsigned n);
