/*
 * flock: the lock of an open file description. Every acquire and release is a system call; who
 * waits sleeps in the kernel. Robust without a word: the next holder is not told that one died.
 */
#include <errno.h>
#include <sys/file.h>

#include "lock/file.h"

static int flock_acquire(void *state)
{
	const struct file *file = state;
	int r;

	do {
		r = flock(file->own, LOCK_EX);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int flock_release(void *state)
{
	const struct file *file = state;

	return flock(file->own, LOCK_UN) < 0 ? -errno : 0;
}

static int flock_add(void *state, int64_t n)
{
	struct file_cell *cell = area_lock(state);

	return area_add(flock_acquire, flock_release, state, &cell->value, n);
}

static int flock_value(void *state, int64_t *ret_value)
{
	struct file_cell *cell = area_lock(state);

	return area_value(flock_acquire, flock_release, state, &cell->value, ret_value);
}

const struct lock lock_flock = {
	.name = "flock",
	.summary = "flock() on a file of its own",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER | LOCK_ROBUST |
			LOCK_KILLABLE,
	.state_bytes = sizeof(struct file),
	.probe = file_probe,
	.open = file_open,
	.attach = file_attach,
	.acquire = flock_acquire,
	.release = flock_release,
	.add = flock_add,
	.value = flock_value,
	.close = file_close,
};
