/*
 * Conditions: whom a notification reaches, and that no death swallows one.
 */
#include "survival.h"

#include <errno.h>
#include <pthread.h>

#include "base/cleanup.h"
#include "mp/condition.h"
#include "mp/shared.h"

#define PATIENCE MP_S(60)

static void condition_freep(struct mp_condition **condition)
{
	mp_condition_free(*condition);
}

static bool is_true(void *argument)
{
	return *(volatile int *)argument != 0;
}

static void test_alone(void **state)
{
	_cleanup_(condition_freep) struct mp_condition *condition = mp_condition_new(NULL);
	int yes = 1, no = 0;

	(void)state;
	assert_int_equal(mp_condition_wait(condition, 0), -EPERM);
	assert_int_equal(mp_condition_wait_for(condition, is_true, &yes, 0), -EPERM);
	assert_int_equal(mp_condition_notify(condition, 1), -EPERM);
	assert_int_equal(mp_condition_notify_all(condition), -EPERM);
	assert_int_equal(mp_condition_release(condition), -EPERM);
	assert_int_equal(mp_condition_acquire(condition), 0);
	/* Nobody waits, so it reaches nobody: not the next one either. */
	assert_int_equal(mp_condition_notify(condition, 3), 0);
	assert_int_equal(mp_condition_wait(condition, 0), -EAGAIN);
	int64_t start = clock_ns();
	assert_int_equal(mp_condition_wait(condition, MP_MS(10)), -ETIMEDOUT);
	assert_true(clock_ns() - start >= MP_MS(10));
	assert_int_equal(mp_condition_wait_for(condition, is_true, &no, 0), -EAGAIN);
	assert_int_equal(mp_condition_wait_for(condition, is_true, &no, MP_MS(5)), -ETIMEDOUT);
	assert_int_equal(mp_condition_wait_for(condition, is_true, &yes, 0), 0);
	assert_true(mp_lock_is_held(mp_condition_lock(condition)));
	assert_int_equal(mp_condition_release(condition), 0);
}

enum { WAITERS = 6 };

/* What all share; `waiting` and `woken` are guarded by the condition's lock. */
struct room {
	struct mp_condition *condition;
	volatile uint32_t waiting, woken;
	volatile int data, generation;
	volatile uint64_t a, b;
	_Atomic uint64_t told;
};

static void *wait_once(void *argument)
{
	struct room *room = argument;
	int r = mp_condition_acquire(room->condition);

	if (r < 0)
		return (void *)1;
	room->waiting++;
	r = mp_condition_wait(room->condition, PATIENCE);
	room->woken++;
	return (void *)(intptr_t)(r | mp_condition_release(room->condition));
}

/* With the lock: until so many wait, or have been woken. */
static void await(struct room *room, volatile uint32_t *count, uint32_t value)
{
	int64_t deadline = deadline_after_ms(CREW_DEADLINE_MS);

	while (*count < value) {
		mp_condition_release(room->condition);
		assert_true(clock_ns() < deadline);
		sched_yield();
		mp_condition_acquire(room->condition);
	}
}

/* Each notification wakes one, and no more: also none too early, for which we cannot wait, but
 * which the counts at the end and the many rounds would show. */
static void test_counts(void **state)
{
	struct room room = {.condition = mp_condition_new(NULL)};

	(void)state;
	for (int round = 0; round < 100; round++) {
		pthread_t threads[WAITERS];
		void *result;
		room.waiting = room.woken = 0;
		for (int i = 0; i < WAITERS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, wait_once, &room), 0);
		mp_condition_acquire(room.condition);
		await(&room, &room.waiting, WAITERS);
		assert_int_equal(mp_condition_notify(room.condition, 1), 0);
		await(&room, &room.woken, 1);
		assert_int_equal(mp_condition_notify(room.condition, 2), 0);
		await(&room, &room.woken, 3);
		assert_int_equal(room.woken, 3);
		assert_int_equal(mp_condition_notify_all(room.condition), 0);
		await(&room, &room.woken, WAITERS);
		/* All have been counted off. */
		assert_int_equal(mp_condition_wait(room.condition, 0), -EAGAIN);
		mp_condition_release(room.condition);
		for (int i = 0; i < WAITERS; i++) {
			assert_int_equal(pthread_join(threads[i], &result), 0);
			assert_null(result);
		}
	}
	mp_condition_free(room.condition);
}

