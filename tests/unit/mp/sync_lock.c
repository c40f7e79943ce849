/*
 * Locks and recursive locks: what they promise, and whom they survive.
 */
#include "survival.h"

#include <errno.h>
#include <pthread.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mp/lock.h"
#include "mp/rlock.h"
#include "mp/shared.h"
#include "mp/with.h"

#define PATIENCE MP_S(60)

static void lock_freep(struct mp_lock **lock)
{
	mp_lock_free(*lock);
}

static void rlock_freep(struct mp_rlock **rlock)
{
	mp_rlock_free(*rlock);
}

/* In a thread of its own, which ends: what one who does not hold it gets. */
struct asked {
	struct mp_lock *lock;
	struct mp_rlock *rlock;
	int64_t timeout_ns;
	bool keeps;
	int r, release_r;
};

static void *ask_thread(void *argument)
{
	struct asked *asked = argument;

	if (asked->rlock) {
		asked->r = mp_rlock_acquire_for(asked->rlock, asked->timeout_ns);
		asked->release_r = asked->keeps ? 1 : mp_rlock_release(asked->rlock);
	} else {
		asked->r = mp_lock_acquire_for(asked->lock, asked->timeout_ns);
		asked->release_r = asked->keeps ? 1 : mp_lock_release(asked->lock);
	}
	return NULL;
}

static struct asked ask(struct asked asked)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, ask_thread, &asked), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return asked;
}

static void test_lock(void **state)
{
	_cleanup_(lock_freep) struct mp_lock *lock = mp_lock_new();
	struct asked other;

	(void)state;
	assert_non_null(lock);
	assert_int_equal(mp_lock_release(lock), -EPERM);
	assert_int_equal(mp_lock_acquire(lock), 0);
	assert_true(mp_lock_is_held(lock));
	assert_int_equal(mp_lock_try(lock), -EDEADLK);
	other = ask((struct asked){.lock = lock, .timeout_ns = 0});
	assert_int_equal(other.r, -EAGAIN);
	assert_int_equal(other.release_r, -EPERM);
	int64_t start = clock_ns();
	other = ask((struct asked){.lock = lock, .timeout_ns = MP_MS(20)});
	assert_int_equal(other.r, -ETIMEDOUT);
	assert_true(clock_ns() - start >= MP_MS(20));
	assert_int_equal(mp_lock_release(lock), 0);
	assert_false(mp_lock_is_held(lock));
	other = ask((struct asked){.lock = lock, .timeout_ns = 0});
	assert_int_equal(other.r, 0);
	assert_int_equal(other.release_r, 0);
}

static void test_lock_of_an_ended_thread(void **state)
{
	_cleanup_(lock_freep) struct mp_lock *lock = mp_lock_new();

	(void)state;
	assert_int_equal(ask((struct asked){.lock = lock, .keeps = true}).r, 0);
	assert_false(mp_lock_is_held(lock));
	assert_int_equal(mp_lock_acquire_for(lock, PATIENCE), -EOWNERDEAD);
	assert_int_equal(mp_lock_release(lock), 0);
	assert_int_equal(mp_lock_acquire(lock), 0);
	assert_int_equal(mp_lock_release(lock), 0);
}

static void test_rlock(void **state)
{
	_cleanup_(rlock_freep) struct mp_rlock *rlock = mp_rlock_new();

	(void)state;
	assert_int_equal(mp_rlock_release(rlock), -EPERM);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mp_rlock_acquire(rlock), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask((struct asked){.rlock = rlock}).r, -EAGAIN);
		assert_int_equal(mp_rlock_release(rlock), 0);
	}
	assert_int_equal(mp_rlock_release(rlock), -EPERM);
	assert_int_equal(ask((struct asked){.rlock = rlock, .keeps = true}).r, 0);
	/* However often the dead had it, this one has it once. */
	assert_int_equal(mp_rlock_acquire_for(rlock, PATIENCE), -EOWNERDEAD);
	assert_int_equal(mp_rlock_try(rlock), 0);
	assert_int_equal(mp_rlock_release(rlock), 0);
	assert_int_equal(mp_rlock_release(rlock), 0);
	assert_int_equal(mp_rlock_release(rlock), -EPERM);
}

