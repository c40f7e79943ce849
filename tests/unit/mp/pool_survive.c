/*
 * What a pool of processes survives: workers that are killed or stopped at any instruction, in
 * tasks, maps and between; the death of its owner; crashes; storms of signals.
 *
 * Each task counts in shared memory how often it was begun and how often it was done. Whatever is
 * killed: nobody hangs, what is reported as done was done exactly once, what is reported as lost
 * was begun, and there are no more lost ones than deaths.
 */
#include "mp/pool.h"

#include "../../cmocka_prelude.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "mp/shared.h"
#include "soak.h"

#define DEADLINE MP_S(60)

enum { WORKERS = 3, N = 400, ROUNDS = 60, DELAY_NS_MAX = 300000 };

struct count {
	_Atomic uint32_t begun, done;
};

static struct count *counts;

/* The random tests run twice: callers wait, or work. */
static bool caller_works;

static struct mp_pool *pool_new(enum mp_pool_lost lost, unsigned tries)
{
	struct mp_pool_options options = {
		.workers = WORKERS,
		.lost = lost,
		.tries_max = tries,
		.caller_works = caller_works,
	};
	struct mp_pool *pool = mp_pool_new(&options);

	if (!pool)
		flunk("mp_pool_new: %s", mp_strerror(-errno));
	return pool;
}

static int count_task(const void *item, void *result)
{
	uint64_t i = *(const uint64_t *)item;

	atomic_fetch_add(&counts[i].begun, 1);
	if (i % 8 == 0)
		soak_spin_ns(2000);
	*(uint64_t *)result = i * i;
	atomic_fetch_add(&counts[i].done, 1);
	return 0;
}

static void kill_one(struct mp_pool *pool, struct soak *soak, int number)
{
	int pid = mp_pool_worker_pid(pool, (unsigned)soak_random(soak, WORKERS));

	soak_spin_ns((int64_t)soak_random(soak, DELAY_NS_MAX));
	/* 0: it is being replaced. */
	if (pid > 0)
		kill(pid, number);
}

static void reset(void)
{
	memset((void *)counts, 0, N * sizeof(*counts));
}

/* What is true of a task whatever has happened: its error, and what it has left behind. */
static unsigned check_task(uint64_t i, int error, uint64_t value, bool is_again)
{
	unsigned begun = counts[i].begun, done = counts[i].done;

	if (error == 0) {
		assert_int_equal(value, i * i);
		assert_true(is_again ? done >= 1 && begun >= done : begun == 1 && done == 1);
		return 0;
	}
	assert_int_equal(error, -EOWNERDEAD);
	/* Killed before its first instruction, in it, or behind its last. */
	assert_true(is_again || (begun <= 1 && done <= begun));
	return 1;
}

static void test_tasks(void **state)
{
	struct soak soak = soak_begin("tasks", ROUNDS);
	struct mp_result *results[N];
	unsigned lost = 0;

	(void)state;
	_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_new(MP_POOL_REPORT, 0);
	for (unsigned round = 0; round < soak.rounds; round++) {
		reset();
		for (uint64_t i = 0; i < N; i++) {
			results[i] =
				mp_pool_apply_async(pool, count_task, &i, 8, 8, NULL, NULL, NULL);
			assert_non_null(results[i]);
		}
		kill_one(pool, &soak, SIGKILL);
		for (uint64_t i = 0; i < N; i++) {
			uint64_t value = 0;
			int r = mp_result_get(results[i], &value, DEADLINE);
			lost += check_task(i, r, value, false);
			mp_result_free(results[i]);
		}
	}
	assert_true(lost <= mp_pool_deaths(pool));
}

static void test_tasks_again(void **state)
{
	struct soak soak = soak_begin("tasks again", ROUNDS);
	uint64_t results_count = 0;

	(void)state;
	_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_new(MP_POOL_AGAIN, 1000000);
	uint64_t *results = mp_pool_alloc(pool, N * sizeof(*results));
	for (unsigned round = 0; round < soak.rounds; round++) {
		reset();
		memset(results, 0, N * sizeof(*results));
		for (uint64_t i = 0; i < N; i++)
			assert_int_equal(mp_pool_submit(pool, count_task, &i, 8, &results[i]), 0);
		kill_one(pool, &soak, SIGKILL);
		assert_int_equal(mp_pool_wait(pool, DEADLINE), 0);
		for (uint64_t i = 0; i < N; i++)
			results_count += check_task(i, 0, results[i], true);
	}
	assert_int_equal(results_count, 0);
}

