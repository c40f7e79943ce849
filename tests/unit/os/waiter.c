/*
 * The waiter: every strategy sees what it waits for, keeps its deadline and loses no wake-up, with
 * one sleeper and with several; and the default does not spin where its peer runs.
 */
#include "os/waiter.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "os/proc.h"
#include "os/shm.h"

enum { DEADLINE_MS = 20000, SLEEPERS = 4 };

/* In shared memory: a word that counts up, and both sides' seats. */
struct board {
	struct waiter_seat seats[2];
	_Alignas(64) _Atomic uint64_t ball;
	_Atomic uint64_t taken;
};

static struct board *board_open(struct shm *shm)
{
	assert_int_equal(shm_open_anonymous(shm, sizeof(struct board)), 0);
	return shm->data;
}

struct wanted {
	const _Atomic uint64_t *word;
	uint64_t value;
};

static bool has_reached(const void *argument)
{
	const struct wanted *wanted = argument;

	return atomic_load_explicit(wanted->word, memory_order_acquire) >= wanted->value;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void test_ready_at_once(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};
	struct board *board = board_open(&shm);
	struct wanted wanted = {&board->ball, 0};
	struct waiter waiter;

	(void)state;
	for (unsigned s = 0; s < WAITER_STRATEGY_COUNT; s++) {
		waiter_init(&waiter, (enum waiter_strategy)s);
		assert_int_equal(waiter_wait(&waiter, &board->seats[0], NULL, has_reached, &wanted,
					 DEADLINE_NEVER),
			0);
		/* Also when the deadline has passed. */
		assert_int_equal(
			waiter_wait(&waiter, &board->seats[0], NULL, has_reached, &wanted, 0), 0);
	}
}

static void test_keeps_the_deadline(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};
	struct board *board = board_open(&shm);
	struct wanted wanted = {&board->ball, 1};
	struct waiter waiter;

	(void)state;
	for (unsigned s = 0; s < WAITER_STRATEGY_COUNT; s++) {
		waiter_init(&waiter, (enum waiter_strategy)s);
		int64_t start = clock_ns();
		assert_int_equal(waiter_wait(&waiter, &board->seats[0], &board->seats[1],
					 has_reached, &wanted, start + 5 * NS_PER_MS),
			-ETIMEDOUT);
		assert_true(clock_ns() - start >= 5 * NS_PER_MS);
		/* One who left is not counted as asleep. */
		assert_int_equal(waiter_sleepers(&board->seats[0]), 0);
	}
}

static void test_notify_without_sleepers_is_no_system_call(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};
	struct board *board = board_open(&shm);
	struct waiter waiter;

	(void)state;
	waiter_init(&waiter, WAITER_PARK);
	waiter_notify(&waiter, &board->seats[0], 1);
	waiter.is_registered = false;
	waiter_notify(&waiter, &board->seats[0], 1);
	assert_int_equal(waiter.wake_count, 0);
	assert_int_equal(atomic_load(&board->seats[0].epoch), 0);
}

/* A ping-pong: the ball counts up, side 0 makes it odd, side 1 even. */
struct game {
	struct board *board;
	enum waiter_strategy strategy;
	bool is_unregistered; /* takes the path of a process that may not call membarrier() */
	unsigned side;
	uint64_t rounds, seed;
	int cpu; /* -1: any */
	struct waiter waiter;
};

static int play(void *argument)
{
	struct game *game = argument;
	struct board *board = game->board;
	struct waiter_seat *mine = &board->seats[game->side], *other = &board->seats[!game->side];
	uint64_t seed = game->seed + game->side;

	if (game->cpu >= 0) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(game->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) < 0)
			return 3;
	}
	waiter_init(&game->waiter, game->strategy);
	if (game->is_unregistered)
		game->waiter.is_registered = false;
	for (uint64_t i = 0; i < game->rounds; i++) {
		struct wanted wanted = {&board->ball, 2 * i + game->side};
		if (waiter_wait(&game->waiter, mine, other, has_reached, &wanted,
			    deadline_after_ms(DEADLINE_MS)) < 0)
			return 2;
		/* A delay of up to 3 µs, to meet the other in every stage of falling asleep. */
		if (seed)
			for (uint64_t j = next_random(&seed) % 120; j > 0; j--)
				waiter_pause();
		atomic_store_explicit(&board->ball, wanted.value + 1, memory_order_release);
		waiter_notify(&game->waiter, other, 1);
	}
	return 0;
}

static void *play_thread(void *argument)
{
	return (void *)(intptr_t)play(argument);
}

static void play_processes(struct game games[2])
{
	_cleanup_(proc_kill) struct proc child = PROC_NULL;
	int status;

	assert_int_equal(proc_start(&child, play, &games[1]), 0);
	assert_int_equal(play(&games[0]), 0);
	assert_int_equal(proc_join(&child, deadline_after_ms(DEADLINE_MS), &status), 0);
	assert_int_equal(status, 0);
}

static void play_threads(struct game games[2])
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, play_thread, &games[1]), 0);
	assert_int_equal(play(&games[0]), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
}

