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

int fd_read_rest(int fd, void *buffer, size_t n, ssize_t moved)
{
	char *at = buffer;

	for (;;) {
		if (moved > 0) {
			at += moved;
			n -= (size_t)moved;
		} else if (moved == 0 || errno == ECONNRESET) {
			return trace(-EPIPE);
		} else if (errno != EINTR) {
			return trace(-errno);
		}
		if (n == 0)
			return 0;
		moved = read(fd, at, n);
	}
}

int fd_write_rest(int fd, const void *buffer, size_t n, ssize_t moved)
{
	const char *at = buffer;

	for (;;) {
		if (moved >= 0) {
			at += moved;
			n -= (size_t)moved;
		} else if (errno == ECONNRESET) {
			return trace(-EPIPE);
		} else if (errno != EINTR) {
			return trace(-errno);
		}
		if (n == 0)
			return 0;
		moved = write(fd, at, n);
	}
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
