/*
 * fcntl: a POSIX record lock on one byte. It belongs to the process, so threads do not exclude each
 * other, and a process loses it when it closes any descriptor of the file. The kernel looks for
 * deadlocks through all such locks of the system, under one lock of its own. Robust without a word:
 * the next holder is not told that one died.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lock/file.h"

static int fcntl_acquire(void *state)
{
	const struct file *file = state;
	struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	int r;

	do {
		r = fcntl(file->own, F_SETLKW, &byte);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int fcntl_release(void *state)
{
	const struct file *file = state;
	struct flock byte = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_len = 1};

	return fcntl(file->own, F_SETLK, &byte) < 0 ? -errno : 0;
}

static int fcntl_add(void *state, int64_t n)
{
	struct file_cell *cell = area_lock(state);

	return area_add(fcntl_acquire, fcntl_release, state, &cell->value, n);
}

static int fcntl_value(void *state, int64_t *ret_value)
{
	struct file_cell *cell = area_lock(state);

	return area_value(fcntl_acquire, fcntl_release, state, &cell->value, ret_value);
}

const struct lock lock_fcntl = {
	.name = "fcntl",
	.summary = "fcntl() record lock of one byte",
	.capabilities = LOCK_PROCESS | LOCK_MUTEX | LOCK_COUNTER | LOCK_ROBUST | LOCK_KILLABLE,
	.state_bytes = sizeof(struct file),
	.probe = file_probe,
	.open = file_open,
	.attach = file_attach,
	.acquire = fcntl_acquire,
	.release = fcntl_release,
	.add = fcntl_add,
	.value = fcntl_value,
	.close = file_close,
};
