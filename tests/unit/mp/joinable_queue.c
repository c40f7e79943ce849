/*
 * A joinable queue: join() waits for every task that was put, for no more, and not for the dead.
 */
#include "survival.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "mp/joinable_queue.h"
#include "mp/shared.h"
#include "mp/simple_queue.h"

static void test_counts(void **state)
{
	_cleanup_(mp_joinable_queue_freep) struct mp_joinable_queue *queue =
		mp_joinable_queue_new(NULL);
	char task[8];

	(void)state;
	assert_non_null(queue);
	assert_int_equal(mp_joinable_queue_join(queue, 0), 0);
	assert_int_equal(mp_joinable_queue_task_done(queue), -EINVAL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mp_joinable_queue_put(queue, "task", 5), 0);
	assert_int_equal(mp_joinable_queue_unfinished(queue), 3);
	/* Put, but not got: it cannot be done yet. */
	assert_int_equal(mp_joinable_queue_task_done(queue), -EINVAL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(mp_joinable_queue_get(queue, task, sizeof(task)), 5);
		assert_int_equal(mp_joinable_queue_join(queue, 0), -EAGAIN);
		assert_int_equal(mp_joinable_queue_join(queue, MP_MS(5)), -ETIMEDOUT);
		assert_int_equal(mp_joinable_queue_task_done(queue), 0);
		assert_int_equal(mp_joinable_queue_task_done(queue), -EINVAL);
	}
	assert_int_equal(mp_joinable_queue_join(queue, MP_FOREVER), 0);
	assert_int_equal(mp_joinable_queue_lost(queue), 0);
	assert_int_equal(mp_joinable_queue_get_for(queue, task, sizeof(task), 0), -EAGAIN);
}

struct bench {
	struct mp_joinable_queue *queue;
	_Atomic uint64_t done;
};

/* A daemon: it works until it is killed. */
static int work(struct crew *crew, unsigned member)
{
	struct bench *bench = crew->shared;
	uint64_t task;

	while (!crew_is_over(crew)) {
		ssize_t n = mp_joinable_queue_get_for(bench->queue, &task, sizeof(task), MP_MS(50));
		crew_step(crew, member);
		if (n == -ETIMEDOUT)
			continue;
		if (n != sizeof(task))
			return 1;
		atomic_fetch_add(&bench->done, 1);
		if (mp_joinable_queue_task_done(bench->queue) < 0)
			return 2;
	}
	return 0;
}

static void test_join_waits_for_all(void **state)
{
	enum { TASKS = 20000 };
	struct bench *bench = mp_shared_new(sizeof(*bench));
	struct crew crew;

	(void)state;
	bench->queue = mp_joinable_queue_new(NULL);
	crew_start(&crew, 4, work, bench);
	for (uint64_t i = 0; i < TASKS; i++)
		assert_int_equal(mp_joinable_queue_put(bench->queue, &i, sizeof(i)), 0);
	assert_int_equal(mp_joinable_queue_join(bench->queue, MP_S(60)), 0);
	assert_int_equal(bench->done, TASKS);
	crew_end(&crew);
	mp_joinable_queue_free(bench->queue);
	mp_shared_free(bench);
}

/* Workers are killed at any instruction: join() returns, and every task is done or lost. */
static void test_join_survives(void **state)
{
	enum { TASKS = 300, WORKERS = 3 };
	struct soak soak = soak_begin("join", 60);
	struct bench *bench = mp_shared_new(sizeof(*bench));
	uint64_t put = 0, told = 0;
	struct crew crew;

	(void)state;
	bench->queue = mp_joinable_queue_new(NULL);
	crew_start(&crew, WORKERS, work, bench);
	for (unsigned i = 0; i < soak.rounds; i++) {
		for (uint64_t task = 0; task < TASKS; task++, put++)
			assert_int_equal(
				mp_joinable_queue_put(bench->queue, &task, sizeof(task)), 0);
		crew_kill_one(&crew, &soak);
		int r = mp_joinable_queue_join(bench->queue, MP_S(60));
		uint64_t lost = mp_joinable_queue_lost(bench->queue);
		assert_true(r == (lost > told ? -EOWNERDEAD : 0));
		/* It had got one task at most; which it may have carried out, but for saying so. */
		assert_true(lost - told <= 1);
		assert_true(bench->done <= put && bench->done + lost >= put);
		told = lost;
	}
	crew_end(&crew);
	mp_joinable_queue_free(bench->queue);
	mp_shared_free(bench);
}

static void test_simple(void **state)
{
	struct mp_simple_queue *queue = mp_simple_queue_new();
	char message[4];

	(void)state;
	assert_non_null(queue);
	assert_true(mp_simple_queue_is_empty(queue));
	assert_int_equal(mp_simple_queue_put(queue, "abc", 4), 0);
	assert_false(mp_simple_queue_is_empty(queue));
	assert_int_equal(mp_simple_queue_get(queue, message, sizeof(message)), 4);
	assert_string_equal(message, "abc");
	mp_simple_queue_close(queue);
	assert_int_equal(mp_simple_queue_get(queue, message, sizeof(message)), -EPIPE);
	assert_int_equal(mp_simple_queue_put(queue, "abc", 4), -ESHUTDOWN);
	mp_simple_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_join_waits_for_all),
		cmocka_unit_test(test_join_survives),
		cmocka_unit_test(test_simple),
	};

	return cmocka_run_group_tests_name("joinable_queue", tests, NULL, NULL);
}
