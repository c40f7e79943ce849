/*
 * Values and arrays: types, bounds, slices, and what a death in the middle leaves.
 */
#include "survival.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mp/named.h"
#include "mp/shared.h"
#include "mp/value.h"

struct point {
	long x, y;
	char name[8];
};

static void test_value(void **state)
{
	int *count = mp_value_new(int, 3);
	double *ratio = mp_value_new(double, 0.5);
	struct point *point = mp_value_new(struct point, {.x = 1, .name = "origin"});

	(void)state;
	assert_int_equal(mp_value_get(count), 3);
	assert_int_equal(mp_value_add(count, 2), 5);
	assert_int_equal(mp_value_add(count, -6), -1);
	mp_value_set(count, 7);
	assert_int_equal(*count, 7);
	assert_true(mp_value_add(ratio, 0.25) == 0.75);
	assert_string_equal(mp_value_get(point).name, "origin");
	mp_value_set(point, {.x = 5, .y = 6});
	assert_int_equal(point->y, 6);
	assert_string_equal(point->name, "");
	assert_true((uintptr_t)point % 64 == 0);
	/* Part of a section of its lock, as with the recursive lock of Python's. */
	mp_with(mp_value_lock(count), r)
	{
		assert_int_equal(r, 0);
		assert_int_equal(mp_value_add(count, 1), 8);
		assert_true(mp_lock_is_held(mp_value_lock(count)));
	}
	assert_false(mp_lock_is_held(mp_value_lock(count)));
	assert_int_equal(mp_array_len(count), 1);
	mp_value_free(count);
	mp_value_free(ratio);
	mp_value_free(point);
	mp_value_free(NULL);
}

static void test_array(void **state)
{
	int *array = mp_array_new(int, 10);
	struct point *points = mp_array_new(struct point, 3), point = {0};
	const int ones[4] = {1, 1, 1, 1};
	int got[10], one;

	(void)state;
	assert_int_equal(mp_array_len(array), 10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(mp_array_set(array, i, i * i), 0);
	assert_int_equal(mp_array_get(array, -1, &one), 0);
	assert_int_equal(one, 81);
	assert_int_equal(mp_array_get(array, 10, &one), -ERANGE);
	assert_int_equal(mp_array_get(array, -11, &one), -ERANGE);
	assert_int_equal(mp_array_set(array, 10, 0), -ERANGE);
	assert_null(mp_array_at(array, 10));
	assert_null(mp_array_at(array, -11));
	assert_ptr_equal(mp_array_at(array, -10), array);
	assert_int_equal(mp_array_read(array, 2, 3, got), 3);
	assert_int_equal(got[0], 4);
	assert_int_equal(got[2], 16);
	assert_int_equal(mp_array_read(array, -2, 10, got), 2);
	assert_int_equal(got[1], 81);
	assert_int_equal(mp_array_read(array, 10, 1, got), 0);
	assert_int_equal(mp_array_read(array, -11, 1, got), -EINVAL);
	assert_int_equal(mp_array_write(array, 8, 4, ones), 2);
	assert_int_equal(array[7], 49);
	assert_int_equal(array[9], 1);
	assert_int_equal(mp_raw_array_write(array, 0, 4, ones), 4);
	assert_int_equal(mp_raw_array_read(array, 3, SIZE_MAX, got), 7);
	assert_int_equal(mp_array_set(points, 2, {.x = 9}), 0);
	assert_int_equal(mp_array_get(points, 2, &point), 0);
	assert_int_equal(point.x, 9);
	assert_null(mp_array_new(int, 0));
	assert_null(mp_array_new(int, SIZE_MAX / 2));
	assert_int_equal(errno, EINVAL);
	mp_array_free(array);
	mp_array_free(points);
}

static int die_holding(void *value)
{
	mp_lock_acquire(mp_value_lock(value));
	raise(SIGKILL);
	return 0;
}

/* The short forms go on, and do not take the news from who can be told. */
static void test_death_is_left_to_be_told(void **state)
{
	_cleanup_(proc_kill) struct proc child = PROC_NULL;
	int *value = mp_value_new(int, 1);
	int status, told = 0;

	(void)state;
	assert_int_equal(proc_start(&child, die_holding, value), 0);
	assert_int_equal(proc_join(&child, deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
	for (int i = 0; i < 3; i++)
		mp_value_add(value, 1);
	assert_int_equal(mp_value_get(value), 4);
	for (int i = 0; i < 2; i++)
		mp_with(mp_value_lock(value), r) told += r == -EOWNERDEAD;
	assert_int_equal(told, 1);
	mp_value_free(value);
}

/* The sum of what all members have added: each death may hide one addition, that was made and not
 * counted. */
static int work(struct crew *crew, unsigned member)
{
	while (!crew_is_over(crew)) {
		mp_value_add((long *)crew->shared, 1);
		crew_step(crew, member);
	}
	return 0;
}

static void test_survives(void **state)
{
	struct soak soak = soak_begin("value", 60);
	long *sum = mp_value_new(long, 0);
	uint64_t steps = 0, kills = 0;
	struct crew crew;

	(void)state;
	crew_start(&crew, 4, work, sum);
	for (unsigned i = 0; i < soak.rounds; i++) {
		if (soak_random(&soak, 4) == 0) {
			crew_stop_one(&crew, &soak);
		} else {
			crew_kill_one(&crew, &soak);
			kills++;
		}
		crew_expect_steps(&crew, 10);
	}
	atomic_store(&crew.board->is_over, true);
	for (unsigned i = 0; i < crew.count; i++) {
		int status;
		assert_int_equal(
			proc_join(&crew.procs[i], deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
		assert_int_equal(status, 0);
	}
	for (unsigned i = 0; i < crew.count; i++)
		steps += crew_steps(&crew, i);
	crew_end(&crew);
	assert_in_range(mp_value_get(sum) - (long)steps, 0, kills);
	mp_value_free(sum);
}

/* Two mappings of one name are two processes that know each other by it only. */
static void test_named(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "/mp-test-value-%d", (int)getpid());
	mp_named_unlink(name);
	long *one = mp_value_open(long, name), *two = mp_value_open(long, name);
	assert_non_null(one);
	assert_non_null(two);
	assert_ptr_not_equal(one, two);
	assert_int_equal(mp_value_get(one), 0);
	mp_value_add(one, 5);
	assert_int_equal(mp_value_add(two, 1), 6);
	assert_int_equal(mp_lock_acquire(mp_value_lock(one)), 0);
	assert_true(mp_lock_is_held(mp_value_lock(two)));
	assert_int_equal(mp_lock_release(mp_value_lock(one)), 0);
	assert_null(mp_value_open(struct point, name));
	assert_int_equal(errno, EINVAL);
	assert_null(mp_array_open(int, 2, name));
	assert_int_equal(errno, EINVAL);
	mp_value_close(one);
	assert_int_equal(mp_value_get(two), 6);
	mp_value_close(two);
	mp_value_close(NULL);
	one = mp_value_open(long, name);
	assert_int_equal(mp_value_get(one), 6);
	mp_value_close(one);
	assert_int_equal(mp_named_unlink(name), 0);
	assert_null(mp_value_open(long, "no/such/name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_death_is_left_to_be_told),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
