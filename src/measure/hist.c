#include "measure/hist.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/error.h"

static_assert(sizeof(struct hist) < 200 * 1024, "a histogram per side must stay cheap");

void hist_reset(struct hist *hist)
{
	memset(hist, 0, sizeof(*hist));
}

/* The inverse of hist_index(): in the first two halves a bucket is one value wide. */
static struct hist_bucket bucket_of(unsigned index)
{
	unsigned shift = index < 2 * HIST_HALF ? 0 : (index >> HIST_HALF_BITS) - 1;
	int64_t low = (int64_t)(index - (shift << HIST_HALF_BITS)) << shift;

	return (struct hist_bucket){.low_ps = low, .high_ps = low + (INT64_C(1) << shift) - 1};
}

static int64_t middle_of(const struct hist_bucket *bucket)
{
	return bucket->low_ps + (bucket->high_ps - bucket->low_ps) / 2;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	if (!from->total)
		return;
	for (unsigned i = hist_index(hist_min_ps(from)); i <= hist_index(from->max_ps); i++)
		into->counts[i] += from->counts[i];
	into->total += from->total;
	into->sum_ps += from->sum_ps;
	into->above += from->above;
	into->below += from->below;
	if (from->max_ps > into->max_ps)
		into->max_ps = from->max_ps;
	if (from->min_inverted > into->min_inverted)
		into->min_inverted = from->min_inverted;
}

int64_t hist_min_ps(const struct hist *hist)
{
	return hist->total ? INT64_MAX - hist->min_inverted : 0;
}

int64_t hist_max_ps(const struct hist *hist)
{
	return hist->max_ps;
}

double hist_mean_ps(const struct hist *hist)
{
	return hist->total ? (double)hist->sum_ps / (double)hist->total : 0;
}

static int64_t kept_within(const struct hist *hist, int64_t value_ps)
{
	int64_t min = hist_min_ps(hist);

	return value_ps < min ? min : value_ps > hist->max_ps ? hist->max_ps : value_ps;
}

int64_t hist_quantile_ps(const struct hist *hist, double q)
{
	struct hist_bucket bucket;
	uint64_t seen = 0;

	assert(q >= 0 && q <= 1);
	/* The rank 1 … total of the value; 0.9 × 10 must be 9, though it is a little more as a
	 * double. */
	double exact = q * (double)hist->total;
	double rank = ceil(exact * (1 - 4e-16));
	uint64_t wanted = rank < 1 ? 1 : (uint64_t)rank;
	if (wanted <= 1)
		return hist_min_ps(hist);
	if (wanted >= hist->total)
		return hist->max_ps;
	for (unsigned at = 0; hist_next(hist, &at, &bucket);) {
		seen += bucket.count;
		if (seen >= wanted)
			return kept_within(hist, middle_of(&bucket));
	}
	return hist->max_ps;
}

bool hist_next(const struct hist *hist, unsigned *cursor, struct hist_bucket *ret_bucket)
{
	unsigned end = hist->total ? hist_index(hist->max_ps) + 1 : 0;
	unsigned first = hist->total ? hist_index(hist_min_ps(hist)) : 0;

	for (unsigned i = *cursor < first ? first : *cursor; i < end; i++) {
		if (!hist->counts[i])
			continue;
		*ret_bucket = bucket_of(i);
		ret_bucket->count = hist->counts[i];
		*cursor = i + 1;
		return true;
	}
	*cursor = end;
	return false;
}

int hist_add_bucket(struct hist *hist, int64_t low_ps, int64_t high_ps, uint64_t count)
{
	if (low_ps < 0 || low_ps > HIST_VALUE_MAX || !count)
		return fail(-EINVAL, "a histogram has no bucket at %lld ps with %llu values",
			(long long)low_ps, (unsigned long long)count);
	struct hist_bucket bucket = bucket_of(hist_index(low_ps));
	if (bucket.low_ps != low_ps || bucket.high_ps != high_ps)
		return fail(-EINVAL,
			"a histogram has no bucket %lld…%lld ps (the one there is %lld…%lld); was "
			"it written with another resolution?",
			(long long)low_ps, (long long)high_ps, (long long)bucket.low_ps,
			(long long)bucket.high_ps);
	uint64_t sum = hist->sum_ps + (uint64_t)middle_of(&bucket) * count;
	hist_record(hist, low_ps, count);
	if (high_ps > hist->max_ps)
		hist->max_ps = high_ps;
	hist->sum_ps = sum;
	return 0;
}

