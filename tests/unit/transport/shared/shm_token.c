/* token: counting, time-outs, and a putter that was killed between its count and its wake. */
#include <errno.h>
#include <pthread.h>

#include "../../../cmocka_prelude.h"
#include "base/clock.h"
#include "transport/token.h"

static void test_counts(void **state)
{
	struct token token = {0};

	(void)state;
	token_put(&token);
	token_put(&token);
	assert_int_equal(token_take(&token, 0), 0);
	assert_int_equal(token_take(&token, 1000), 0);
	assert_int_equal(token_take(&token, 0), -ETIMEDOUT);
	assert_int_equal(token.count, 0);
}

static void test_times_out(void **state)
{
	struct token token = {0};
	int64_t start_ns = clock_ns();

	(void)state;
	assert_int_equal(token_take(&token, 20), -ETIMEDOUT);
	assert_true(clock_ns() - start_ns >= 20 * NS_PER_MS);
	assert_int_equal(token.sleeping, 0);
}

static void *take_soon(void *token)
{
	return (void *)(intptr_t)token_take(token, 50);
}

/* A sleeper that nobody wakes finds the token at the end of its sleep. */
static void test_found_without_wake(void **state)
{
	struct token token = {0};
	pthread_t taker;
	void *r;

	(void)state;
	assert_int_equal(pthread_create(&taker, NULL, take_soon, &token), 0);
	while (atomic_load(&token.sleeping) == 0)
		sched_yield();
	atomic_fetch_add(&token.count, 1);
	pthread_join(taker, &r);
	assert_int_equal((intptr_t)r, 0);
}

enum { ROUNDS = 20000 };

static void *answer(void *argument)
{
	struct token *tokens = argument;

	for (int i = 0; i < ROUNDS; i++) {
		if (token_take(&tokens[0], 10000) < 0)
			return (void *)1;
		token_put(&tokens[1]);
	}
	return NULL;
}

/* A lost wake-up would cost ten seconds, which fails. */
static void test_no_wake_is_lost(void **state)
{
	struct token tokens[2] = {0};
	pthread_t other;
	void *failed;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, answer, tokens), 0);
	for (int i = 0; i < ROUNDS; i++) {
		token_put(&tokens[0]);
		int64_t start_ns = clock_ns();
		assert_int_equal(token_take(&tokens[1], 10000), 0);
		assert_true(clock_ns() - start_ns < 9000 * NS_PER_MS);
	}
	pthread_join(other, &failed);
	assert_null(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_times_out),
		cmocka_unit_test(test_found_without_wake),
		cmocka_unit_test(test_no_wake_is_lost),
	};

	return cmocka_run_group_tests_name("shm_token", tests, NULL, NULL);
}