static int leave_by_return(struct mp_lock *lock)
{
	mp_with(lock, r) return r == 0 && mp_lock_is_held(lock);
	return -1;
}

static void test_with(void **state)
{
	_cleanup_(lock_freep) struct mp_lock *lock = mp_lock_new();
	_cleanup_(rlock_freep) struct mp_rlock *rlock = mp_rlock_new();
	int turns = 0;

	(void)state;
	mp_with(lock, r)
	{
		assert_int_equal(r, 0);
		assert_true(mp_lock_is_held(lock));
		turns++;
	}
	assert_int_equal(turns, 1);
	assert_false(mp_lock_is_held(lock));
	mp_with(lock, r) if (r == 0) break;
	assert_false(mp_lock_is_held(lock));
	assert_int_equal(leave_by_return(lock), 1);
	assert_false(mp_lock_is_held(lock));
	mp_with(rlock, outer) mp_with(rlock, inner) turns +=
		outer == 0 && inner == 0 && mp_rlock_is_mine(rlock);
	assert_int_equal(turns, 2);
	assert_false(mp_rlock_is_mine(rlock));
	ask((struct asked){.lock = lock, .keeps = true});
	mp_with(lock, r) turns += r == -EOWNERDEAD;
	assert_int_equal(turns, 3);
}

/* What a lock guards: two numbers that are the same outside of it. */
struct guarded {
	struct mp_lock *lock;
	struct mp_rlock *rlock;
	volatile uint64_t a, b;
	volatile uint32_t inside;
	_Atomic uint64_t deaths_told;
};

/* Both inside the lock. Only who is told of a death may find them different. */
static int change(struct guarded *guarded, int r)
{
	if (r == -EOWNERDEAD) {
		atomic_fetch_add(&guarded->deaths_told, 1);
		guarded->inside = 0;
		guarded->b = guarded->a;
	} else if (r < 0 || guarded->inside != 0 || guarded->a != guarded->b) {
		return 2;
	}
	guarded->inside = 1;
	guarded->a++;
	guarded->b++;
	guarded->inside = 0;
	return 0;
}

static int work_lock(struct crew *crew, unsigned member)
{
	struct guarded *guarded = crew->shared;

	while (!crew_is_over(crew)) {
		/* Now and then with a timeout, so that deaths meet that too. */
		bool is_timed = crew_steps(crew, member) % 4 == 3;
		int r = mp_lock_acquire_for(guarded->lock, is_timed ? MP_US(30) : PATIENCE);
		if (!(is_timed && r == -ETIMEDOUT)) {
			if (change(guarded, r) != 0)
				return 2;
			if (mp_lock_release(guarded->lock) != 0)
				return 3;
		}
		crew_step(crew, member);
	}
	return 0;
}

static int work_rlock(struct crew *crew, unsigned member)
{
	struct guarded *guarded = crew->shared;

	while (!crew_is_over(crew)) {
		int r = mp_rlock_acquire_for(guarded->rlock, PATIENCE);
		if (mp_rlock_acquire(guarded->rlock) != 0 || change(guarded, r) != 0)
			return 2;
		if (mp_rlock_release(guarded->rlock) != 0)
			return 3;
		if (mp_rlock_release(guarded->rlock) != 0)
			return 4;
		crew_step(crew, member);
	}
	return 0;
}

static void survive(const char *name, int (*work)(struct crew *crew, unsigned member))
{
	struct soak soak = soak_begin(name, 60);
	struct guarded *guarded = mp_shared_new(sizeof(*guarded));
	uint64_t told_max = 0;
	struct crew crew;

	guarded->lock = mp_lock_new();
	guarded->rlock = mp_rlock_new();
	crew_start(&crew, 4, work, guarded);
	for (unsigned i = 0; i < soak.rounds; i++) {
		if (soak_random(&soak, 4) == 0) {
			crew_stop_one(&crew, &soak);
		} else {
			crew_kill_one(&crew, &soak);
			told_max++;
		}
		crew_expect_steps(&crew, 3);
	}
	crew_end(&crew);
	/* No death is told twice. (Most kills meet none who holds it.) */
	assert_true(atomic_load(&guarded->deaths_told) <= told_max);
	printf("%s: %llu deaths told of %llu\n", name, (unsigned long long)guarded->deaths_told,
		(unsigned long long)told_max);
	mp_lock_free(guarded->lock);
	mp_rlock_free(guarded->rlock);
	mp_shared_free(guarded);
}

