#include "lock/mutex.h"

#include <assert.h>
#include <errno.h>

#include "base/error.h"
#include "base/fault.h"

static_assert(sizeof(struct mutex_cell) <= 64, "the mutex and its value are in one cache line");

int mutex_init(pthread_mutex_t *mutex, const struct mutex_kind *kind)
{
	pthread_mutexattr_t about;

	/* Setting attributes to values that exist cannot fail. */
	pthread_mutexattr_init(&about);
	pthread_mutexattr_setpshared(&about, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_settype(&about, kind->type);
	pthread_mutexattr_setprotocol(&about, kind->protocol);
	pthread_mutexattr_setrobust(&about, kind->robust);
	/* ENOTSUP: a kernel without priority inheritance; others fail by fault injection. */
	int r = fault_hit() ? -errno : -pthread_mutex_init(mutex, &about);
	pthread_mutexattr_destroy(&about);
	return r < 0 ? fail(r, "no process-shared mutex of this kind: %s", error_message(r)) : 0;
}

/* No mutex is ever destroyed: it may be held by one that was killed, and it ends with its memory.
 */
int mutex_open(void *state, const struct lock_options *options, const struct mutex_kind *kind)
{
	int r = area_open(state, options);

	if (r < 0)
		return trace(r);
	struct mutex_cell *cell = area_lock(state);
	return trace(mutex_init(&cell->mutex, kind));
}

int mutex_acquire(void *state)
{
	struct mutex_cell *cell = area_lock(state);

	return -pthread_mutex_lock(&cell->mutex);
}

int mutex_release(void *state)
{
	struct mutex_cell *cell = area_lock(state);

	return -pthread_mutex_unlock(&cell->mutex);
}

int mutex_add(void *state, int64_t n)
{
	struct mutex_cell *cell = area_lock(state);

	return area_add(mutex_acquire, mutex_release, state, &cell->value, n);
}

int mutex_value(void *state, int64_t *ret_value)
{
	struct mutex_cell *cell = area_lock(state);

	return area_value(mutex_acquire, mutex_release, state, &cell->value, ret_value);
}
