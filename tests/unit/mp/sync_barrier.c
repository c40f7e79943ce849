/*
 * Barriers: rounds, indices, the ways to break one, and the deaths that do.
 */
#include "survival.h"

#include <errno.h>
#include <pthread.h>

#include "base/cleanup.h"
#include "mp/barrier.h"
#include "mp/shared.h"

#define PATIENCE MP_S(60)

enum { PARTIES = 4, ROUNDS = 2000 };

static void barrier_freep(struct mp_barrier **barrier)
{
	mp_barrier_free(*barrier);
}

struct team {
	struct mp_barrier *barrier;
	_Atomic uint64_t indices, actions, arrived, ended;
	_Atomic int reasons[3];
	int64_t timeout_ns;
	bool joins;
	int (*action)(void *argument);
};

static int act(void *argument)
{
	struct team *team = argument;

	/* Before anybody has left, and after all have come. */
	return atomic_load(&team->arrived) == PARTIES * (atomic_fetch_add(&team->actions, 1) + 1)
		       ? 0
		       : -EIO;
}

static int run_rounds(struct team *team)
{
	for (uint64_t i = 0; i < ROUNDS; i++) {
		if (atomic_fetch_add(&team->arrived, 1) / PARTIES != i)
			return 2;
		int index = mp_barrier_wait_then(team->barrier, act, team, PATIENCE);
		if (index < 0 || index >= PARTIES || atomic_load(&team->actions) != i + 1)
			return 3;
		atomic_fetch_add(&team->indices, (uint64_t)index);
	}
	return 0;
}

static void *run_rounds_thread(void *team)
{
	return (void *)(intptr_t)run_rounds(team);
}

static int run_rounds_process(void *team)
{
	return run_rounds(team);
}

static void expect_rounds(const struct team *team)
{
	assert_int_equal(team->actions, ROUNDS);
	assert_int_equal(team->indices, ROUNDS * (PARTIES * (PARTIES - 1) / 2));
	assert_int_equal(mp_barrier_n_waiting(team->barrier), 0);
	assert_false(mp_barrier_is_broken(team->barrier));
}

static void test_rounds(void **state)
{
	struct team *team = mp_shared_new(sizeof(*team));
	struct proc children[PARTIES];
	pthread_t threads[PARTIES];
	void *result;
	int status;

	(void)state;
	team->barrier = mp_barrier_new(PARTIES);
	assert_int_equal(mp_barrier_parties(team->barrier), PARTIES);
	for (int i = 0; i < PARTIES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_rounds_thread, team), 0);
	for (int i = 0; i < PARTIES; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
	expect_rounds(team);
	team->arrived = team->actions = team->indices = 0;
	for (int i = 0; i < PARTIES; i++)
		assert_int_equal(proc_start(&children[i], run_rounds_process, team), 0);
	for (int i = 0; i < PARTIES; i++) {
		assert_int_equal(
			proc_join(&children[i], deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
		assert_int_equal(status, 0);
	}
	expect_rounds(team);
	mp_barrier_free(team->barrier);
	mp_shared_free(team);
}

/* Waits once; says why it ended. */
static void *wait_thread(void *argument)
{
	struct team *team = argument;

	if (team->joins)
		mp_barrier_join(team->barrier);
	int r = mp_barrier_wait(team->barrier, team->timeout_ns);
	atomic_store(&team->reasons[atomic_fetch_add(&team->ended, 1)], r);
	if (team->joins)
		mp_barrier_leave(team->barrier);
	return NULL;
}

static void start_waiting(struct team *team, pthread_t *threads, uint32_t n)
{
	int64_t deadline = deadline_after_ms(CREW_DEADLINE_MS);

	team->ended = 0;
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_thread, team), 0);
	while (mp_barrier_n_waiting(team->barrier) < n && clock_ns() < deadline)
		sched_yield();
	assert_int_equal(mp_barrier_n_waiting(team->barrier), n);
}

static void expect_reasons(struct team *team, pthread_t *threads, uint32_t n, int reason)
{
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(team->reasons[i], reason);
}

static int refuse(void *argument)
{
	(void)argument;
	return -EDOM;
}

static void test_breaking(void **state)
{
	_cleanup_(barrier_freep) struct mp_barrier *barrier = mp_barrier_new(3);
	struct team team = {.barrier = barrier, .timeout_ns = PATIENCE};
	pthread_t threads[2];

	(void)state;
	/* Gives up: then it is broken for the others. */
	start_waiting(&team, threads, 1);
	assert_int_equal(mp_barrier_wait(barrier, MP_MS(5)), -ETIMEDOUT);
	expect_reasons(&team, threads, 1, -EPIPE);
	assert_true(mp_barrier_is_broken(barrier));
	assert_int_equal(mp_barrier_wait(barrier, PATIENCE), -EPIPE);
	mp_barrier_reset(barrier);
	assert_false(mp_barrier_is_broken(barrier));
	assert_int_equal(mp_barrier_wait(barrier, 0), -EAGAIN);
	mp_barrier_reset(barrier);

	start_waiting(&team, threads, 2);
	mp_barrier_abort(barrier);
	expect_reasons(&team, threads, 2, -EPIPE);
	assert_int_equal(mp_barrier_wait(barrier, PATIENCE), -EPIPE);
	mp_barrier_reset(barrier);

	/* A reset breaks the round only. */
	start_waiting(&team, threads, 2);
	mp_barrier_reset(barrier);
	expect_reasons(&team, threads, 2, -EPIPE);
	assert_false(mp_barrier_is_broken(barrier));

	start_waiting(&team, threads, 2);
	assert_int_equal(mp_barrier_wait_then(barrier, refuse, NULL, PATIENCE), -EDOM);
	expect_reasons(&team, threads, 2, -EPIPE);
	mp_barrier_reset(barrier);

	/* And after all that it works. */
	start_waiting(&team, threads, 2);
	assert_int_equal(mp_barrier_wait(barrier, PATIENCE), 2);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	assert_int_equal(team.reasons[0] + team.reasons[1], 1);
	assert_null(mp_barrier_new(0));
	assert_null(mp_barrier_new(MP_BARRIER_MAX + 1));
}