static void test_apply(void **state)
{
	struct soak soak = soak_begin("apply", ROUNDS);
	unsigned lost = 0;

	(void)state;
	_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_new(MP_POOL_REPORT, 0);
	for (unsigned round = 0; round < soak.rounds; round++) {
		reset();
		kill_one(pool, &soak, SIGKILL);
		for (uint64_t i = 0; i < 50; i++) {
			uint64_t value = 0;
			int r = mp_pool_apply(pool, count_task, &i, 8, &value, 8);
			lost += check_task(i, r, value, false);
		}
	}
	assert_true(lost <= mp_pool_deaths(pool));
}

static void test_map(void **state)
{
	struct soak soak = soak_begin("map", ROUNDS);
	uint64_t items[N];

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		items[i] = i;
	for (int again = 0; again < 2; again++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool =
			pool_new(again ? MP_POOL_AGAIN : MP_POOL_REPORT, 1000000);
		for (unsigned round = 0; round < soak.rounds; round++) {
			uint64_t results[N] = {0};
			unsigned undone = 0;
			size_t chunk = soak_random(&soak, 5);
			reset();
			uint64_t deaths = mp_pool_deaths(pool);
			struct mp_result *map = mp_pool_map_async(
				pool, count_task, items, 8, N, chunk, 8, NULL, NULL, NULL);
			assert_non_null(map);
			kill_one(pool, &soak, SIGKILL);
			int r = mp_result_get(map, results, DEADLINE);
			mp_result_free(map);
			for (uint64_t i = 0; i < N; i++) {
				if (!again)
					assert_true(counts[i].begun <= 1);
				undone += counts[i].done == 0;
				if (r == 0)
					check_task(i, 0, results[i], again);
			}
			if (r < 0) {
				assert_int_equal(r, -EOWNERDEAD);
				assert_int_equal(again, 0);
			}
			/* No more than one chunk. */
			size_t most = chunk ? chunk : N / (4 * WORKERS) + 1;
			if (undone > most * (mp_pool_deaths(pool) - deaths + 1))
				flunk("%u tasks were not done, chunks of %zu", undone, most);
		}
	}
}

static void test_imap(void **state)
{
	struct soak soak = soak_begin("imap", ROUNDS);
	uint64_t items[N];

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		items[i] = i;
	_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_new(MP_POOL_REPORT, 0);
	for (unsigned round = 0; round < soak.rounds; round++) {
		int64_t index;
		unsigned seen = 0;
		reset();
		_cleanup_(mp_imap_freep) struct mp_imap *imap =
			(round % 2 ? mp_pool_imap : mp_pool_imap_unordered)(
				pool, count_task, items, 8, N, 1, 8);
		assert_non_null(imap);
		kill_one(pool, &soak, SIGKILL);
		for (;;) {
			uint64_t value = 0;
			int error = 0;
			index = mp_imap_next(imap, &value, &error, DEADLINE);
			if (index < 0)
				break;
			check_task((uint64_t)index, error, value, false);
			seen++;
		}
		assert_int_equal(index, -ENODATA);
		assert_int_equal(seen, N);
	}
}

/* One is stopped: it keeps what it has in hand, and nothing else. */
static void test_stop(void **state)
{
	struct soak soak = soak_begin("stop", ROUNDS);
	struct mp_result *results[N];

	(void)state;
	_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_new(MP_POOL_REPORT, 0);
	for (unsigned round = 0; round < soak.rounds; round++) {
		reset();
		for (uint64_t i = 0; i < N; i++)
			results[i] =
				mp_pool_apply_async(pool, count_task, &i, 8, 8, NULL, NULL, NULL);
		int pid = mp_pool_worker_pid(pool, (unsigned)soak_random(&soak, WORKERS));
		soak_spin_ns((int64_t)soak_random(&soak, DELAY_NS_MAX));
		assert_int_equal(kill(pid, SIGSTOP), 0);
		/* All but one are done while it is stopped. */
		unsigned waiting = N;
		int64_t end = clock_ns() + DEADLINE;
		while (waiting > 1) {
			waiting = 0;
			for (uint64_t i = 0; i < N; i++)
				waiting += !mp_result_ready(results[i]);
			if (clock_ns() > end)
				flunk("%u tasks wait for a worker that is stopped", waiting);
		}
		uint64_t value;
		for (uint64_t i = 0; i < 20; i++)
			assert_int_equal(
				mp_pool_apply(pool, count_task, &(uint64_t){i}, 8, &value, 8), 0);
		assert_int_equal(kill(pid, SIGCONT), 0);
		for (uint64_t i = 0; i < N; i++) {
			assert_int_equal(mp_result_get(results[i], &value, DEADLINE), 0);
			assert_int_equal(value, i * i);
			mp_result_free(results[i]);
		}
	}
	assert_int_equal(mp_pool_deaths(pool), 0);
}

