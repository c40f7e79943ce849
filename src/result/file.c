#include "result/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "result/own.h"

enum { CHUNK_BYTES = 1 << 20 };

static void close_fd(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static int write_all(int fd, const char *data, size_t size_bytes)
{
	while (size_bytes > 0) {
		int n = sys(write(fd, data, size_bytes < CHUNK_BYTES ? size_bytes : CHUNK_BYTES));
		if (n == -EINTR)
			continue;
		if (n < 0)
			return n;
		data += n;
		size_bytes -= (size_t)n;
	}
	return 0;
}

int file_rename(const char *from, const char *to)
{
	int r = sys(rename(from, to));

	if (r < 0) {
		unlink(from);
		return fail(r, "%s: cannot be put in place: %s", to, strerror(-r));
	}
	return 0;
}

int file_write(const char *dir, const char *name, const void *data, size_t size_bytes)
{
	char path[PATH_MAX], temporary[PATH_MAX];

	int long_path = snprintf(path, sizeof(path), "%s/%s", dir, name);
	int long_name =
		snprintf(temporary, sizeof(temporary), "%s/.%s.%ld.tmp", dir, name, (long)getpid());
	if (long_path >= PATH_MAX || long_name >= PATH_MAX)
		return fail(-ENAMETOOLONG, "%s: the path is too long", dir);

	int r = sys(open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
	if (r < 0)
		return fail(r, "%s: cannot be written: %s", path, strerror(-r));
	_cleanup_(close_fd) int fd = r;
	r = write_all(fd, data, size_bytes);
	if (r >= 0)
		r = sys(fsync(fd));
	if (r < 0) {
		unlink(temporary);
		return fail(r, "%s: cannot be written: %s%s", path, strerror(-r),
			r == -ENOSPC || r == -EDQUOT ? "; nothing was left there" : "");
	}
	r = file_rename(temporary, path);
	if (r < 0)
		return trace(r);

	/* The name itself to the disk; a file system that cannot do that is no error. */
	_cleanup_(close_fd) int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd >= 0)
		fsync(dir_fd);
	return 0;
}

int file_read(const char *path, char **ret_data, size_t *ret_size_bytes)
{
	struct stat stat;
	size_t have = 0;

	int r = sys(open(path, O_RDONLY | O_CLOEXEC));
	_cleanup_(close_fd) int fd = r;
	if (r < 0 || (r = sys(fstat(fd, &stat))) < 0)
		return fail(r, "%s: cannot be read: %s", path, strerror(-r));
	if (stat.st_size > INT_MAX - 1)
		return fail(-EFBIG, "%s: too large", path);
	_cleanup_(freep) char *data = own_array((size_t)stat.st_size + 1, 1);
	while (have < (size_t)stat.st_size) {
		r = sys(read(fd, data + have, (size_t)stat.st_size - have));
		if (r < 0 && r != -EINTR)
			return fail(r, "%s: cannot be read: %s", path, strerror(-r));
		if (r == 0)
			break;
		have += r > 0 ? (size_t)r : 0;
	}
	*ret_size_bytes = have;
	*ret_data = TAKE_PTR(data);
	return 0;
}
