/*
 * The wanted figures come from Python's statistics, math.comb and fractions, which share nothing
 * with the code under test; the expression stands beside each.
 */
#include "../../cmocka_prelude.h"
#include "measure/stats.h"

#include <math.h>
#include <stdlib.h>

static const double x[] = {-1.7, 0.2, 0.9, 2.2, 2.2, 3.1, 4.4, 5.5, 7.3, 9.6};
static const double y[] = {-3.2, 1.0, 2.2, 4.1, 6.5, 8.8, 12.0};
enum { X = 10, Y = 7 };

static void assert_near(double got, double wanted, double relative)
{
	if (fabs(got - wanted) > fabs(wanted) * relative)
		flunk("%.17g is not %.17g", got, wanted);
}

static void describes_a_sample(void **state)
{
	static const double powers[] = {1, 2, 4, 8, 7.5};

	(void)state;
	/* quantiles(x, n=4, method='inclusive'), and n=20 for 0.95 */
	assert_near(stats_quantile(x, X, 0.25), 1.225, 1e-14);
	assert_near(stats_quantile(x, X, 0.75), 5.225, 1e-14);
	assert_near(stats_quantile(x, X, 0.95), 8.565, 1e-14);
	assert_true(stats_quantile(x, X, 0) == -1.7 && stats_quantile(x, X, 1) == 9.6);
	assert_near(stats_median(x, X), 2.65, 1e-14);
	assert_near(stats_mean(x, X), 3.37, 1e-14);
	assert_near(stats_sd(x, X), 3.407850414035869, 1e-14);
	/* median(abs(v - median(x)) for v in x) */
	assert_near(stats_mad(x, X), 2.1, 1e-14);
	assert_near(stats_robust_sd(x, X), 2.1 / 0.6744897501960817, 1e-14);
	assert_near(stats_geometric_mean(powers, 5), 3.4375438551749578, 1e-14);
}

static void accepts_samples_of_one(void **state)
{
	const double one[] = {42};

	(void)state;
	assert_true(stats_median(one, 1) == 42);
	assert_true(stats_quantile(one, 1, 0.99) == 42);
	assert_true(stats_mad(one, 1) == 0);
	assert_true(stats_sd(one, 1) == 0);
	assert_true(stats_hodges_lehmann(one, 1) == 42);
}

static void sorts(void **state)
{
	double values[] = {3, -1, 2, -1, 0};

	(void)state;
	stats_sort(values, 5);
	for (int i = 1; i < 5; i++)
		assert_true(values[i - 1] <= values[i]);
}

/* median(x[i] + x[j]) / 2 for i <= j; median(b - a) */
static void estimates_by_pairs(void **state)
{
	(void)state;
	assert_near(stats_hodges_lehmann(x, X), 3.2, 1e-14);
	assert_near(stats_shift(x, X, y, Y), 1.15, 1e-14);
	assert_near(stats_shift(y, Y, x, X), -1.15, 1e-14);
}

/* The same by making and sorting all the pairs, for samples with ties and of both signs. */
static void pairs_agree_with_brute_force(void **state)
{
	double a[25], b[25], pairs[25 * 26];

	(void)state;
	srand48(3);
	for (unsigned round = 0; round < 300; round++) {
		unsigned n_a = 1 + round % 25, n_b = 1 + round * 7 % 25;
		unsigned means = 0, differences = 0;
		for (unsigned i = 0; i < 25; i++) {
			a[i] = round % 2 ? floor(drand48() * 9) - 4 : drand48() * 2 - 1;
			b[i] = round % 2 ? floor(drand48() * 9) - 4 : drand48() * 2 - 1;
		}
		stats_sort(a, n_a);
		stats_sort(b, n_b);
		for (unsigned i = 0; i < n_a; i++)
			for (unsigned j = i; j < n_a; j++)
				pairs[means++] = (a[i] + a[j]) / 2;
		stats_sort(pairs, means);
		double wanted = (pairs[(means - 1) / 2] + pairs[means / 2]) / 2;
		assert_true(stats_hodges_lehmann(a, n_a) == wanted);
		for (unsigned i = 0; i < n_a; i++)
			for (unsigned j = 0; j < n_b; j++)
				pairs[differences++] = b[j] - a[i];
		stats_sort(pairs, differences);
		wanted = (pairs[(differences - 1) / 2] + pairs[differences / 2]) / 2;
		assert_true(stats_shift(a, n_a, b, n_b) == wanted);
		double median = stats_median(a, n_a);
		for (unsigned i = 0; i < n_a; i++)
			pairs[i] = fabs(a[i] - median);
		stats_sort(pairs, n_a);
		assert_near(stats_mad(a, n_a), stats_median(pairs, n_a), 1e-14);
	}
}

/* float(Fraction(sum(comb(n, i) for i in range(k + 1)), 2**n)) */
static void binomial_tails_are_exact(void **state)
{
	(void)state;
	assert_near(stats_binomial_half(10, 40), 0.0011107168866146822, 1e-12);
	assert_near(stats_binomial_half(3, 20), 0.0012884140014648438, 1e-12);
	assert_near(stats_binomial_half(470, 1000), 0.03101159754918159, 1e-11);
	assert_near(stats_binomial_half(1400, 3000), 0.00013928198051961686, 1e-10);
	assert_near(stats_binomial_half(29, 40), 1 - 0.0011107168866146822, 1e-12);
	assert_true(stats_binomial_half(-1, 5) == 0);
	assert_true(stats_binomial_half(5, 5) == 1);
	assert_near(stats_binomial_half(0, 5), 1.0 / 32, 1e-12);
	assert_near(stats_binomial_half(2, 5), 0.5, 1e-12);
}

