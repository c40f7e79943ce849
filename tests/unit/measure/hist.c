#include "../../cmocka_prelude.h"
#include "measure/hist.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct hist hist, other;

static int empty(void **state)
{
	(void)state;
	hist_reset(&hist);
	hist_reset(&other);
	return 0;
}

static void is_empty_when_zeroed(void **state)
{
	struct hist_bucket bucket;
	unsigned at = 0;

	(void)state;
	assert_int_equal(hist_min_ps(&hist), 0);
	assert_int_equal(hist_max_ps(&hist), 0);
	assert_int_equal(hist_quantile_ps(&hist, 0.5), 0);
	assert_true(hist_mean_ps(&hist) == 0);
	assert_false(hist_next(&hist, &at, &bucket));
}

/* Every bucket holds the values that it says, and the next one begins where it ends. */
static void buckets_tile_the_range(void **state)
{
	int64_t next = 0;

	(void)state;
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		struct hist_bucket bucket;
		unsigned at = 0;
		assert_int_equal(hist_index(next), i);
		hist_reset(&hist);
		hist_record(&hist, next, 1);
		assert_true(hist_next(&hist, &at, &bucket));
		assert_int_equal(bucket.low_ps, next);
		assert_int_equal(hist_index(bucket.high_ps), i);
		double width = (double)(bucket.high_ps - bucket.low_ps);
		assert_true(width / 2 <= (double)bucket.low_ps * HIST_RELATIVE_ERROR);
		next = bucket.high_ps + 1;
	}
	assert_int_equal(next, HIST_VALUE_MAX + 1);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Against the order statistics of the values themselves, over ten orders of magnitude. */
