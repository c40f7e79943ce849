#include "../../cmocka_prelude.h"
#include "measure/cycles.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

static void describes_itself(void **state)
{
	const struct cycles_info *info = cycles_info();

	(void)state;
	assert_non_null(info->source);
	assert_true((info->reason != NULL) == (strcmp(info->source, "clock_gettime") == 0));
	assert_true(cycles_state.counter == !info->reason);
	assert_true(info->frequency_hz >= 1e6 && info->frequency_hz <= 1e10);
	assert_true(info->frequency_error >= 0 && info->frequency_error < 0.01);
	assert_true(info->read_ns > 0 && info->read_ns < 10000);
	assert_true(info->resolution_ns > 0 && info->resolution_ns < 1e6);
}

/* The clock must lie within the counter's reading, widened by the stated error and by the two
 * clock reads at the ends, however long the scheduler keeps us away between. */
static void agrees_with_the_clock(void **state)
{
	const struct cycles_info *info = cycles_info();

	(void)state;
	uint64_t outer_start = cycles_now_ordered();
	int64_t start = clock_ns();
	uint64_t inner_start = cycles_now_ordered();
	while (clock_ns() - start < 5 * NS_PER_MS)
		;
	uint64_t inner_end = cycles_now_ordered();
	int64_t end = clock_ns();
	uint64_t outer_end = cycles_now_ordered();

	double clock = (double)(end - start);
	/* 20 ppm beside it: NTP may slew the clock anew. */
	double slack = clock * (info->frequency_error + 20e-6);
	assert_true(cycles_to_ns(inner_end - inner_start) <= clock + slack);
	assert_true(cycles_to_ns(outer_end - outer_start) >= clock - slack);
}

static void converts_long_times(void **state)
{
	double day_ns = 86400e9;
	uint64_t ticks = (uint64_t)(cycles_info()->frequency_hz * 86400);

	(void)state;
	assert_true(fabs(cycles_to_ns(ticks * 100) / (100 * day_ns) - 1) < 1e-6);
	assert_int_equal(cycles_to_ps(0), 0);
}

static void init_again_changes_nothing(void **state)
{
	uint64_t before = cycles_state.ps_per_tick_q32;

	(void)state;
	cycles_init();
	assert_int_equal(cycles_state.ps_per_tick_q32, before);
}

static void without_a_counter_it_is_the_clock(void **state)
{
	struct cycles_state saved = cycles_state;

	(void)state;
	cycles_state = (struct cycles_state){.ps_per_tick_q32 = UINT64_C(1000) << 32};
	int64_t before = clock_ns();
	uint64_t now = cycles_now();
	assert_true(now >= (uint64_t)before && now <= (uint64_t)clock_ns());
	assert_int_equal(cycles_to_ps(5), 5000);
	cycles_state = saved;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_itself),
		cmocka_unit_test(agrees_with_the_clock),
		cmocka_unit_test(converts_long_times),
		cmocka_unit_test(init_again_changes_nothing),
		cmocka_unit_test(without_a_counter_it_is_the_clock),
	};
	cycles_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
