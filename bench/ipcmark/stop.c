#include "ipcmark/stop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

static void stop_signals(sigset_t *ret_set)
{
	struct sigaction hangup;

	sigemptyset(ret_set);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGTERM);
	/* Under nohup(1) it is ignored, and shall be. */
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaddset(ret_set, SIGHUP);
}

int stop_open(void)
{
	sigset_t set;

	stop_signals(&set);
	int fd = sys(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
	if (fd < 0)
		return fail(fd, "cannot watch for Ctrl-C: signalfd: %s", strerror(-fd));
	sigprocmask(SIG_BLOCK, &set, NULL);
	return fd;
}

void stop_close(int *stop_fd)
{
	struct signalfd_siginfo come;
	sigset_t set;

	if (*stop_fd < 0)
		return;
	/* Reading takes it off the pending ones, which would end us when they are unblocked. */
	while (read(*stop_fd, &come, sizeof(come)) > 0)
		;
	fd_close(stop_fd);
	stop_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
