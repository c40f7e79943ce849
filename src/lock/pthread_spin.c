/*
 * pthread_spin: the C library's spinlock, process-shared. As `spinlock`, it burns a time slice
 * wherever the holder is not running, and hangs when the holder dies.
 */
#include <pthread.h>

#include "base/error.h"
#include "base/fault.h"
#include "lock/area.h"

struct cell {
	pthread_spinlock_t spin;
	int64_t value;
};

static int pthread_spin_open(void *state, const struct lock_options *options)
{
	int r = area_open(state, options);

	if (r < 0)
		return trace(r);
	struct cell *cell = area_lock(state);
	return -pthread_spin_init(&cell->spin, PTHREAD_PROCESS_SHARED);
}

static int pthread_spin_acquire(void *state)
{
	struct cell *cell = area_lock(state);

	return -pthread_spin_lock(&cell->spin);
}

static int pthread_spin_release(void *state)
{
	struct cell *cell = area_lock(state);

	return -pthread_spin_unlock(&cell->spin);
}

static int pthread_spin_add(void *state, int64_t n)
{
	struct cell *cell = area_lock(state);

	return area_add(pthread_spin_acquire, pthread_spin_release, state, &cell->value, n);
}

static int pthread_spin_value(void *state, int64_t *ret_value)
{
	struct cell *cell = area_lock(state);

	return area_value(
		pthread_spin_acquire, pthread_spin_release, state, &cell->value, ret_value);
}

const struct lock lock_pthread_spin = {
	.name = "pthread_spin",
	.summary = "pthread_spinlock_t, process-shared",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER | LOCK_SPINS,
	.state_bytes = sizeof(struct area),
	.open = pthread_spin_open,
	.attach = area_attach,
	.acquire = pthread_spin_acquire,
	.release = pthread_spin_release,
	.add = pthread_spin_add,
	.value = pthread_spin_value,
	.close = area_close,
};
