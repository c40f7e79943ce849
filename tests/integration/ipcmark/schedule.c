/* The schedule keeps its promises, without a clock and without processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipcmark/random.h"
#include "ipcmark/schedule.h"

enum { CELLS = 50, RUN_NS = 1000000 };

static const struct schedule_options no_budget = {.seed = 42};

static void make(struct schedule *schedule, const struct schedule_options *options, unsigned min,
	unsigned max)
{
	struct schedule_item items[CELLS];

	for (unsigned i = 0; i < CELLS; i++)
		items[i] = (struct schedule_item){
			.rounds_min = min, .rounds_max = max, .estimate_ns = RUN_NS};
	assert_int_equal(schedule_init(schedule, options, items, CELLS), 0);
}

static void test_round_is_permutation(void **state)
{
	struct schedule schedule;
	struct schedule_step step;
	unsigned orders[3][CELLS];

	(void)state;
	make(&schedule, &no_budget, 3, 3);
	for (unsigned round = 0; round < 3; round++) {
		unsigned seen[CELLS] = {0};
		for (unsigned i = 0; i < CELLS; i++) {
			assert_true(schedule_next(&schedule, 0, &step));
			assert_int_equal(step.round, round);
			assert_int_equal(step.attempt, 0);
			assert_in_range(step.padding, 0, 4095);
			seen[step.item]++;
			orders[round][i] = step.item;
			schedule_done(&schedule, 0, RUN_NS, SCHEDULE_GOOD);
		}
		for (unsigned i = 0; i < CELLS; i++)
			assert_int_equal(seen[i], 1);
	}
	assert_false(schedule_next(&schedule, 0, &step));
	assert_memory_not_equal(orders[0], orders[1], sizeof(orders[0]));
	assert_memory_not_equal(orders[1], orders[2], sizeof(orders[0]));
	assert_int_equal(schedule_rounds_complete(&schedule), 3);
	assert_int_equal(schedule.runs_done, 3 * CELLS);
	schedule_deinit(&schedule);
}

static void test_seed_reproduces(void **state)
{
	struct schedule a, b, c;
	struct schedule_step step_a, step_b, step_c;
	unsigned different = 0;

	(void)state;
	make(&a, &no_budget, 2, 2);
	make(&b, &no_budget, 2, 2);
	make(&c, &(struct schedule_options){.seed = 43}, 2, 2);
	while (schedule_next(&a, 0, &step_a)) {
		assert_true(schedule_next(&b, 0, &step_b));
		assert_true(schedule_next(&c, 0, &step_c));
		assert_memory_equal(&step_a, &step_b, sizeof(step_a));
		different += step_a.item != step_c.item;
		/* Durations do not change the order. */
		schedule_done(&a, 0, RUN_NS, SCHEDULE_GOOD);
		schedule_done(&b, 0, 7 * RUN_NS, SCHEDULE_GOOD);
		schedule_done(&c, 0, RUN_NS, SCHEDULE_GOOD);
	}
	assert_true(different > CELLS);
	schedule_deinit(&a);
	schedule_deinit(&b);
	schedule_deinit(&c);
}

/* Runs until the end on a clock that each run moves on; how many runs. */
static unsigned drive(struct schedule *schedule, int64_t run_ns, int64_t *now_ns)
{
	struct schedule_step step;
	unsigned runs = 0;

	while (schedule_next(schedule, *now_ns, &step)) {
		*now_ns += run_ns;
		schedule_done(schedule, *now_ns, run_ns, SCHEDULE_GOOD);
		runs++;
	}
	return runs;
}

static void test_budget(void **state)
{
	struct schedule_options options = {.seed = 1, .budget_ns = 10 * CELLS * (int64_t)RUN_NS};
	struct schedule schedule;
	int64_t begin_ns = 12345, now_ns = begin_ns;

	(void)state;
	/* As many rounds as fit, and not one run more. */
	make(&schedule, &options, 2, 1000);
	assert_int_equal(drive(&schedule, RUN_NS, &now_ns), 10 * CELLS);
	assert_true(now_ns - begin_ns <= options.budget_ns);
	schedule_deinit(&schedule);

	/* Runs that take three times the estimate: fewer, and the last round is cut short. */
	now_ns = begin_ns;
	make(&schedule, &options, 2, 1000);
	unsigned runs = drive(&schedule, 3 * RUN_NS, &now_ns);
	assert_true(now_ns - begin_ns <= options.budget_ns);
	assert_int_equal(runs, 10 * CELLS / 3);
	schedule_deinit(&schedule);

	/* The minimum is kept whatever it takes. */
	now_ns = begin_ns;
	make(&schedule, &options, 2, 1000);
	assert_int_equal(drive(&schedule, 100 * RUN_NS, &now_ns), 2 * CELLS);
	schedule_deinit(&schedule);

	/* The maximum ends it before the budget does. */
	now_ns = begin_ns;
	make(&schedule, &options, 2, 4);
	assert_int_equal(drive(&schedule, RUN_NS, &now_ns), 4 * CELLS);
	schedule_deinit(&schedule);
}