/* The largest k with Fraction(2 * sum(comb(n, i) for i in range(k)), 2**n) <= 1 - level, and what
 * is left of 1. */
static void median_intervals_are_exact(void **state)
{
	static const struct {
		size_t n;
		double level;
		size_t k;
		double reached;
	} cases[] = {
		{6, 0.95, 1, 0.96875},
		{8, 0.95, 1, 0.9921875},
		{8, 0.99, 1, 0.9921875},
		{9, 0.95, 2, 0.9609375},
		{20, 0.95, 6, 0.9586105346679688},
		{20, 0.99, 4, 0.9974231719970703},
		{40, 0.95, 14, 0.9615226917157997},
		{100, 0.99, 37, 0.9933628794840739},
		{1000, 0.95, 469, 0.9537088026395019},
		/* A level that is reached exactly. */
		{6, 0.96875, 1, 0.96875},
	};
	double reached = -1;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			stats_median_interval(cases[i].n, cases[i].level, &reached), cases[i].k);
		assert_near(reached, cases[i].reached, 1e-12);
	}
	reached = -1;
	assert_int_equal(stats_median_interval(5, 0.95, &reached), 0);
	assert_int_equal(stats_median_interval(7, 0.99, &reached), 0);
	assert_int_equal(stats_median_interval(1, 0.5, &reached), 0);
	assert_int_equal(stats_median_interval(0, 0.5, &reached), 0);
	assert_true(reached == -1);
	assert_int_equal(stats_median_interval_n_min(0.95), 6);
	assert_int_equal(stats_median_interval_n_min(0.99), 8);
	/* 100 benchmarks under Bonferroni. */
	assert_int_equal(stats_median_interval_n_min(1 - 0.05 / 100), 12);
}

/* What the interval promises, seen: it covers the median of a skewed distribution that often. */
static void intervals_cover_the_median(void **state)
{
	enum { ROUNDS = 4000, N = 20 };
	unsigned covered = 0;
	double level, values[N];

	(void)state;
	srand48(11);
	size_t k = stats_median_interval(N, 0.95, &level);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < N; i++)
			values[i] = -log(1 - drand48());
		stats_sort(values, N);
		covered += values[k - 1] <= log(2) && log(2) <= values[N - k];
	}
	double share = (double)covered / ROUNDS, error = sqrt(level * (1 - level) / ROUNDS);
	assert_true(fabs(share - level) < 4 * error);
}

static void sign_tests_are_exact(void **state)
{
	(void)state;
	assert_near(stats_sign_test(0, 6), 2.0 / 64, 1e-12);
	assert_near(stats_sign_test(6, 6), 2.0 / 64, 1e-12);
	assert_near(stats_sign_test(10, 40), 2 * 0.0011107168866146822, 1e-12);
	assert_true(stats_sign_test(3, 6) == 1);
	assert_true(stats_sign_test(0, 0) == 1);
}

/* NormalDist().inv_cdf(p) */
static void normal_quantiles(void **state)
{
	(void)state;
	assert_near(stats_normal_quantile(0.975), 1.9599639845400536, 1e-12);
	assert_near(stats_normal_quantile(0.01), -2.3263478740408408, 1e-12);
	assert_near(stats_normal_quantile(1e-10), -6.361340902404056, 1e-12);
	assert_near(stats_normal_quantile(1e-15), -7.941345326170997, 1e-12);
	assert_true(stats_normal_quantile(0.5) == 0);
	assert_near(1 / stats_normal_quantile(0.75), STATS_MAD_TO_SD, 1e-12);
}

static void finds_two_modes(void **state)
{
	double values[20];

	(void)state;
	for (int i = 0; i < 20; i++)
		values[i] = i < 6 ? 5.0 + 0.01 * i : 42.0 + 0.1 * i;
	struct stats_modes modes = stats_modes(values, 20, STATS_GAP_MIN);
	assert_true(modes.bimodal);
	assert_int_equal(modes.n_low, 6);
	assert_near(modes.median_low, 5.025, 1e-12);
	assert_near(modes.median_high, 43.25, 1e-12);
	assert_near(modes.gap, log(42.6 / 5.05), 1e-12);
}

static void sees_no_modes_in_one_population(void **state)
{
	double values[40];

	(void)state;
	for (int i = 0; i < 40; i++)
		values[i] = 10 * exp(0.02 * i);
	assert_false(stats_modes(values, 40, STATS_GAP_MIN).bimodal);
	/* Outliers are none: fewer than a tenth, or one of few. */
	values[37] = 1000;
	values[38] = values[39] = 1001;
	assert_false(stats_modes(values, 40, STATS_GAP_MIN).bimodal);
	values[36] = 999;
	assert_true(stats_modes(values, 40, STATS_GAP_MIN).bimodal);
	values[4] = 1000;
	assert_false(stats_modes(values, 5, STATS_GAP_MIN).bimodal);
	assert_int_equal(stats_modes(values, 5, STATS_GAP_MIN).n_low, 5);
	assert_false(stats_modes(values, 0, STATS_GAP_MIN).bimodal);
	assert_false(stats_modes(values, 1, STATS_GAP_MIN).bimodal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_a_sample),
		cmocka_unit_test(accepts_samples_of_one),
		cmocka_unit_test(sorts),
		cmocka_unit_test(estimates_by_pairs),
		cmocka_unit_test(pairs_agree_with_brute_force),
		cmocka_unit_test(binomial_tails_are_exact),
		cmocka_unit_test(median_intervals_are_exact),
		cmocka_unit_test(intervals_cover_the_median),
		cmocka_unit_test(sign_tests_are_exact),
		cmocka_unit_test(normal_quantiles),
		cmocka_unit_test(finds_two_modes),
		cmocka_unit_test(sees_no_modes_in_one_population),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