int hist_restore_exact(struct hist *hist, int64_t min_ps, int64_t max_ps, double mean_ps)
{
	bool fits = hist->total && min_ps >= 0 && max_ps <= HIST_VALUE_MAX && min_ps <= max_ps &&
		    hist_index(min_ps) == hist_index(hist_min_ps(hist)) &&
		    hist_index(max_ps) == hist_index(hist->max_ps) && mean_ps >= (double)min_ps &&
		    mean_ps <= (double)max_ps;

	if (!fits)
		return fail(-EINVAL,
			"min %lld, max %lld, mean %.17g ps do not belong to this histogram of %llu "
			"values from %lld to %lld ps",
			(long long)min_ps, (long long)max_ps, mean_ps,
			(unsigned long long)hist->total, (long long)hist_min_ps(hist),
			(long long)hist->max_ps);
	hist->min_inverted = INT64_MAX - min_ps;
	hist->max_ps = max_ps;
	hist->sum_ps = (uint64_t)(mean_ps * (double)hist->total + 0.5);
	return 0;
}

/* Of the buckets' middles, as HdrHistogram computes it. */
static double deviation_ps(const struct hist *hist)
{
	struct hist_bucket bucket;
	double mean = hist_mean_ps(hist), squares = 0;

	for (unsigned at = 0; hist_next(hist, &at, &bucket);) {
		double distance = (double)kept_within(hist, middle_of(&bucket)) - mean;
		squares += distance * distance * (double)bucket.count;
	}
	return hist->total ? sqrt(squares / (double)hist->total) : 0;
}

static void write_line(FILE *out, double value, double share, uint64_t seen)
{
	fprintf(out, "%12.3f %2.12f %10llu", value, share, (unsigned long long)seen);
	if (share < 1)
		fprintf(out, " %14.2f", 1 / (1 - share));
	fputc('\n', out);
}

/*
 * The percentile iterator of HdrHistogram's outputPercentileDistribution(): `ticks` steps in each
 * halving of what is left to 100 %, so that the tail is as finely drawn as the body.
 */
static void write_percentiles(const struct hist *hist, FILE *out, double unit, unsigned ticks)
{
	struct hist_bucket bucket;
	double total = (double)hist->total, level = 0;
	uint64_t seen = 0;

	for (unsigned at = 0; hist_next(hist, &at, &bucket);) {
		double value = (double)kept_within(hist, middle_of(&bucket)) / unit;
		seen += bucket.count;
		double share = (double)seen / total;
		while (share >= level) {
			write_line(out, value, level, seen);
			if (seen == hist->total)
				break;
			double halvings = floor(log2(1 / (1 - level))) + 1;
			level += 1 / (ticks * exp2(halvings));
		}
	}
	if (hist->total)
		write_line(out, (double)hist->max_ps / unit, 1, hist->total);
}

int hist_write_hgrm(const struct hist *hist, FILE *out, int64_t unit_ps, unsigned ticks)
{
	double unit = (double)unit_ps;

	assert(unit_ps > 0 && ticks > 0);
	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	write_percentiles(hist, out, unit, ticks);
	fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", hist_mean_ps(hist) / unit,
		deviation_ps(hist) / unit);
	fprintf(out, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)hist->max_ps / unit,
		(unsigned long long)hist->total);
	fprintf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", HIST_VALUE_BITS - HIST_HALF_BITS,
		2 * HIST_HALF);
	if (ferror(out))
		return fail(-EIO,
			"cannot write the histogram: the stream has an error; is the disk "
			"full?");
	return 0;
}