static void test_lock_survives(void **state)
{
	(void)state;
	survive("lock", work_lock);
}

static void test_rlock_survives(void **state)
{
	(void)state;
	survive("rlock", work_rlock);
}

struct held {
	struct mp_lock *lock;
	_Atomic int phase;
};

static void *hold(void *argument)
{
	struct held *held = argument;

	mp_lock_acquire(held->lock);
	atomic_store(&held->phase, 1);
	while (atomic_load(&held->phase) == 1)
		sched_yield();
	mp_lock_release(held->lock);
	return NULL;
}

/* Signals without SA_RESTART, so often that hardly a wait is left alone. */
static _Atomic unsigned alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

static void test_interruptions(void **state)
{
	_cleanup_(lock_freep) struct mp_lock *lock = mp_lock_new();
	struct itimerval often = {{0, 200}, {0, 200}}, off = {0};
	struct sigaction action = {.sa_handler = on_alarm}, before;
	struct held held = {.lock = lock};
	sigset_t alarm;
	pthread_t thread;

	(void)state;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	assert_int_equal(pthread_create(&thread, NULL, hold, &held), 0);
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
	while (atomic_load(&held.phase) == 0)
		sched_yield();
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 20; i++) {
		int64_t start = clock_ns();
		assert_int_equal(mp_lock_acquire_for(lock, MP_MS(3)), -ETIMEDOUT);
		assert_true(clock_ns() - start >= MP_MS(3));
	}
	assert_true(alarms >= 20);
	atomic_store(&held.phase, 2);
	assert_int_equal(mp_lock_acquire(lock), 0);
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_int_equal(mp_lock_release(lock), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* A child of a fork holds nothing, whoever held what in its parent. */
static int run_forked_child(void *argument)
{
	struct mp_lock **locks = argument;

	if (mp_lock_release(locks[0]) != -EPERM || mp_lock_release(locks[1]) != -EPERM)
		return 2;
	if (mp_lock_try(locks[0]) != -EAGAIN || mp_lock_try(locks[1]) != -EAGAIN)
		return 3;
	if (mp_lock_acquire(locks[2]) != 0 || mp_lock_release(locks[2]) != 0)
		return 4;
	/* Its end must not give away what the parent holds. */
	return 0;
}

static void test_fork_while_held(void **state)
{
	struct mp_lock *locks[3] = {mp_lock_new(), mp_lock_new(), mp_lock_new()};
	struct held held = {.lock = locks[1]};
	pthread_t thread;

	(void)state;
	assert_int_equal(mp_lock_acquire(locks[0]), 0);
	assert_int_equal(pthread_create(&thread, NULL, hold, &held), 0);
	while (atomic_load(&held.phase) == 0)
		sched_yield();
	for (int i = 0; i < 20; i++) {
		_cleanup_(proc_kill) struct proc child = PROC_NULL;
		int status;
		assert_int_equal(proc_start(&child, run_forked_child, locks), 0);
		assert_int_equal(
			proc_join(&child, deadline_after_ms(CREW_DEADLINE_MS), &status), 0);
		assert_int_equal(status, 0);
	}
	assert_true(mp_lock_is_held(locks[1]));
	atomic_store(&held.phase, 2);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(mp_lock_release(locks[0]), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(mp_lock_try(locks[i]), 0);
		assert_int_equal(mp_lock_release(locks[i]), 0);
		mp_lock_free(locks[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_lock_of_an_ended_thread),
		cmocka_unit_test(test_rlock),
		cmocka_unit_test(test_with),
		cmocka_unit_test(test_lock_survives),
		cmocka_unit_test(test_rlock_survives),
		cmocka_unit_test(test_interruptions),
		cmocka_unit_test(test_fork_while_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
