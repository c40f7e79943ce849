#include "mp/lifeline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

static int ends[2] = {-1, -1};

int lifeline_open(int *ret_fd)
{
	char path[64];

	if (ends[0] < 0) {
		int r = sys(pipe2(ends, O_CLOEXEC));
		if (r < 0)
			return fail(r,
				"cannot make the pipe that ends daemons: %s (see 'ulimit -n')",
				error_message(r));
	}
	/* Owner and signal belong to an open file, and a dup() would share it. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	int fd = sys(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	if (fd < 0)
		return fail(fd,
			"cannot watch over a daemon: open %s: %s (see 'ulimit -n'; /proc must "
			"be mounted)",
			path, error_message(fd));
	*ret_fd = fd;
	return 0;
}

int lifeline_hold(int fd)
{
	char byte;

	if (fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETSIG, SIGKILL) < 0 ||
		fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0)
		return -errno;
	/* The end of the file: the parent has ended before it could be noticed. */
	if (read(fd, &byte, 1) == 0)
		return -EPIPE;
	return 0;
}

void lifeline_forked(void)
{
	/* Unless there is something to do, nothing is touched: see mp/latch.h. */
	if (ends[0] < 0)
		return;
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}
