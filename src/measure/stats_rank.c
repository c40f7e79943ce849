/*
 * The exact, distribution-free part of stats.h: what rests on ranks and coin flips.
 *
 * The median of all pairs is found without making the pairs: for a threshold, two pointers count
 * the pairs at or below it in O(n), and the threshold is bisected over the bits of a double, which
 * order as the numbers do once negative ones are turned over. So it ends at the very value.
 */
#include "measure/stats.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static uint64_t key_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(uint64_t key)
{
	uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

struct pairs {
	const double *a, *b; /* b is NULL for the means of pairs of a */
	size_t n_a, n_b;
};

/* Pairs i ≤ j whose mean is at most `limit`: as i falls, the first j that is too large rises. */
static uint64_t means_up_to(const struct pairs *pairs, double limit)
{
	uint64_t count = 0;
	size_t j = 0;

	for (size_t i = pairs->n_a; i-- > 0;) {
		while (j < pairs->n_a && (pairs->a[i] + pairs->a[j]) / 2 <= limit)
			j++;
		/* a[0] … a[j-1] go with a[i]; those past i are counted from the other side. */
		count += j <= i ? j : i + 1;
	}
	return count;
}

static uint64_t differences_up_to(const struct pairs *pairs, double limit)
{
	uint64_t count = 0;
	size_t j = 0;

	for (size_t i = 0; i < pairs->n_a; i++) {
		while (j < pairs->n_b && pairs->b[j] - pairs->a[i] <= limit)
			j++;
		count += j;
	}
	return count;
}

static double pair_at_rank(const struct pairs *pairs, uint64_t rank)
{
	uint64_t low = key_of(-INFINITY), high = key_of(INFINITY);

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		double limit = value_of(middle);
		uint64_t count =
			pairs->b ? differences_up_to(pairs, limit) : means_up_to(pairs, limit);
		if (count >= rank)
			high = middle;
		else
			low = middle + 1;
	}
	return value_of(low);
}

static double pair_median(const struct pairs *pairs, uint64_t count)
{
	double upper = pair_at_rank(pairs, count / 2 + 1);

	return count % 2 ? upper : (pair_at_rank(pairs, count / 2) + upper) / 2;
}

double stats_hodges_lehmann(const double *sorted, size_t n)
{
	struct pairs pairs = {.a = sorted, .n_a = n};

	assert(n > 0);
	return pair_median(&pairs, (uint64_t)n * (n + 1) / 2);
}

double stats_shift(const double *sorted_a, size_t n_a, const double *sorted_b, size_t n_b)
{
	struct pairs pairs = {.a = sorted_a, .b = sorted_b, .n_a = n_a, .n_b = n_b};

	assert(n_a > 0 && n_b > 0);
	return pair_median(&pairs, (uint64_t)n_a * n_b);
}

/*
 * The terms fall from the middle outwards, so they are summed from the largest of the tail down
 * until they no longer count; the first one comes from lgamma, for 2^-n underflows above n = 1074.
 */
double stats_binomial_half(long k, size_t n)
{
	int sign;

	if (k < 0)
		return 0;
	if ((size_t)k >= n)
		return 1;
	if ((size_t)k > (n - 1) / 2)
		return 1 - stats_binomial_half((long)n - 1 - k, n);
	double size = (double)n, at = (double)k;
	double term = exp(lgamma_r(size + 1, &sign) - lgamma_r(at + 1, &sign) -
			  lgamma_r(size - at + 1, &sign) - size * log(2));
	double sum = 0;
	for (double i = at; i >= 0 && term > sum * 1e-18; i--) {
		sum += term;
		term *= i / (size - i + 1);
	}
	return sum;
}

size_t stats_median_interval(size_t n, double level, double *ret_level)
{
	/* 1 - 0.95 is a little more than 0.05: an exact level must not be lost to that. */
	double tail = (1 - level) / 2 * (1 + 1e-12);
	size_t low = 0, high = n / 2 + 1;

	assert(level > 0 && level < 1);
	/* The largest k whose tail P(Bin ≤ k - 1) still fits: `low` always fits, `high` never. */
	while (high - low > 1) {
		size_t k = low + (high - low) / 2;
		if (stats_binomial_half((long)k - 1, n) <= tail)
			low = k;
		else
			high = k;
	}
	if (low > 0)
		*ret_level = 1 - 2 * stats_binomial_half((long)low - 1, n);
	return low;
}

size_t stats_median_interval_n_min(double level)
{
	double reached;
	size_t n = 1;

	while (!stats_median_interval(n, level, &reached))
		n++;
	return n;
}

double stats_sign_test(size_t positive, size_t n)
{
	assert(positive <= n);
	size_t fewer = positive < n - positive ? positive : n - positive;
	double p = 2 * stats_binomial_half((long)fewer, n);
	return p < 1 ? p : 1;
}

static double polynomial(const double c[8], double x)
{
	double sum = c[7];

	for (int i = 6; i >= 0; i--)
		sum = sum * x + c[i];
	return sum;
}

/* Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988), 477-484. */
double stats_normal_quantile(double p)
{
	static const double a[8] = {3.3871328727963666080e0, 1.3314166789178437745e+2,
		1.9715909503065514427e+3, 1.3731693765509461125e+4, 4.5921953931549871457e+4,
		6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3};
	static const double b[8] = {1, 4.2313330701600911252e+1, 6.8718700749205790830e+2,
		5.3941960214247511077e+3, 2.1213794301586595867e+4, 3.9307895800092710610e+4,
		2.8729085735721942674e+4, 5.2264952788528545610e+3};
	static const double c[8] = {1.42343711074968357734e0, 4.63033784615654529590e0,
		5.76949722146069140550e0, 3.64784832476320460504e0, 1.27045825245236838258e0,
		2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
	static const double d[8] = {1, 2.05319162663775882187e0, 1.67638483018380384940e0,
		6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
		5.47593808499534494600e-4, 1.05075007164441684324e-9};
	static const double e[8] = {6.65790464350110377720e0, 5.46378491116411436990e0,
		1.78482653991729133580e0, 2.96560571828504891230e-1, 2.65321895265761230930e-2,
		1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
	static const double f[8] = {1, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
		1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
		1.42151175831644588870e-7, 2.04426310338993978564e-15};

	assert(p > 0 && p < 1);
	double q = p - 0.5;
	if (fabs(q) <= 0.425) {
		double r = 0.180625 - q * q;
		return q * polynomial(a, r) / polynomial(b, r);
	}
	double r = sqrt(-log(q < 0 ? p : 1 - p));
	double z = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
			  : polynomial(e, r - 5) / polynomial(f, r - 5);
	return q < 0 ? -z : z;
}