/* A wait gives all levels of an rlock back, and has them again. */
static void *notify_rlock(void *argument)
{
	struct room *room = argument;
	struct mp_rlock *rlock = (struct mp_rlock *)mp_condition_lock(room->condition);

	if (mp_rlock_acquire_for(rlock, PATIENCE) != 0)
		return (void *)1;
	room->data = 1;
	mp_condition_notify(room->condition, 1);
	return (void *)(intptr_t)mp_rlock_release(rlock);
}

static void test_rlock(void **state)
{
	struct mp_rlock *rlock = mp_rlock_new();
	struct room room = {.condition = mp_condition_new(mp_rlock_lock(rlock))};
	pthread_t thread;
	void *result;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(mp_rlock_acquire(rlock), 0);
	assert_int_equal(pthread_create(&thread, NULL, notify_rlock, &room), 0);
	assert_int_equal(
		mp_condition_wait_for(room.condition, is_true, (void *)&room.data, PATIENCE), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mp_rlock_release(rlock), 0);
	assert_int_equal(mp_rlock_release(rlock), -EPERM);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
	mp_condition_free(room.condition);
	mp_rlock_free(rlock);
}

/* Two sides take turns: no notification is lost, or a side would wait for ever. */
static bool is_my_turn(void *argument)
{
	return ((struct room *)argument)->data % 2 == 1;
}

static bool is_their_turn(void *argument)
{
	return !is_my_turn(argument);
}

static int play(struct room *room, bool (*is_turn)(void *))
{
	for (int i = 0; i < 10000; i++) {
		int r = mp_condition_acquire(room->condition);
		if (r == 0)
			r = mp_condition_wait_for(room->condition, is_turn, room, PATIENCE);
		if (r < 0)
			return 2;
		room->data++;
		mp_condition_notify(room->condition, 1);
		mp_condition_release(room->condition);
	}
	return 0;
}

static int play_child(void *argument)
{
	return play(argument, is_my_turn);
}

