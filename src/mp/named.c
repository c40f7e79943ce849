#include "mp/named.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

/* posix_fallocate() reports by its value, and leaves off at a signal. */
static int allocate(int fd, size_t size_bytes)
{
	int error;

	do {
		error = fault_hit() ? errno : posix_fallocate(fd, 0, (off_t)size_bytes);
	} while (error == EINTR);
	return -error;
}

/*
 * Makes it, or opens what another one made meanwhile. Its size is set at once, by the allocation:
 * who finds a file of no size has come before that.
 */
static int open_or_make(
	const char *name, size_t size_bytes, unsigned flags, int *ret_fd, bool *ret_made)
{
	const int access = flags & MP_NAMED_READ_ONLY ? O_RDONLY : O_RDWR;

	for (;;) {
		if (!(flags & MP_NAMED_EXCLUSIVE)) {
			int fd = sys(shm_open(name, access, 0));
			if (fd >= 0 || fd != -ENOENT || !(flags & MP_NAMED_CREATE)) {
				*ret_fd = fd;
				return fd < 0 ? fd : 0;
			}
		}
		_cleanup_(fd_close) int fd = sys(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
		if (fd == -EEXIST && !(flags & MP_NAMED_EXCLUSIVE))
			continue;
		if (fd < 0)
			return fd;
		int r = allocate(fd, size_bytes);
		if (r < 0) {
			shm_unlink(name);
			return r;
		}
		*ret_fd = TAKE_FD(fd);
		*ret_made = true;
		return 0;
	}
}

static int refuse(int r, const char *name, size_t size_bytes)
{
	const char *help = r == -ENOSPC   ? " (the file system at /dev/shm is full: 'df /dev/shm')"
			   : r == -EMFILE ? " (see 'ulimit -n')"
			   : r == -EAGAIN ? " (it is just being made)"
					  : "";

	return fail(
		r, "shared memory '%s' of %zu bytes: %s%s", name, size_bytes, strerror(-r), help);
}

int mp_named_open(const char *name, size_t size_bytes, unsigned flags, struct mp_named *ret_named)
{
	_cleanup_(fd_close) int fd = -1;
	struct stat status;
	bool is_made = false;

	if ((flags & MP_NAMED_CREATE && (size_bytes == 0 || flags & MP_NAMED_READ_ONLY)) ||
		(flags & MP_NAMED_EXCLUSIVE && !(flags & MP_NAMED_CREATE)))
		return fail(-EINVAL, "shared memory '%s': flags 0x%x with %zu bytes", name, flags,
			size_bytes);
	int r = open_or_make(name, size_bytes, flags, &fd, &is_made);
	if (r == 0)
		r = sys(fstat(fd, &status));
	if (r == 0 && status.st_size == 0)
		r = -EAGAIN;
	if (r < 0) {
		if (is_made)
			shm_unlink(name);
		return refuse(r, name, size_bytes);
	}
	if ((size_t)status.st_size < size_bytes)
		return fail(-EINVAL, "shared memory '%s' has %zu bytes, and %zu are asked for",
			name, (size_t)status.st_size, size_bytes);
	/* Of one that somebody else made with holes. */
	if (!(flags & MP_NAMED_READ_ONLY))
		r = allocate(fd, (size_t)status.st_size);
	void *memory = MAP_FAILED;
	if (r == 0 && !fault_hit())
		memory = mmap(NULL, (size_t)status.st_size,
			flags & MP_NAMED_READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);
	if (memory == MAP_FAILED) {
		r = refuse(r < 0 ? r : -errno, name, size_bytes);
		if (is_made)
			shm_unlink(name);
		return r;
	}
	*ret_named = (struct mp_named){.memory = memory, .size_bytes = (size_t)status.st_size};
	return 0;
}

void mp_named_close(struct mp_named *named)
{
	int saved = errno;

	if (named->memory)
		munmap(named->memory, named->size_bytes);
	*named = (struct mp_named){0};
	errno = saved;
}

int mp_named_unlink(const char *name)
{
	int r = sys(shm_unlink(name));

	return r < 0 ? fail(r, "shared memory '%s': %s", name, error_message(r)) : 0;
}
