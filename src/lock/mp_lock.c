/*
 * mp_lock: libmp's lock. Robust as pthread_mutex_robust is, and through the same list of the
 * kernel's, but one atomic operation on each way, inline; who has to wait spins where that can pay,
 * then sleeps.
 */
#include <errno.h>

#include "lock/area.h"
#include "mp/lock.h"

struct cell {
	struct mp_lock lock;
	int64_t value;
};

static int subject_open(void *state, const struct lock_options *options)
{
	int r = area_open(state, options);

	if (r < 0)
		return r;
	struct cell *cell = area_lock(state);
	mp_lock_init(&cell->lock);
	return 0;
}

static int acquire(void *state)
{
	struct cell *cell = area_lock(state);
	int r = mp_lock_acquire(&cell->lock);

	return __builtin_expect(r == -EOWNERDEAD, false) ? LOCK_HOLDER_DIED : r;
}

static int release(void *state)
{
	struct cell *cell = area_lock(state);

	return mp_lock_release(&cell->lock);
}

static int add(void *state, int64_t n)
{
	struct cell *cell = area_lock(state);

	return area_add(acquire, release, state, &cell->value, n);
}

static int value(void *state, int64_t *ret_value)
{
	struct cell *cell = area_lock(state);

	return area_value(acquire, release, state, &cell->value, ret_value);
}

const struct lock lock_mp_lock = {
	.name = "mp_lock",
	.summary = "libmp's robust lock",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER | LOCK_ROBUST |
			LOCK_KILLABLE,
	.state_bytes = sizeof(struct area),
	.open = subject_open,
	.attach = area_attach,
	.acquire = acquire,
	.release = release,
	.add = add,
	.value = value,
	.close = area_close,
};
