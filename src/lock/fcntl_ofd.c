/*
 * fcntl_ofd: a record lock on one byte that belongs to the open file description: as fcntl, but
 * between threads too, and without its surprises or its search for deadlocks. Robust without a
 * word: the next holder is not told that one died.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lock/file.h"

static int fcntl_ofd_acquire(void *state)
{
	const struct file *file = state;
	struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	int r;

	do {
		r = fcntl(file->own, F_OFD_SETLKW, &byte);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int fcntl_ofd_release(void *state)
{
	const struct file *file = state;
	struct flock byte = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_len = 1};

	return fcntl(file->own, F_OFD_SETLK, &byte) < 0 ? -errno : 0;
}

static int fcntl_ofd_add(void *state, int64_t n)
{
	struct file_cell *cell = area_lock(state);

	return area_add(fcntl_ofd_acquire, fcntl_ofd_release, state, &cell->value, n);
}

static int fcntl_ofd_value(void *state, int64_t *ret_value)
{
	struct file_cell *cell = area_lock(state);

	return area_value(fcntl_ofd_acquire, fcntl_ofd_release, state, &cell->value, ret_value);
}

const struct lock lock_fcntl_ofd = {
	.name = "fcntl_ofd",
	.summary = "fcntl() record lock of one byte, of the open file description",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER | LOCK_ROBUST |
			LOCK_KILLABLE,
	.state_bytes = sizeof(struct file),
	.probe = file_probe,
	.open = file_open,
	.attach = file_attach,
	.acquire = fcntl_ofd_acquire,
	.release = fcntl_ofd_release,
	.add = fcntl_ofd_add,
	.value = fcntl_ofd_value,
	.close = file_close,
};
