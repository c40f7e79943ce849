/*
 * posix_sem: unnamed POSIX semaphores in shared memory (sem_init() with pshared): one with the
 * value 1 as a lock, one for each side as its signal. The C library keeps the value and the number
 * of sleepers in one word, and calls the kernel only when there are any.
 *
 * A semaphore has no holder: who dies inside keeps it, and anybody could post it.
 */
#include <assert.h>
#include <errno.h>
#include <semaphore.h>

#include "base/error.h"
#include "base/fault.h"
#include "lock/area.h"

struct cell {
	sem_t sem;
	int64_t value;
};

static_assert(sizeof(struct cell) <= 64, "the semaphore and its value are in one cache line");

static int posix_sem_open(void *state, const struct lock_options *options)
{
	int r = area_open(state, options);

	if (r < 0)
		return trace(r);
	struct cell *cell = area_lock(state);
	r = sys(sem_init(&cell->sem, 1, 1));
	for (unsigned i = 0; i < options->sides && r >= 0; i++)
		r = sys(sem_init(area_signal(state, i), 1, 0));
	return r < 0 ? fail(r, "no process-shared semaphore: %s", error_message(r)) : 0;
}

static inline int take(sem_t *sem)
{
	int r;

	do {
		r = sem_wait(sem);
	} while (__builtin_expect(r < 0, false) && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static inline int give(sem_t *sem)
{
	return sem_post(sem) < 0 ? -errno : 0;
}

static int posix_sem_acquire(void *state)
{
	struct cell *cell = area_lock(state);

	return take(&cell->sem);
}

static int posix_sem_release(void *state)
{
	struct cell *cell = area_lock(state);

	return give(&cell->sem);
}

static int posix_sem_signal(void *state, unsigned to)
{
	return give(area_signal(state, to));
}

static int posix_sem_take(void *state)
{
	const struct area *area = state;

	return take(area_signal(state, area->side));
}

static int posix_sem_add(void *state, int64_t n)
{
	struct cell *cell = area_lock(state);

	return area_add(posix_sem_acquire, posix_sem_release, state, &cell->value, n);
}

static int posix_sem_value(void *state, int64_t *ret_value)
{
	struct cell *cell = area_lock(state);

	return area_value(posix_sem_acquire, posix_sem_release, state, &cell->value, ret_value);
}

const struct lock lock_posix_sem = {
	.name = "posix_sem",
	.summary = "unnamed POSIX semaphores",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_COUNTER,
	.state_bytes = sizeof(struct area),
	.open = posix_sem_open,
	.attach = area_attach,
	.acquire = posix_sem_acquire,
	.release = posix_sem_release,
	.post = posix_sem_signal,
	.wait = posix_sem_take,
	.add = posix_sem_add,
	.value = posix_sem_value,
	.close = area_close,
};
