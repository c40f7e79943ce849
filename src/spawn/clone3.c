/*
 * clone3: the system call behind fork, without what libc does around it (handlers of
 * pthread_atfork, the locks of its allocator). The child comes with a pidfd, by which it is reaped:
 * no race with the reuse of its pid. ENOSYS before Linux 5.3, and where a container's filter
 * forbids it.
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "spawn/process.h"

static int clone3_probe(char reason[SPAWN_REASON_MAX])
{
	/* Without arguments it fails with EINVAL where it exists. */
	if (syscall(SYS_clone3, NULL, 0) < 0 && errno == EINVAL)
		return 0;
	snprintf(reason, SPAWN_REASON_MAX,
		"the kernel has no clone3 (before 5.3), or a filter of system calls forbids it");
	return -EOPNOTSUPP;
}

static int clone3_run(void *state)
{
	int pidfd = -1;
	struct clone_args arguments = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	(void)state;
	pid_t pid = sys(syscall(SYS_clone3, &arguments, sizeof(arguments)));
	if (pid == 0)
		_exit(0);
	int r = pid < 0 ? pid : spawn_reap_pidfd(pidfd);
	fd_close(&pidfd);
	return trace(r);
}

const struct spawn spawn_clone3 = {
	.name = "clone3",
	.summary = "the bare system call as fork makes it, with a pidfd",
	.capabilities = SPAWN_PROCESS,
	.state_bytes = 0,
	.probe = clone3_probe,
	.open = spawn_open_bare,
	.run = clone3_run,
	.close = spawn_close,
};