static int crash(const void *item, void *result)
{
	(void)item;
	(void)result;
	raise(SIGKILL);
	return 0;
}

/* A task that kills whoever does it is tried so often, and no more. */
static void test_crash(void **state)
{
	uint64_t value, three = 3;

	(void)state;
	_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_new(MP_POOL_AGAIN, 4);
	for (int i = 0; i < 5; i++) {
		uint64_t before = mp_pool_deaths(pool);
		assert_int_equal(mp_pool_apply(pool, crash, NULL, 0, NULL, 0), -EOWNERDEAD);
		assert_int_equal(mp_pool_deaths(pool) - before, 4);
		assert_int_equal(mp_pool_apply(pool, count_task, &three, 8, &value, 8), 0);
	}
	uint64_t before = mp_pool_deaths(pool);
	assert_int_equal(mp_pool_map(pool, crash, NULL, 0, 3, 1, NULL, 0), -EOWNERDEAD);
	assert_int_equal(mp_pool_deaths(pool) - before, 3 * 4);
}

/* Whether the pipe's other ends are all gone: the processes that had them have ended. */
static bool is_end_of_file(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&poll_fd, 1, 60000) == 1 && read(fd, &byte, 1) == 0;
}

static _Noreturn void own_a_pool(int ready)
{
	struct mp_pool *pool = pool_new(MP_POOL_REPORT, 0);
	uint64_t i = 0;

	for (int k = 0; k < 100; k++)
		if (!mp_pool_apply_async(pool, count_task, &i, 8, 8, NULL, NULL, NULL))
			_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;; i = (i + 1) % N) {
		uint64_t value;
		mp_pool_apply(pool, count_task, &i, 8, &value, 8);
	}
}

static void test_owner_dies(void **state)
{
	struct soak soak = soak_begin("owner", 10);

	(void)state;
	for (unsigned round = 0; round < soak.rounds; round++) {
		int fds[2];
		char byte;
		assert_int_equal(pipe(fds), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			own_a_pool(fds[1]);
		close(fds[1]);
		assert_int_equal(read(fds[0], &byte, 1), 1);
		soak_spin_ns((int64_t)soak_random(&soak, DELAY_NS_MAX));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_true(is_end_of_file(fds[0]));
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		close(fds[0]);
	}
}

static void on_alarm(int number)
{
	(void)number;
}

/* A signal every 50 µs: no call is cut short. */
static void test_signals(void **state)
{
	struct sigaction action = {.sa_handler = on_alarm}, before;
	struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	uint64_t items[N], results[N];

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		items[i] = i;
	assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (int k = 0; k < 3; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_new(MP_POOL_REPORT, 0);
		for (int i = 0; i < 20; i++) {
			uint64_t value;
			assert_int_equal(
				mp_pool_map(pool, count_task, items, 8, N, 0, results, 8), 0);
			assert_int_equal(
				mp_pool_apply(pool, count_task, &items[i], 8, &value, 8), 0);
		}
		assert_int_equal(mp_pool_close(pool), 0);
		assert_int_equal(mp_pool_join(pool, DEADLINE), 0);
	}
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_tasks_again),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_imap),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_owner_dies),
		cmocka_unit_test(test_signals),
	};

	/* All but those whose tasks kill whoever does them. */
	const struct CMUnitTest with_caller[] = {
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_tasks_again),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_imap),
		cmocka_unit_test(test_owner_dies),
		cmocka_unit_test(test_signals),
	};

	counts = mp_shared_new(N * sizeof(*counts));
	if (!counts)
		return 1;
	int failed = cmocka_run_group_tests_name("callers wait", tests, NULL, NULL);
	caller_works = true;
	return failed + cmocka_run_group_tests_name("callers work", with_caller, NULL, NULL);
}