static void test_repeat_and_drop(void **state)
{
	struct schedule_options options = {.seed = 1, .retries_max = 2};
	unsigned runs[CELLS] = {0}, attempts = 0;
	struct schedule schedule;
	struct schedule_step step;

	(void)state;
	make(&schedule, &options, 3, 3);
	while (schedule_next(&schedule, 0, &step)) {
		enum schedule_verdict verdict = SCHEDULE_GOOD;
		runs[step.item]++;
		if (step.item == 7) {
			assert_int_equal(step.attempt, attempts % 3);
			attempts++;
			verdict = SCHEDULE_REPEAT;
		}
		if (step.item == 8)
			verdict = SCHEDULE_DROP;
		schedule_done(&schedule, 0, RUN_NS, verdict);
	}
	for (unsigned i = 0; i < CELLS; i++)
		assert_int_equal(runs[i], i == 7 ? 9 : i == 8 ? 1 : 3);
	assert_int_equal(schedule_rounds_complete(&schedule), 3);
	schedule_deinit(&schedule);
}

static void test_repeats_fit_into_budget(void **state)
{
	struct schedule_options options = {
		.seed = 1, .retries_max = 100, .budget_ns = 3 * CELLS * (int64_t)RUN_NS};
	struct schedule schedule;
	struct schedule_step step;
	int64_t now_ns = 0;

	(void)state;
	/* A machine on which every run is rejected. */
	make(&schedule, &options, 2, 2);
	while (schedule_next(&schedule, now_ns, &step)) {
		now_ns += RUN_NS;
		schedule_done(&schedule, now_ns, RUN_NS, SCHEDULE_REPEAT);
	}
	assert_true(now_ns <= options.budget_ns + RUN_NS);
	assert_int_equal(schedule_rounds_complete(&schedule), 2);
	schedule_deinit(&schedule);
}

static void test_time_left(void **state)
{
	struct schedule schedule;
	struct schedule_step step;

	(void)state;
	make(&schedule, &no_budget, 2, 2);
	assert_int_equal(schedule_left_ns(&schedule, 0), 2 * CELLS * (int64_t)RUN_NS);
	/* One run took twice its estimate: so will the others. */
	assert_true(schedule_next(&schedule, 0, &step));
	schedule_done(&schedule, 2 * RUN_NS, 2 * RUN_NS, SCHEDULE_GOOD);
	assert_int_equal(
		schedule_left_ns(&schedule, 2 * RUN_NS), (2 * CELLS - 1) * 2 * (int64_t)RUN_NS);
	int64_t now_ns = 2 * RUN_NS;
	drive(&schedule, 2 * RUN_NS, &now_ns);
	assert_int_equal(schedule_left_ns(&schedule, now_ns), 0);
	assert_int_equal(schedule_runs_left_min(&schedule), 0);
	schedule_deinit(&schedule);
}

static void test_no_cells(void **state)
{
	struct schedule schedule;
	struct schedule_step step;

	(void)state;
	assert_int_equal(schedule_init(&schedule, &no_budget, NULL, 0), 0);
	assert_false(schedule_next(&schedule, 0, &step));
	assert_int_equal(schedule_left_ns(&schedule, 0), 0);
	schedule_deinit(&schedule);
}

static void test_random(void **state)
{
	uint64_t seed = 0, counts[3] = {0};

	(void)state;
	/* The reference implementation's first values for the seed 0. */
	assert_true(random_next(&seed) == UINT64_C(0xe220a8397b1dcdaf));
	assert_true(random_next(&seed) == UINT64_C(0x6e789e6aa1b965f4));
	for (unsigned i = 0; i < 30000; i++)
		counts[random_below(&seed, 3)]++;
	/* Six standard deviations of a binomial: 6 × 82. */
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(counts[i], 9500, 10500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_is_permutation),
		cmocka_unit_test(test_seed_reproduces),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_repeat_and_drop),
		cmocka_unit_test(test_repeats_fit_into_budget),
		cmocka_unit_test(test_time_left),
		cmocka_unit_test(test_no_cells),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