static void *join_and_end(void *argument)
{
	return (void *)(intptr_t)mp_barrier_join(argument);
}

static void test_members(void **state)
{
	_cleanup_(barrier_freep) struct mp_barrier *barrier = mp_barrier_new(2);
	struct team team = {.barrier = barrier, .timeout_ns = PATIENCE, .joins = true};
	pthread_t threads[2];
	void *result;

	(void)state;
	assert_int_equal(mp_barrier_leave(barrier), -EPERM);
	assert_int_equal(mp_barrier_join(barrier), 0);
	assert_int_equal(mp_barrier_join(barrier), -EALREADY);
	start_waiting(&team, threads, 1);
	assert_int_equal(mp_barrier_wait(barrier, PATIENCE), 1);
	expect_reasons(&team, threads, 1, 0);
	/* A member that ends without leaving, and has not come. */
	assert_int_equal(pthread_create(&threads[0], NULL, join_and_end, barrier), 0);
	assert_int_equal(pthread_join(threads[0], &result), 0);
	assert_null(result);
	assert_int_equal(mp_barrier_wait(barrier, PATIENCE), -EOWNERDEAD);
	assert_int_equal(mp_barrier_wait(barrier, PATIENCE), -EPIPE);
	mp_barrier_reset(barrier);
	start_waiting(&team, threads, 1);
	assert_int_equal(mp_barrier_wait(barrier, PATIENCE), 1);
	expect_reasons(&team, threads, 1, 0);
	assert_int_equal(mp_barrier_leave(barrier), 0);
	assert_int_equal(mp_barrier_leave(barrier), -EPERM);
}

/* More threads than parties: each round is of any three of them. Who is left over at the end lacks
 * partners. */
static void *run_many(void *argument)
{
	struct team *team = argument;

	for (;;) {
		int r = mp_barrier_wait(team->barrier, PATIENCE);
		if (r == -EPIPE)
			return NULL;
		if (r < 0 || r >= 3)
			return argument;
		atomic_fetch_add(&team->indices, (uint64_t)r);
		if (atomic_fetch_add(&team->arrived, 1) > 3000)
			mp_barrier_abort(team->barrier);
	}
}

static void test_more_threads_than_parties(void **state)
{
	_cleanup_(barrier_freep) struct mp_barrier *barrier = mp_barrier_new(3);
	struct team team = {.barrier = barrier};
	pthread_t threads[7];
	void *result;

	(void)state;
	for (int i = 0; i < 7; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, &team), 0);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
	/* Each round has a 0, a 1 and a 2. */
	assert_int_equal(team.indices, team.arrived);
}

/* Parties that come again and again, and mend the barrier when a death broke it. */
static int work(struct crew *crew, unsigned member)
{
	struct team *team = crew->shared;

	if (team->joins)
		while (mp_barrier_join(team->barrier) == -EBUSY && !crew_is_over(crew))
			sched_yield();
	while (!crew_is_over(crew)) {
		int r = mp_barrier_wait(team->barrier, team->timeout_ns);
		if (r < 0 && r != -EOWNERDEAD && r != -EPIPE)
			return 2;
		if (r < 0 && atomic_load(&team->ended))
			break;
		if (r < 0)
			mp_barrier_reset(team->barrier);
		crew_step(crew, member);
	}
	/* Others may still wait for this one. */
	mp_barrier_abort(team->barrier);
	return 0;
}

static void survive(const char *name, bool joins)
{
	struct soak soak = soak_begin(name, 40);
	struct team *team = mp_shared_new(sizeof(*team));
	struct crew crew;

	team->barrier = mp_barrier_new(PARTIES);
	team->joins = joins;
	team->timeout_ns = PATIENCE;
	crew_start(&crew, PARTIES, work, team);
	for (unsigned i = 0; i < soak.rounds; i++) {
		if (soak_random(&soak, 4) == 0)
			crew_stop_one(&crew, &soak);
		else
			crew_kill_one(&crew, &soak);
		crew_expect_steps(&crew, 2);
	}
	/* The last death: the others are told without anybody coming, and do not mend it. */
	atomic_store(&team->ended, 1);
	if (joins) {
		crew_kill_any(&crew, &soak);
		int64_t deadline = deadline_after_ms(CREW_DEADLINE_MS);
		while (!mp_barrier_is_broken(team->barrier) && clock_ns() < deadline)
			sched_yield();
		assert_true(clock_ns() < deadline);
	}
	crew_end(&crew);
	mp_barrier_free(team->barrier);
	mp_shared_free(team);
}

static void test_survives(void **state)
{
	(void)state;
	survive("barrier", false);
}

static void test_members_survive(void **state)
{
	(void)state;
	survive("barrier with members", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_breaking),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_more_threads_than_parties),
		cmocka_unit_test(test_survives),
		cmocka_unit_test(test_members_survive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
