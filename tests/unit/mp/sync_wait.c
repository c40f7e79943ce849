/*
 * Semaphores and events: what they promise, and whom they survive.
 */
#include "survival.h"

#include <errno.h>
#include <pthread.h>

#include "base/cleanup.h"
#include "mp/event.h"
#include "mp/semaphore.h"
#include "mp/shared.h"

#define PATIENCE MP_S(60)

static void semaphore_freep(struct mp_semaphore **semaphore)
{
	mp_semaphore_free(*semaphore);
}

static void bounded_freep(struct mp_bounded_semaphore **semaphore)
{
	mp_bounded_semaphore_free(*semaphore);
}

static void event_freep(struct mp_event **event)
{
	mp_event_free(*event);
}

static void test_semaphore(void **state)
{
	_cleanup_(semaphore_freep) struct mp_semaphore *semaphore = mp_semaphore_new(2);

	(void)state;
	assert_int_equal(mp_semaphore_value(semaphore), 2);
	assert_int_equal(mp_semaphore_acquire(semaphore), 0);
	assert_int_equal(mp_semaphore_try(semaphore), 0);
	assert_int_equal(mp_semaphore_try(semaphore), -EAGAIN);
	int64_t start = clock_ns();
	assert_int_equal(mp_semaphore_acquire_for(semaphore, MP_MS(10)), -ETIMEDOUT);
	assert_true(clock_ns() - start >= MP_MS(10));
	assert_int_equal(mp_semaphore_release_many(semaphore, 3), 0);
	assert_int_equal(mp_semaphore_value(semaphore), 3);
	assert_int_equal(mp_semaphore_release_many(semaphore, MP_SEMAPHORE_MAX), -EOVERFLOW);
	assert_int_equal(mp_semaphore_value(semaphore), 3);
	assert_null(mp_semaphore_new(MP_SEMAPHORE_MAX + 1));
	assert_int_equal(errno, EINVAL);
}

static void *acquire_and_keep(void *argument)
{
	return (void *)(intptr_t)mp_bounded_semaphore_acquire_for(argument, PATIENCE);
}

static void *acquire_and_release(void *argument)
{
	if (mp_bounded_semaphore_acquire_for(argument, PATIENCE) != 0)
		return (void *)1;
	return (void *)(intptr_t)mp_bounded_semaphore_release(argument);
}

static void *result_of(void *(*run)(void *), void *argument)
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, run, argument), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	return result;
}

static void test_bounded_semaphore(void **state)
{
	_cleanup_(bounded_freep) struct mp_bounded_semaphore *semaphore =
		mp_bounded_semaphore_new(3);

	(void)state;
	assert_int_equal(mp_bounded_semaphore_release(semaphore), -EPERM);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(mp_bounded_semaphore_value(semaphore), 3 - i);
		assert_int_equal(mp_bounded_semaphore_acquire(semaphore), 0);
	}
	assert_int_equal(mp_bounded_semaphore_try(semaphore), -EAGAIN);
	assert_int_equal(mp_bounded_semaphore_acquire_for(semaphore, MP_MS(5)), -ETIMEDOUT);
	assert_int_equal(mp_bounded_semaphore_release(semaphore), 0);
	assert_null(result_of(acquire_and_release, semaphore));
	/* A thread that ends with a permit: it is told of once, and only to who gets that one. */
	assert_null(result_of(acquire_and_keep, semaphore));
	assert_int_equal(mp_bounded_semaphore_value(semaphore), 1);
	assert_int_equal(mp_bounded_semaphore_acquire(semaphore), -EOWNERDEAD);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mp_bounded_semaphore_release(semaphore), 0);
	assert_int_equal(mp_bounded_semaphore_release(semaphore), -EPERM);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mp_bounded_semaphore_acquire(semaphore), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mp_bounded_semaphore_release(semaphore), 0);
	assert_null(mp_bounded_semaphore_new(0));
	assert_null(mp_bounded_semaphore_new(MP_BOUNDED_SEMAPHORE_MAX + 1));
	assert_int_equal(errno, EINVAL);
}

struct waiting {
	struct mp_event *event;
	_Atomic int ready;
	int r;
};

