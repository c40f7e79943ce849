#include "os/fd.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/error.h"

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_read_full(int fd, void *buffer, size_t n)
{
	char *at = buffer;

	while (n > 0) {
		ssize_t got = read(fd, at, n);
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		} else if (got == 0 || errno == ECONNRESET) {
			return trace(-EPIPE);
		} else if (errno != EINTR) {
			return trace(-errno);
		}
	}
	return 0;
}

int fd_write_full(int fd, const void *buffer, size_t n)
{
	const char *at = buffer;

	while (n > 0) {
		ssize_t put = write(fd, at, n);
		if (put >= 0) {
			at += put;
			n -= (size_t)put;
		} else if (errno == ECONNRESET) {
			return trace(-EPIPE);
		} else if (errno != EINTR) {
			return trace(-errno);
		}
	}
	return 0;
}

int fd_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (!dir)
		return fail(-errno, "cannot read /proc/self/fd: is /proc mounted?");
	while (readdir(dir))
		count++;
	closedir(dir);
	/* Not ".", "..", nor the one that read the directory. */
	return count - 3;
}
