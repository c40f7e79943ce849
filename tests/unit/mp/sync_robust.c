/*
 * Locks and libc's robust mutexes share the one list that the kernel knows of a thread: they may be
 * held together, released in any order, and left behind together.
 */
#include "survival.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "mp/lock.h"
#include "mp/shared.h"

enum { EACH = 4, ALL = 2 * EACH };

/* The even ones are ours, the odd ones libc's, and some of these inherit priorities: their links
 * are marked. */
struct mix {
	struct mp_lock locks[EACH];
	pthread_mutex_t mutexes[EACH];
	_Atomic uint32_t told;
};

static void mix_init(struct mix *mix)
{
	for (int i = 0; i < EACH; i++) {
		pthread_mutexattr_t attributes;
		pthread_mutexattr_init(&attributes);
		pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
		pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
		if (i % 2 == 1)
			pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
		assert_int_equal(pthread_mutex_init(&mix->mutexes[i], &attributes), 0);
		pthread_mutexattr_destroy(&attributes);
		mp_lock_init(&mix->locks[i]);
	}
}

/* libc's robust mutex can lose a wake-up when a waiter is killed: then others sleep for ever beside
 * a free one. So this looks again now and then; what is tested is the list that both share. */
static int mutex_lock(pthread_mutex_t *mutex)
{
	int r;

#ifdef __SANITIZE_THREAD__
	/* Which takes one that a dead holder left, in a timed call, for unlocked. */
	while ((r = pthread_mutex_trylock(mutex)) == EBUSY)
		sched_yield();
#else
	do {
		struct timespec end;
		clock_gettime(CLOCK_REALTIME, &end);
		end.tv_sec++;
		r = pthread_mutex_timedlock(mutex, &end);
	} while (r == ETIMEDOUT);
#endif
	return r;
}

/* 0 or -EOWNERDEAD, and then it is whole again. */
static int acquire(struct mix *mix, unsigned i)
{
	if (i % 2 == 0)
		return mp_lock_acquire(&mix->locks[i / 2]);
	int r = mutex_lock(&mix->mutexes[i / 2]);
	if (r == EOWNERDEAD)
		pthread_mutex_consistent(&mix->mutexes[i / 2]);
	return -r;
}

static int try(struct mix *mix, unsigned i)
{
	if (i % 2 == 0)
		return mp_lock_try(&mix->locks[i / 2]) == 0;
	return pthread_mutex_trylock(&mix->mutexes[i / 2]) == 0;
}

static int release(struct mix *mix, unsigned i)
{
	return i % 2 == 0 ? mp_lock_release(&mix->locks[i / 2])
			  : -pthread_mutex_unlock(&mix->mutexes[i / 2]);
}

static void shuffle(unsigned order[ALL], struct soak *soak)
{
	for (unsigned i = 0; i < ALL; i++)
		order[i] = i;
	for (unsigned i = ALL - 1; i > 0; i--) {
		unsigned j = (unsigned)soak_random(soak, i + 1), swapped = order[i];
		order[i] = order[j];
		order[j] = swapped;
	}
}

static void test_any_order(void **state)
{
	struct soak soak = soak_begin("order", 300);
	struct mix *mix = mp_shared_new(sizeof(*mix));
	unsigned order[ALL];

	(void)state;
	mix_init(mix);
	for (unsigned round = 0; round < soak.rounds; round++) {
		shuffle(order, &soak);
		for (int i = 0; i < ALL; i++)
			assert_int_equal(acquire(mix, order[i]), 0);
		shuffle(order, &soak);
		for (int i = 0; i < ALL; i++)
			assert_int_equal(release(mix, order[i]), 0);
	}
	mp_shared_free(mix);
}

struct dying {
	struct mix *mix;
	struct soak soak;
	unsigned held; /* a set: what it holds when it dies */
};

/* Takes all in one order, gives some back in another, and dies. */
static int die_holding(void *argument)
{
	struct dying *dying = argument;
	unsigned order[ALL];

	shuffle(order, &dying->soak);
	for (int i = 0; i < ALL; i++)
		if (acquire(dying->mix, order[i]) != 0)
			return 2;
	shuffle(order, &dying->soak);
	for (int i = 0; i < ALL; i++)
		if (!(dying->held & 1u << order[i]) && release(dying->mix, order[i]) != 0)
			return 3;
	raise(SIGKILL);
	return 4;
}

static void test_death_with_a_mix(void **state)
{
	struct soak soak = soak_begin("mix", 200);
	struct dying *dying = mp_shared_new(sizeof(*dying));

	(void)state;
	dying->mix = mp_shared_new(sizeof(*dying->mix));
	mix_init(dying->mix);
	for (unsigned round = 0; round < soak.rounds; round++) {
		_cleanup_(proc_kill) struct proc child = PROC_NULL;
		int status;
		dying->held = (unsigned)soak_random(&soak, 1u << ALL);
		dying->soak = (struct soak){.state = soak_random(&soak, UINT64_MAX)};
		assert_int_equal(proc_start(&child, die_holding, dying), 0);
		assert_int_equal(
			proc_join(&child, deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
		assert_int_equal(status, SIGKILL);
		for (unsigned i = 0; i < ALL; i++) {
			assert_int_equal(
				acquire(dying->mix, i), dying->held & 1u << i ? -EOWNERDEAD : 0);
			assert_int_equal(release(dying->mix, i), 0);
		}
	}
	mp_shared_free(dying->mix);
	mp_shared_free(dying);
}

/* Killed at a random instant while it takes and gives back: whatever it was doing, each of them can
 * be had again. */
static int work(struct crew *crew, unsigned member)
{
	struct mix *mix = crew->shared;
	struct soak soak = {.state = crew_steps(crew, member) * CREW_MAX + member};

	while (!crew_is_over(crew)) {
		/* In rising order, so that nobody waits in a circle. */
		unsigned wanted = (unsigned)soak_random(&soak, 1u << ALL);
		for (unsigned i = 0; i < ALL; i++) {
			int r = wanted & 1u << i ? acquire(mix, i) : 0;
			if (r == -EOWNERDEAD)
				atomic_fetch_add(&mix->told, 1);
			else if (r < 0)
				return 2;
		}
		unsigned order[ALL];
		shuffle(order, &soak);
		for (unsigned i = 0; i < ALL; i++)
			if (wanted & 1u << order[i] && release(mix, order[i]) != 0)
				return 3;
		crew_step(crew, member);
	}
	return 0;
}

static void test_random_deaths(void **state)
{
	struct soak soak = soak_begin("robust", 60);
	struct mix *mix = mp_shared_new(sizeof(*mix));
	struct crew crew;

	(void)state;
	mix_init(mix);
	crew_start(&crew, 3, work, mix);
	for (unsigned i = 0; i < soak.rounds; i++) {
		crew_kill_one(&crew, &soak);
		crew_expect_steps(&crew, 2);
	}
	crew_end(&crew);
	for (unsigned i = 0; i < ALL; i++)
		assert_true(try(mix, i));
	for (unsigned i = 0; i < ALL; i++)
		assert_int_equal(release(mix, i), 0);
	printf("robust: %u held ones were left behind\n", mix->told);
	mp_shared_free(mix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_death_with_a_mix),
		cmocka_unit_test(test_random_deaths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