static void *wait_thread(void *argument)
{
	struct waiting *waiting = argument;

	atomic_store(&waiting->ready, 1);
	waiting->r = mp_event_wait(waiting->event, PATIENCE);
	return NULL;
}

static void test_event(void **state)
{
	_cleanup_(event_freep) struct mp_event *event = mp_event_new();

	(void)state;
	assert_false(mp_event_is_set(event));
	assert_int_equal(mp_event_wait(event, 0), -EAGAIN);
	assert_int_equal(mp_event_wait(event, MP_MS(5)), -ETIMEDOUT);
	mp_event_set(event);
	mp_event_set(event);
	assert_true(mp_event_is_set(event));
	assert_int_equal(mp_event_wait(event, 0), 0);
	mp_event_clear(event);
	assert_false(mp_event_is_set(event));
	mp_event_clear(event);
	assert_int_equal(mp_event_wait(event, 0), -EAGAIN);
}

/* Set and cleared at once: good for all who wait. */
static void test_event_pulse(void **state)
{
	_cleanup_(event_freep) struct mp_event *event = mp_event_new();

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct waiting waiting[3];
		pthread_t threads[3];
		for (int i = 0; i < 3; i++) {
			waiting[i] = (struct waiting){.event = event};
			assert_int_equal(
				pthread_create(&threads[i], NULL, wait_thread, &waiting[i]), 0);
		}
		for (int i = 0; i < 3; i++)
			while (!atomic_load(&waiting[i].ready))
				sched_yield();
		/* One who has not begun to wait yet needs another. */
		for (int i = 0; i < 3; i++) {
			while (pthread_tryjoin_np(threads[i], NULL) == EBUSY) {
				mp_event_set(event);
				mp_event_clear(event);
				sched_yield();
			}
			assert_int_equal(waiting[i].r, 0);
		}
	}
}

struct game {
	struct mp_event *turn[2];
	struct mp_semaphore *signal[2];
	struct mp_bounded_semaphore *permits;
	_Atomic uint32_t inside;
	_Atomic uint64_t told;
};

/* Many signals are sent and received: none is lost or doubled. */
static int play_semaphores(void *argument)
{
	struct game *game = argument;

	for (int i = 0; i < 20000; i++) {
		if (mp_semaphore_acquire_for(game->signal[1], PATIENCE) < 0)
			return 2;
		mp_semaphore_release(game->signal[0]);
	}
	return 0;
}

static int play_events(void *argument)
{
	struct game *game = argument;

	for (int i = 0; i < 20000; i++) {
		if (mp_event_wait(game->turn[1], PATIENCE) < 0)
			return 2;
		mp_event_clear(game->turn[1]);
		mp_event_set(game->turn[0]);
	}
	return 0;
}

