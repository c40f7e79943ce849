/*
 * mp_rlock: libmp's lock that its holder may take again. A section looks first whether it is its
 * own already, and is else as mp_lock's.
 */
#include <errno.h>

#include "lock/area.h"
#include "mp/rlock.h"

struct cell {
	struct mp_rlock lock;
	int64_t value;
};

static int subject_open(void *state, const struct lock_options *options)
{
	int r = area_open(state, options);

	if (r < 0)
		return r;
	struct cell *cell = area_lock(state);
	mp_rlock_init(&cell->lock);
	return 0;
}

static int acquire(void *state)
{
	struct cell *cell = area_lock(state);
	int r = mp_rlock_acquire(&cell->lock);

	return __builtin_expect(r == -EOWNERDEAD, false) ? LOCK_HOLDER_DIED : r;
}

static int release(void *state)
{
	struct cell *cell = area_lock(state);

	return mp_rlock_release(&cell->lock);
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

const struct lock lock_mp_rlock = {
	.name = "mp_rlock",
	.summary = "libmp's robust lock that its holder may take again",
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