static void play_all(void (*run)(struct game[2]))
{
	static const uint64_t rounds[WAITER_STRATEGY_COUNT] = {
		[WAITER_SPIN_THEN_PARK] = 20000,
		[WAITER_SPIN] = 200,
		[WAITER_YIELD] = 2000,
		[WAITER_PARK] = 10000,
	};

	for (unsigned i = 0; i < 2 * WAITER_STRATEGY_COUNT; i++) {
		_cleanup_(shm_close) struct shm shm = {0};
		struct game game = {
			.board = board_open(&shm),
			.strategy = i / 2,
			.is_unregistered = i % 2,
			.rounds = rounds[i / 2],
			.seed = 20240613,
			.cpu = -1,
		};
		struct game games[2] = {game, game};
		games[1].side = 1;
		run(games);
		assert_int_equal(atomic_load(&game.board->ball), 2 * game.rounds);
		for (int side = 0; side < 2; side++)
			assert_int_equal(waiter_sleepers(&game.board->seats[side]), 0);
		if (game.strategy == WAITER_PARK)
			assert_true(games[0].waiter.park_count > 0);
	}
}

/* The test of lost wake-ups: with one, a wait of the park strategy would run into its deadline. */
static void test_no_wakeup_is_lost_processes(void **state)
{
	(void)state;
	play_all(play_processes);
}

static void test_no_wakeup_is_lost_threads(void **state)
{
	(void)state;
	play_all(play_threads);
}

static void test_does_not_spin_on_the_peers_cpu(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};
	cpu_set_t before;
	struct game game = {
		.board = board_open(&shm),
		.strategy = WAITER_SPIN_THEN_PARK,
		.rounds = 2000,
		.cpu = sched_getcpu(),
	};
	struct game games[2] = {game, game};

	(void)state;
	games[1].side = 1;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	play_processes(games);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	/* Only until each knows where the other is. */
	assert_true(games[0].waiter.spin_count < 20);
	assert_true(games[0].waiter.yielded_count + games[0].waiter.park_count >= 1900);
}

/* Several at one seat: each item wakes one, and all are taken. */
static void *take(void *argument)
{
	struct board *board = argument;
	struct waiter waiter;

	waiter_init(&waiter, WAITER_PARK);
	for (;;) {
		uint64_t taken = atomic_fetch_add(&board->taken, 1);
		struct wanted wanted = {&board->ball, taken + 1};
		if (waiter_wait(&waiter, &board->seats[0], NULL, has_reached, &wanted,
			    deadline_after_ms(DEADLINE_MS)) < 0)
			return argument;
		if (taken + 1 > 5000)
			return NULL;
	}
}

static void test_several_sleepers(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};
	struct board *board = board_open(&shm);
	pthread_t threads[SLEEPERS];
	struct waiter waiter;
	void *result;

	(void)state;
	waiter_init(&waiter, WAITER_PARK);
	for (int i = 0; i < SLEEPERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take, board), 0);
	for (int i = 0; i < 5000 + SLEEPERS; i++) {
		atomic_fetch_add_explicit(&board->ball, 1, memory_order_release);
		/* Each waits for a number of its own, so all must look. */
		waiter_notify(&waiter, &board->seats[0], SLEEPERS);
	}
	for (int i = 0; i < SLEEPERS; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
	assert_int_equal(waiter_sleepers(&board->seats[0]), 0);
}

static int sleep_forever(void *argument)
{
	struct board *board = argument;
	struct wanted never = {&board->ball, UINT64_MAX};
	struct waiter waiter;

	waiter_init(&waiter, WAITER_PARK);
	return waiter_wait(&waiter, &board->seats[0], NULL, has_reached, &never,
		deadline_after_ms(DEADLINE_MS));
}

/* What is left of those who are killed asleep is a count, which costs every notification a system
 * call: until it has done so in vain some times. */
static void test_forgets_the_dead(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};
	struct board *board = board_open(&shm);
	struct waiter waiter;

	(void)state;
	for (uint32_t i = 0; i < SLEEPERS; i++) {
		_cleanup_(proc_kill) struct proc child = PROC_NULL;
		int64_t deadline = deadline_after_ms(DEADLINE_MS);
		assert_int_equal(proc_start(&child, sleep_forever, board), 0);
		while (waiter_sleepers(&board->seats[0]) == i && clock_ns() < deadline)
			sched_yield();
	}
	assert_int_equal(waiter_sleepers(&board->seats[0]), SLEEPERS);
	waiter_init(&waiter, WAITER_PARK);
	for (int i = 0; i < 1000; i++)
		waiter_notify(&waiter, &board->seats[0], 1);
	assert_int_equal(waiter_sleepers(&board->seats[0]), 0);
	assert_in_range(waiter.wake_count, 1, 100);
}

/* The wake-up that should have followed died with the one who was woken in our place. */
static void test_outlives_a_lost_wakeup(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};
	struct board *board = board_open(&shm);
	struct game game = {.board = board, .strategy = WAITER_PARK, .rounds = 1, .cpu = -1};
	int64_t deadline = deadline_after_ms(DEADLINE_MS);
	pthread_t thread;
	void *result;

	(void)state;
	game.side = 1;
	assert_int_equal(pthread_create(&thread, NULL, play_thread, &game), 0);
	while (waiter_sleepers(&board->seats[1]) == 0 && clock_ns() < deadline)
		sched_yield();
	atomic_store_explicit(&board->ball, 1, memory_order_release);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
	assert_int_equal(atomic_load(&board->ball), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready_at_once),
		cmocka_unit_test(test_keeps_the_deadline),
		cmocka_unit_test(test_notify_without_sleepers_is_no_system_call),
		cmocka_unit_test(test_no_wakeup_is_lost_processes),
		cmocka_unit_test(test_no_wakeup_is_lost_threads),
		cmocka_unit_test(test_does_not_spin_on_the_peers_cpu),
		cmocka_unit_test(test_several_sleepers),
		cmocka_unit_test(test_forgets_the_dead),
		cmocka_unit_test(test_outlives_a_lost_wakeup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
