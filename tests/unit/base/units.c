/* Sizes and durations: what is written is read back; what is no size is refused. */
#include <errno.h>
#include <string.h>

#include "../../cmocka_prelude.h"
#include "base/error.h"
#include "base/units.h"

static void test_sizes_round_trip(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} sizes[] = {{"1B", 1}, {"64B", 64}, {"1KiB", 1024}, {"1025B", 1025}, {"4MiB", 4u << 20},
		{"3GiB", (size_t)3 << 30}, {"0B", 0}};
	char text[UNITS_TEXT_MAX];
	size_t bytes;
	(void)state;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(size_parse(sizes[i].text, &bytes), 0);
		assert_int_equal(bytes, sizes[i].bytes);
		assert_string_equal(size_format(text, bytes), sizes[i].text);
	}
	assert_int_equal(size_parse("100", &bytes), 0);
	assert_int_equal(bytes, 100);
}

static void test_durations_round_trip(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} durations[] = {{"1ns", 1}, {"1500us", 1500000}, {"10us", 10000}, {"1ms", 1000000},
		{"2s", 2000000000}};
	char text[UNITS_TEXT_MAX];
	int64_t ns;
	(void)state;

	for (unsigned i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		assert_int_equal(duration_parse(durations[i].text, &ns), 0);
		assert_int_equal(ns, durations[i].ns);
		assert_string_equal(duration_format(text, ns), durations[i].text);
	}
}

static void test_what_is_no_size(void **state)
{
	static const char *const texts[] = {"", "B", "-1B", "+1B", " 1B", "1 B", "1KB", "1kib",
		"1.5KiB", "18446744073709551616", "9999999999999GiB", "0x10B"};
	size_t bytes = 4711;
	int64_t ns = 4711;
	(void)state;

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(size_parse(texts[i], &bytes), -EINVAL);
		assert_non_null(strstr(error_message(-EINVAL), texts[i]));
		assert_int_equal(duration_parse(texts[i], &ns), -EINVAL);
	}
	assert_int_equal(bytes, 4711);
	assert_int_equal(ns, 4711);
}

static void test_for_people(void **state)
{
	char text[UNITS_TEXT_MAX];
	(void)state;

	assert_string_equal(time_human(text, 5.123), "5.12 ns");
	assert_string_equal(time_human(text, 999.4), "999 ns");
	assert_string_equal(time_human(text, 999.6), "1.00 µs");
	assert_string_equal(time_human(text, 41200), "41.2 µs");
	assert_string_equal(time_human(text, 3e9), "3.00 s");
	assert_string_equal(rate_human(text, 1.42e6), "1.42 M/s");
	assert_string_equal(bandwidth_human(text, 8.64e9), "8.64 GB/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_round_trip),
		cmocka_unit_test(test_durations_round_trip),
		cmocka_unit_test(test_what_is_no_size),
		cmocka_unit_test(test_for_people),
	};
	return cmocka_run_group_tests_name("base/units", tests, NULL, NULL);
}