static void test_ping_pong(void **state)
{
	struct room *room = mp_shared_new(sizeof(*room));
	_cleanup_(proc_kill) struct proc child = PROC_NULL;
	int status;

	(void)state;
	room->condition = mp_condition_new(NULL);
	assert_int_equal(proc_start(&child, play_child, room), 0);
	assert_int_equal(play(room, is_their_turn), 0);
	assert_int_equal(proc_join(&child, deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(room->data, 20000);
	mp_condition_free(room->condition);
	mp_shared_free(room);
}

/* A waiter is killed after it was notified and before it could have the lock: the next one gets the
 * notification. */
static int wait_in_child(void *argument)
{
	return wait_once(argument) != NULL;
}

static void test_notification_outlives_the_notified(void **state)
{
	struct soak soak = soak_begin("notified", 20);
	struct room *room = mp_shared_new(sizeof(*room));

	(void)state;
	room->condition = mp_condition_new(NULL);
	for (unsigned round = 0; round < soak.rounds; round++) {
		_cleanup_(proc_kill) struct proc first = PROC_NULL, second = PROC_NULL;
		int status;
		room->waiting = room->woken = 0;
		assert_int_equal(proc_start(&first, wait_in_child, room), 0);
		mp_condition_acquire(room->condition);
		await(room, &room->waiting, 1);
		mp_condition_release(room->condition);
		assert_int_equal(proc_start(&second, wait_in_child, room), 0);
		mp_condition_acquire(room->condition);
		await(room, &room->waiting, 2);
		/* One notification. Whoever is woken waits for the lock. */
		assert_int_equal(mp_condition_notify(room->condition, 1), 0);
		soak_spin_ns((int64_t)soak_random(&soak, 100000));
		proc_kill(&first);
		mp_condition_release(room->condition);
		assert_int_equal(
			proc_join(&second, deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
		assert_int_equal(status, 0);
	}
	mp_condition_free(room->condition);
	mp_shared_free(room);
}

/* Who held the lock is killed, and all others wait: one of them is told. */
static int hold_and_die(void *argument)
{
	struct room *room = argument;

	mp_condition_acquire(room->condition);
	room->data = 1;
	raise(SIGKILL);
	return 0;
}

static int wait_for_death(void *argument)
{
	struct room *room = argument;

	if (mp_condition_acquire(room->condition) < 0)
		return 2;
	room->waiting++;
	int r = mp_condition_wait(room->condition, PATIENCE);
	mp_condition_release(room->condition);
	return r == -EOWNERDEAD ? 0 : 3;
}

static void test_who_waits_is_told(void **state)
{
	struct room *room = mp_shared_new(sizeof(*room));
	_cleanup_(proc_kill) struct proc waiter = PROC_NULL, holder = PROC_NULL;
	int status;

	(void)state;
	room->condition = mp_condition_new(NULL);
	assert_int_equal(proc_start(&waiter, wait_for_death, room), 0);
	mp_condition_acquire(room->condition);
	await(room, &room->waiting, 1);
	mp_condition_release(room->condition);
	assert_int_equal(proc_start(&holder, hold_and_die, room), 0);
	assert_int_equal(proc_join(&waiter, deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(mp_condition_acquire(room->condition), 0);
	assert_int_equal(mp_condition_release(room->condition), 0);
	mp_condition_free(room->condition);
	mp_shared_free(room);
}

/*
 * Producers and consumers of a number, with a condition that is notified once per item: a
 * notification that a dead consumer swallowed would leave an item and a sleeper, and with all
 * producers waiting for room, for ever. Who is told of a death sees to it that the others look.
 */
enum { ROOM_MAX = 3 };

static bool has_item(void *argument)
{
	return ((struct room *)argument)->data > 0;
}

static bool has_space(void *argument)
{
	return ((struct room *)argument)->data < ROOM_MAX;
}

static int mend(struct room *room, int r)
{
	if (r == -EOWNERDEAD) {
		atomic_fetch_add(&room->told, 1);
		room->b = room->a;
		mp_condition_notify_all(room->condition);
	}
	return r == -EOWNERDEAD || r == 0 ? 0 : r;
}

static int work(struct crew *crew, unsigned member)
{
	struct room *room = crew->shared;
	int change = member % 2 == 0 ? 1 : -1;

	while (!crew_is_over(crew)) {
		int r = mend(room, mp_condition_acquire(room->condition));
		if (r == 0)
			r = mend(room, mp_condition_wait_for(room->condition,
					       change > 0 ? has_space : has_item, room, MP_S(1)));
		/* At the end nobody may be left to trade with. */
		if (r == 0) {
			if (room->a != room->b)
				return 2;
			room->a++;
			if (change > 0 ? room->data < ROOM_MAX : room->data > 0)
				room->data += change;
			/* Long enough for deaths to meet it. */
			if (crew_steps(crew, member) % 4 == 0)
				soak_spin_ns(20000);
			room->b++;
			mp_condition_notify(room->condition, 2);
		} else if (r != -ETIMEDOUT) {
			return 3;
		}
		if (mp_condition_release(room->condition) != 0)
			return 4;
		if (r == 0)
			crew_step(crew, member);
	}
	return 0;
}

static void test_survives(void **state)
{
	struct soak soak = soak_begin("condition", 60);
	struct room *room = mp_shared_new(sizeof(*room));
	struct crew crew;
	uint64_t kills = 0;

	(void)state;
	room->condition = mp_condition_new(NULL);
	crew_start(&crew, 6, work, room);
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
	assert_true(room->told <= kills);
	printf("condition: %llu deaths told of %llu\n", (unsigned long long)room->told,
		(unsigned long long)kills);
	mp_condition_free(room->condition);
	mp_shared_free(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_rlock),
		cmocka_unit_test(test_ping_pong),
		cmocka_unit_test(test_notification_outlives_the_notified),
		cmocka_unit_test(test_who_waits_is_told),
		cmocka_unit_test(test_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
