/*
 * pthread_mutex_robust: the C library's mutex that outlives its holder. While it is held it is
 * linked into a list that the kernel walks when a thread ends; the next one to acquire it is told
 * so and declares the data whole.
 *
 * Not KILLABLE: a waiter that was woken and is killed before it has the mutex may take the wake-up
 * along. When another one gets the mutex in between, which then says nothing of waiters, the rest
 * of them sleep with nobody to wake them, beside a free mutex: 13 of 600 kills at random moments,
 * with three processes on two CPUs (glibc 2.36, Linux 6.18).
 */
#include <errno.h>
#include <pthread.h>

#include "lock/mutex.h"

static int pthread_mutex_robust_open(void *state, const struct lock_options *options)
{
	return mutex_open(state, options, &(struct mutex_kind){.robust = PTHREAD_MUTEX_ROBUST});
}

static int pthread_mutex_robust_acquire(void *state)
{
	struct mutex_cell *cell = area_lock(state);
	int r = pthread_mutex_lock(&cell->mutex);

	if (__builtin_expect(r == EOWNERDEAD, false)) {
		r = pthread_mutex_consistent(&cell->mutex);
		return r == 0 ? LOCK_HOLDER_DIED : -r;
	}
	return -r;
}

static int pthread_mutex_robust_add(void *state, int64_t n)
{
	struct mutex_cell *cell = area_lock(state);

	return area_add(pthread_mutex_robust_acquire, mutex_release, state, &cell->value, n);
}

static int pthread_mutex_robust_value(void *state, int64_t *ret_value)
{
	struct mutex_cell *cell = area_lock(state);

	return area_value(
		pthread_mutex_robust_acquire, mutex_release, state, &cell->value, ret_value);
}

const struct lock lock_pthread_mutex_robust = {
	.name = "pthread_mutex_robust",
	.summary = "pthread_mutex_t, process-shared, robust",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER | LOCK_ROBUST,
	.state_bytes = sizeof(struct area),
	.open = pthread_mutex_robust_open,
	.attach = area_attach,
	.acquire = pthread_mutex_robust_acquire,
	.release = mutex_release,
	.add = pthread_mutex_robust_add,
	.value = pthread_mutex_robust_value,
	.close = area_close,
};
