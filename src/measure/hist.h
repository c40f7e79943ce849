#pragma once
/*
 * Latency histogram: log-linear buckets, as HdrHistogram's, three significant digits.
 *
 * Values are int64_t picoseconds, so that the average of a batch keeps its fractions of a
 * nanosecond; hist_record_ns() takes nanoseconds. 0 … 1023 ps have a bucket each; above, every
 * power of two is cut into 512 buckets of equal width, so that a bucket's middle is within
 * 1/1024 (< 0.1 %) of every value in it. Values of HIST_VALUE_MAX (140 s) and above count in the
 * last bucket and in `above`, negative ones (a clock that stepped back) in the first and in
 * `below`; min, max and sum are exact for all others.
 *
 * The struct has a fixed size, no pointers, and is empty when zeroed; it may live in shared memory.
 * One writer at a time; readers after the writer has finished. Several writers: one each, merged.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HIST_HALF_BITS 9
#define HIST_HALF (1 << HIST_HALF_BITS)
#define HIST_VALUE_BITS 47
#define HIST_VALUE_MAX ((INT64_C(1) << HIST_VALUE_BITS) - 1)
#define HIST_BUCKETS ((HIST_VALUE_BITS - HIST_HALF_BITS + 1) * HIST_HALF)
#define HIST_RELATIVE_ERROR (1.0 / (2 * HIST_HALF))

struct hist {
	uint64_t total; /* values recorded */
	uint64_t sum_ps;
	int64_t max_ps;       /* 0 when empty */
	int64_t min_inverted; /* INT64_MAX - min: zeroed memory is an empty histogram */
	uint64_t above, below;
	uint64_t counts[HIST_BUCKETS];
};

/* One bucket: the values low_ps … high_ps, both included. */
struct hist_bucket {
	int64_t low_ps, high_ps;
	uint64_t count;
};

void hist_reset(struct hist *hist);

/* For 0 … HIST_VALUE_MAX. */
static inline unsigned hist_index(int64_t value_ps)
{
	unsigned shift = 63 - HIST_HALF_BITS - __builtin_clzll((uint64_t)value_ps | HIST_HALF);
	return (shift << HIST_HALF_BITS) + (unsigned)((uint64_t)value_ps >> shift);
}

/* Counts `count` values of value_ps; constant time, no call. */
static inline void hist_record(struct hist *hist, int64_t value_ps, uint64_t count)
{
	if (__builtin_expect((uint64_t)value_ps > HIST_VALUE_MAX, 0)) {
		*(value_ps < 0 ? &hist->below : &hist->above) += count;
		value_ps = value_ps < 0 ? 0 : HIST_VALUE_MAX;
	}
	hist->counts[hist_index(value_ps)] += count;
	hist->total += count;
	hist->sum_ps += (uint64_t)value_ps * count;
	if (value_ps > hist->max_ps)
		hist->max_ps = value_ps;
	if (INT64_MAX - value_ps > hist->min_inverted)
		hist->min_inverted = INT64_MAX - value_ps;
}

static inline void hist_record_ns(struct hist *hist, int64_t value_ns, uint64_t count)
{
	int64_t value_ps;
	if (__builtin_mul_overflow(value_ns, 1000, &value_ps))
		value_ps = value_ns < 0 ? -1 : INT64_MAX;
	hist_record(hist, value_ps, count);
}

void hist_merge(struct hist *into, const struct hist *from);

/* 0 when empty. */
int64_t hist_min_ps(const struct hist *hist);
int64_t hist_max_ps(const struct hist *hist);
double hist_mean_ps(const struct hist *hist);

/*
 * The smallest value that at least the share q (0 … 1) of the values do not exceed, as the middle
 * of its bucket, kept within min … max: within HIST_RELATIVE_ERROR of the exact order statistic,
 * and exact for q = 0 and q = 1. 0 when empty.
 */
int64_t hist_quantile_ps(const struct hist *hist, double q);

/*
 * Walks the buckets that are not empty, upwards: start with *cursor = 0; false at the end.
 *	for (unsigned at = 0; hist_next(hist, &at, &bucket);)
 */
bool hist_next(const struct hist *hist, unsigned *cursor, struct hist_bucket *ret_bucket);

/*
 * Rebuilds what hist_next() gave: adds the count to the bucket of exactly these bounds, -EINVAL
 * if there is no such bucket. min, max and sum then come from the bounds and the middle; who has
 * kept the exact ones restores them with hist_restore_exact().
 */
int hist_add_bucket(struct hist *hist, int64_t low_ps, int64_t high_ps, uint64_t count);

/* -EINVAL when min or max is not in the first or last bucket, or the mean not between them. */
int hist_restore_exact(struct hist *hist, int64_t min_ps, int64_t max_ps, double mean_ps);

/*
 * Writes the percentile table that HdrHistogram tools plot (.hgrm): values in units of unit_ps
 * (1000 = ns, 1000000 = µs), `ticks` lines per halving of the distance to 100 % (5 is usual).
 * A negative errno when the stream has an error.
 */
int hist_write_hgrm(const struct hist *hist, FILE *out, int64_t unit_ps, unsigned ticks);