static void quantiles_are_within_their_bound(void **state)
{
	enum { N = 20000 };
	static int64_t values[N];
	static const double shares[] = {0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
	double sum = 0;

	(void)state;
	srand48(7);
	for (int i = 0; i < N; i++) {
		values[i] = (int64_t)exp(log(1e2) + drand48() * log(1e10));
		hist_record(&hist, values[i], 1);
		sum += (double)values[i];
	}
	qsort(values, N, sizeof(values[0]), compare);
	for (unsigned i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		int rank = (int)ceil(shares[i] * N);
		double exact = (double)values[rank > 0 ? rank - 1 : 0];
		double got = (double)hist_quantile_ps(&hist, shares[i]);
		assert_true(fabs(got - exact) <= exact * HIST_RELATIVE_ERROR + 0.5);
	}
	assert_int_equal(hist_quantile_ps(&hist, 0), values[0]);
	assert_int_equal(hist_quantile_ps(&hist, 1), values[N - 1]);
	assert_int_equal(hist_min_ps(&hist), values[0]);
	assert_int_equal(hist_max_ps(&hist), values[N - 1]);
	assert_true(fabs(hist_mean_ps(&hist) - sum / N) < sum / N * 1e-12);
}

/* 0.9 × 10 is a little more than 9 as a double, and must not become the tenth value. */
static void ranks_do_not_suffer_from_rounding(void **state)
{
	(void)state;
	for (int64_t value = 1; value <= 1000; value++)
		hist_record(&hist, value, 1);
	for (int percent = 1; percent <= 100; percent++)
		assert_int_equal(hist_quantile_ps(&hist, percent / 100.0), percent * 10);
}

static void values_out_of_range_are_counted(void **state)
{
	(void)state;
	hist_record(&hist, -5, 2);
	hist_record(&hist, HIST_VALUE_MAX + 1, 3);
	hist_record_ns(&hist, INT64_MAX, 1);
	hist_record_ns(&hist, INT64_MIN, 1);
	assert_int_equal(hist.below, 3);
	assert_int_equal(hist.above, 4);
	assert_int_equal(hist.total, 7);
	assert_int_equal(hist_min_ps(&hist), 0);
	assert_int_equal(hist_max_ps(&hist), HIST_VALUE_MAX);
	assert_true(HIST_VALUE_MAX >= INT64_C(100) * 1000000000000);
}

static void merging_is_recording_all(void **state)
{
	struct hist *all = calloc(1, sizeof(*all));

	(void)state;
	assert_non_null(all);
	for (int64_t i = 1; i < 4000; i++) {
		hist_record(i % 3 ? &hist : &other, i * i * i, (uint64_t)i);
		hist_record(all, i * i * i, (uint64_t)i);
	}
	hist_record(&other, -1, 2);
	hist_record(all, -1, 2);
	hist_record(&other, INT64_MAX, 3);
	hist_record(all, INT64_MAX, 3);
	hist_merge(&hist, &other);
	assert_memory_equal(&hist, all, sizeof(*all));
	hist_reset(&other);
	hist_merge(&hist, &other);
	assert_memory_equal(&hist, all, sizeof(*all));
	hist_merge(&other, &hist);
	assert_memory_equal(&other, all, sizeof(*all));
	free(all);
}

static void buckets_rebuild_it(void **state)
{
	struct hist_bucket bucket;

	(void)state;
	for (int64_t i = 1; i < 3000; i++)
		hist_record(&hist, i * i + 12345, 3);
	for (unsigned at = 0; hist_next(&hist, &at, &bucket);)
		assert_int_equal(
			hist_add_bucket(&other, bucket.low_ps, bucket.high_ps, bucket.count), 0);
	assert_true(fabs(hist_mean_ps(&other) / hist_mean_ps(&hist) - 1) < HIST_RELATIVE_ERROR);
	assert_int_equal(hist_restore_exact(&other, hist_min_ps(&hist), hist_max_ps(&hist),
				 hist_mean_ps(&hist)),
		0);
	assert_memory_equal(&hist, &other, sizeof(hist));
}

static void foreign_buckets_are_refused(void **state)
{
	(void)state;
	assert_int_equal(hist_add_bucket(&hist, 4097, 4104, 1), -EINVAL);
	assert_int_equal(hist_add_bucket(&hist, 4096, 4104, 1), -EINVAL);
	assert_int_equal(hist_add_bucket(&hist, -1, -1, 1), -EINVAL);
	assert_int_equal(hist_add_bucket(&hist, HIST_VALUE_MAX + 1, INT64_MAX, 1), -EINVAL);
	assert_int_equal(hist_add_bucket(&hist, 7, 7, 0), -EINVAL);
	assert_int_equal(hist.total, 0);
	assert_int_equal(hist_restore_exact(&hist, 0, 0, 0), -EINVAL);
	assert_int_equal(hist_add_bucket(&hist, 4096, 4103, 1), 0);
	assert_int_equal(hist_restore_exact(&hist, 4095, 4100, 4098), -EINVAL);
	assert_int_equal(hist_restore_exact(&hist, 4096, 4100, 4101), -EINVAL);
	assert_int_equal(hist_restore_exact(&hist, 4096, 4100, 4098), 0);
}

/* The table of four values, by hand after HdrHistogram's algorithm with one tick a halving. */
static void writes_hgrm(void **state)
{
	static const char wanted[] = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
				     "       1.000 0.000000000000          1           1.00\n"
				     "       2.000 0.500000000000          2           2.00\n"
				     "       3.000 0.750000000000          3           4.00\n"
				     "       4.000 0.875000000000          4           8.00\n"
				     "       4.000 1.000000000000          4\n"
				     "#[Mean    =        2.500, StdDeviation   =        1.118]\n"
				     "#[Max     =        4.000, Total count    =            4]\n"
				     "#[Buckets =           38, SubBuckets     =         1024]\n";
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	for (int64_t i = 1; i <= 4; i++)
		hist_record(&hist, i, 1);
	/* Two ticks would give a line more at 0.25, 0.625 …; one is enough to see the rule. */
	assert_int_equal(hist_write_hgrm(&hist, out, 1, 1), 0);
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

static void a_full_disk_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full)
		skip();
	setvbuf(full, NULL, _IONBF, 0);
	hist_record(&hist, 1000, 1);
	assert_int_equal(hist_write_hgrm(&hist, full, 1000, 5), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_empty_when_zeroed, empty),
		cmocka_unit_test_setup(buckets_tile_the_range, empty),
		cmocka_unit_test_setup(quantiles_are_within_their_bound, empty),
		cmocka_unit_test_setup(ranks_do_not_suffer_from_rounding, empty),
		cmocka_unit_test_setup(values_out_of_range_are_counted, empty),
		cmocka_unit_test_setup(merging_is_recording_all, empty),
		cmocka_unit_test_setup(buckets_rebuild_it, empty),
		cmocka_unit_test_setup(foreign_buckets_are_refused, empty),
		cmocka_unit_test_setup(writes_hgrm, empty),
		cmocka_unit_test_setup(a_full_disk_is_an_error, empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
