#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

int proc_pidfd(pid_t pid)
{
	/* glibc has pidfd_open() only since 2.36. */
	return sys(syscall(SYS_pidfd_open, pid, 0));
}

int proc_start(struct proc *proc, int (*run)(void *argument), void *argument)
{
	pid_t parent = getpid();

	/* What is buffered would be written twice. */
	fflush(NULL);
	pid_t pid = sys(fork());
	if (pid < 0)
		return fail(pid, "cannot fork: %s (see 'ulimit -u' and the cgroup's pids.max)",
			error_message(pid));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The parent may have died before the line above. */
		if (getppid() != parent)
			_exit(255);
		int r = run(argument);
		fflush(NULL);
		_exit(r < 0 ? 255 : r);
	}
	struct proc started = {.pid = pid, .pidfd = proc_pidfd(pid)};
	if (started.pidfd < 0) {
		int r = fail(started.pidfd, "cannot watch the child: pidfd_open: %s",
			error_message(started.pidfd));
		proc_kill(&started);
		return r;
	}
	*proc = started;
	return 0;
}

int proc_join(struct proc *proc, int64_t deadline_ns, int *ret_status)
{
	struct pollfd poll_fd = {.fd = proc->pidfd, .events = POLLIN};
	int n;

	do {
		n = poll(&poll_fd, 1, deadline_left_ms(deadline_ns));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return trace(-errno);
	if (n == 0)
		return -ETIMEDOUT;
	if (waitpid(proc->pid, ret_status, 0) < 0)
		return trace(-errno);
	fd_close(&proc->pidfd);
	*proc = PROC_NULL;
	return 0;
}

void proc_kill(struct proc *proc)
{
	int saved = errno;

	if (proc->pid > 0) {
		kill(proc->pid, SIGKILL);
		while (waitpid(proc->pid, NULL, 0) < 0 && errno == EINTR)
			;
		fd_close(&proc->pidfd);
	}
	*proc = PROC_NULL;
	errno = saved;
}

int proc_has_ended(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) > 0;
}

uint64_t proc_birth(pid_t pid)
{
	char path[48], text[1024];
	char state;
	unsigned long long birth;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	_cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The name, in brackets, may hold anything, brackets too. The fields after it are numbers.
	 */
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1,
			     " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			     " %*s %*s %llu",
			     &state, &birth) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : birth;
}

bool proc_is_alive(pid_t pid, uint64_t birth)
{
	return birth != 0 && proc_birth(pid) == birth;
}