static void test_ping_pong(void **state)
{
	struct game game = {.turn = {mp_event_new(), mp_event_new()},
		.signal = {mp_semaphore_new(0), mp_semaphore_new(0)}};
	_cleanup_(proc_kill) struct proc first = PROC_NULL, second = PROC_NULL;
	int status;

	(void)state;
	assert_int_equal(proc_start(&first, play_semaphores, &game), 0);
	for (int i = 0; i < 20000; i++) {
		mp_semaphore_release(game.signal[1]);
		assert_int_equal(mp_semaphore_acquire_for(game.signal[0], PATIENCE), 0);
	}
	assert_int_equal(proc_start(&second, play_events, &game), 0);
	for (int i = 0; i < 20000; i++) {
		mp_event_set(game.turn[1]);
		assert_int_equal(mp_event_wait(game.turn[0], PATIENCE), 0);
		mp_event_clear(game.turn[0]);
	}
	assert_int_equal(proc_join(&first, deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(proc_join(&second, deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		mp_event_free(game.turn[i]);
		mp_semaphore_free(game.signal[i]);
	}
}

enum { PERMITS = 2 };

/* Never more inside than permits. One who is killed inside is counted off by who is told. */
static int work_bounded(struct crew *crew, unsigned member)
{
	struct game *game = crew->shared;

	while (!crew_is_over(crew)) {
		int r = mp_bounded_semaphore_acquire_for(game->permits, PATIENCE);
		if (r == -EOWNERDEAD)
			atomic_fetch_add(&game->told, 1);
		else if (r < 0)
			return 2;
		if (mp_bounded_semaphore_value(game->permits) >= PERMITS)
			return 3;
		sched_yield();
		if (mp_bounded_semaphore_release(game->permits) != 0)
			return 4;
		crew_step(crew, member);
	}
	return 0;
}

static void test_bounded_survives(void **state)
{
	struct soak soak = soak_begin("bounded_semaphore", 60);
	struct game *game = mp_shared_new(sizeof(*game));
	uint64_t kills = 0;
	struct crew crew;

	(void)state;
	game->permits = mp_bounded_semaphore_new(PERMITS);
	crew_start(&crew, 5, work_bounded, game);
	for (unsigned i = 0; i < soak.rounds; i++) {
		if (soak_random(&soak, 4) == 0) {
			crew_stop_one(&crew, &soak);
		} else {
			crew_kill_one(&crew, &soak);
			kills++;
		}
		crew_expect_steps(&crew, 2);
	}
	crew_end(&crew);
	/* All permits are back. */
	assert_int_equal(mp_bounded_semaphore_value(game->permits), PERMITS);
	for (int i = 0; i < PERMITS; i++)
		game->told += mp_bounded_semaphore_acquire(game->permits) == -EOWNERDEAD;
	assert_true(game->told <= kills);
	printf("bounded_semaphore: %llu deaths told of %llu\n", (unsigned long long)game->told,
		(unsigned long long)kills);
	for (int i = 0; i < PERMITS; i++)
		assert_int_equal(mp_bounded_semaphore_release(game->permits), 0);
	mp_bounded_semaphore_free(game->permits);
	mp_shared_free(game);
}

/* Everybody posts and takes; who is killed between the two takes at most one with it. */
static int work_semaphore(struct crew *crew, unsigned member)
{
	struct game *game = crew->shared;

	while (!crew_is_over(crew)) {
		mp_semaphore_release(game->signal[0]);
		if (mp_semaphore_acquire_for(game->signal[0], PATIENCE) < 0)
			return 2;
		crew_step(crew, member);
	}
	return 0;
}

static int work_event(struct crew *crew, unsigned member)
{
	struct game *game = crew->shared;

	while (!crew_is_over(crew)) {
		/* Some set, some wait. A wait that is not answered is no step. */
		int r = 0;
		if (member % 2 == 0) {
			mp_event_set(game->turn[0]);
			sched_yield();
			mp_event_clear(game->turn[0]);
		} else {
			r = mp_event_wait(game->turn[0], MP_MS(50));
		}
		if (r == 0)
			crew_step(crew, member);
		else if (r != -ETIMEDOUT)
			return 2;
	}
	return 0;
}

static void survive(const char *name, int (*work)(struct crew *crew, unsigned member))
{
	struct soak soak = soak_begin(name, 60);
	struct game game = {.turn = {mp_event_new()}, .signal = {mp_semaphore_new(0)}};
	struct crew crew;

	crew_start(&crew, 4, work, &game);
	for (unsigned i = 0; i < soak.rounds; i++) {
		if (soak_random(&soak, 4) == 0)
			crew_stop_one(&crew, &soak);
		else
			crew_kill_one(&crew, &soak);
		crew_expect_steps(&crew, 3);
	}
	atomic_store(&crew.board->is_over, true);
	/* The last who wait. */
	mp_semaphore_release_many(game.signal[0], crew.count);
	crew_end(&crew);
	mp_event_free(game.turn[0]);
	mp_semaphore_free(game.signal[0]);
}

static void test_semaphore_survives(void **state)
{
	(void)state;
	survive("semaphore", work_semaphore);
}

static void test_event_survives(void **state)
{
	(void)state;
	survive("event", work_event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_semaphore),
		cmocka_unit_test(test_bounded_semaphore),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_event_pulse),
		cmocka_unit_test(test_ping_pong),
		cmocka_unit_test(test_bounded_survives),
		cmocka_unit_test(test_semaphore_survives),
		cmocka_unit_test(test_event_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
