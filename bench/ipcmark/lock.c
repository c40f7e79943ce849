#include "ipcmark/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "os/fd.h"

/* flock() cannot be waited for beside another descriptor: look again this often. */
enum { LOOK_AGAIN_MS = 200 };

const char *lock_path(void)
{
	const char *override = getenv("IPCMARK_LOCK");

	if (override)
		return override;
	return access("/run/lock", W_OK) == 0 ? "/run/lock/ipcmark.lock" : "/tmp/ipcmark.lock";
}

/* Without O_CREAT first: the kernel refuses to open another user's file in a sticky directory with
 * it (fs.protected_regular). Reading is enough for flock(). */
static int lock_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == EACCES)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (fd >= 0)
			fchmod(fd, 0666);
	}
	if (fd < 0)
		return fail(-errno, "cannot open the lock %s: %s (IPCMARK_LOCK names another)",
			path, strerror(errno));
	return fd;
}

static void holder_read(int fd, char holder[LOCK_HOLDER_MAX])
{
	ssize_t n = pread(fd, holder, LOCK_HOLDER_MAX - 1, 0);

	holder[n > 0 ? n : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	if (!holder[0])
		snprintf(holder, LOCK_HOLDER_MAX, "another process");
}

static void holder_write(int fd)
{
	char text[LOCK_HOLDER_MAX];
	int n = snprintf(text, sizeof(text), "process %d of user %u\n", getpid(), getuid());

	/* Only to tell others; what cannot be written is not told. */
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) < 0)
		log_warning("cannot write to the lock %s: %s", lock_path(), strerror(errno));
}

int lock_take(bool wait, int stop_fd)
{
	char holder[LOCK_HOLDER_MAX];
	bool told = false;
	_cleanup_(fd_close) int fd = lock_open(lock_path());

	if (fd < 0)
		return trace(fd);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return fail(-errno, "cannot lock %s: %s", lock_path(), strerror(errno));
		holder_read(fd, holder);
		if (!wait)
			return fail(-EBUSY,
				"another ipcmark measures on this machine (%s, %s): two would "
				"measure each other (--wait-lock waits for it)",
				holder, lock_path());
		if (!told)
			log_info("waiting for another ipcmark on this machine (%s)", holder);
		told = true;
		struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
		if (poll(&stop, 1, LOOK_AGAIN_MS) > 0)
			return fail(-EINTR, "interrupted while waiting for %s", holder);
	}
	holder_write(fd);
	return TAKE_FD(fd);
}

bool lock_is_held(char holder[LOCK_HOLDER_MAX])
{
	_cleanup_(fd_close) int fd = open(lock_path(), O_RDONLY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	holder_read(fd, holder);
	return true;
}
