/*
 * The process group is what makes the end certain: the harness forks the peers of a cell, and a
 * peer may spin in shared memory and notice nothing. The group's leader is reaped last, so that its
 * pid, which names the group, cannot be somebody else's.
 */
#include "ipcmark/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "os/proc.h"

enum {
	TAIL_MAX = 384, /* of stderr, for the reason */
};

struct child {
	char **argv;
	int stderr_fd;
	unsigned padding;
};

/* The end of what the harness wrote to stderr. */
struct tail {
	char text[TAIL_MAX];
	size_t length;
};

static void tail_add(struct tail *tail, const char *text, size_t length)
{
	if (length >= sizeof(tail->text)) {
		text += length - sizeof(tail->text);
		length = sizeof(tail->text);
	}
	size_t kept = tail->length;
	if (kept + length > sizeof(tail->text))
		kept = sizeof(tail->text) - length;
	memmove(tail->text, tail->text + tail->length - kept, kept);
	memcpy(tail->text + kept, text, length);
	tail->length = kept + length;
}

/* Takes what there is without waiting. False at the end of the stream. */
static bool tail_read(struct tail *tail, int fd)
{
	char buffer[1024];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		tail_add(tail, buffer, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* One line: newlines become "; ". */
static void tail_format(const struct tail *tail, char *out, size_t size)
{
	size_t at = 0, length = tail->length;

	while (length && tail->text[length - 1] == '\n')
		length--;
	for (size_t i = 0; i < length && at + 3 < size; i++) {
		unsigned char c = (unsigned char)tail->text[i];
		if (c == '\n') {
			out[at++] = ';';
			out[at++] = ' ';
		} else {
			out[at++] = c < ' ' ? ' ' : (char)c;
		}
	}
	out[at] = '\0';
}

/* In the child. What fails here is told through stderr, as all that the harness says. */
static int child_run(void *argument)
{
	const struct child *child = argument;
	_cleanup_(freep) char *padding = malloc(child->padding + 1);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
		dup2(child->stderr_fd, STDERR_FILENO) < 0)
		return 127;
	/* The size of the environment moves the stack: one place of many each run. */
	if (padding) {
		memset(padding, 'x', child->padding);
		padding[child->padding] = '\0';
		setenv("IPCMARK_PADDING", padding, 1);
	}
	execv(child->argv[0], child->argv);
	dprintf(STDERR_FILENO, "cannot execute %s: %s\n", child->argv[0], strerror(errno));
	return 127;
}

static int child_start(const struct harness_order *order, int stderr_fd, struct proc *ret_proc)
{
	char cell[512], record[PATH_MAX + 16], repetitions[64], min_time[64], deadline[64];
	char *argv[] = {
		(char *)order->program, cell, record, repetitions, min_time, deadline, NULL};
	struct child child = {.argv = argv, .stderr_fd = stderr_fd, .padding = order->padding};

	snprintf(cell, sizeof(cell), "--cell=%s", order->cell);
	snprintf(record, sizeof(record), "--record=%s", order->record_path);
	snprintf(
		repetitions, sizeof(repetitions), "--benchmark_repetitions=%u", order->repetitions);
	snprintf(min_time, sizeof(min_time), "--benchmark_min_time=%g", order->min_time_s);
	snprintf(deadline, sizeof(deadline), "--deadline=%g", order->deadline_s);
	int r = proc_start(ret_proc, child_run, &child);
	if (r < 0)
		return trace(r);
	/* Also from this side: the group must exist before it can be killed. EACCES: it has called
	 * exec already, and so did it itself. */
	setpgid(ret_proc->pid, ret_proc->pid);
	return 0;
}

/* Waits until the process has ended (0), the deadline (-ETIMEDOUT) or the stop (-EINTR). */
static int watch(
	const struct proc *proc, int stderr_fd, int stop_fd, int64_t deadline_ns, struct tail *tail)
{
	struct pollfd fds[] = {{.fd = proc->pidfd, .events = POLLIN},
		{.fd = stop_fd, .events = POLLIN}, {.fd = stderr_fd, .events = POLLIN}};

	for (;;) {
		int n = poll(fds, 3, deadline_left_ms(deadline_ns));
		if (n < 0 && errno != EINTR)
			return trace(-errno);
		if (n < 0)
			continue;
		if (fds[1].revents)
			return -EINTR;
		if (fds[2].revents && !tail_read(tail, stderr_fd))
			fds[2].fd = -1;
		if (fds[0].revents)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
	}
}

/* How long the process may take in all. The harness has the deadline for each phase of a cell, and
 * names the side that hangs: this one is for a harness that hangs itself. */
static int64_t limit_ns(const struct harness_order *order)
{
	double repetitions_s = (double)order->repetitions * order->min_time_s;

	return (int64_t)((2 * order->deadline_s + 3 * repetitions_s) * 1e9);
}

/* Why there is no record. */
static void reason_set(struct harness_run *run, const struct harness_order *order, int watched,
	int status, const struct tail *tail)
{
	char said[TAIL_MAX * 2], how[128];

	if (watched == -ETIMEDOUT)
		snprintf(how, sizeof(how), "killed: still running after %g s",
			(double)limit_ns(order) / 1e9);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "the harness was killed by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "the harness left no record (exit status %d)",
			WEXITSTATUS(status));
	tail_format(tail, said, sizeof(said));
	snprintf(run->reason, sizeof(run->reason), "%s%s%.360s", how, said[0] ? ": " : "", said);
}

int harness_run(const struct harness_order *order, struct harness_run *ret_run)
{
	_cleanup_(proc_kill) struct proc proc = PROC_NULL;
	_cleanup_(fd_close) int read_fd = -1;
	struct harness_run run = {.end = HARNESS_RECORDED};
	struct tail tail = {.length = 0};
	int fds[2], status = 0;

	int r = sys(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	if (r < 0)
		return fail(r, "cannot make a pipe: %s", strerror(-r));
	_cleanup_(fd_close) int write_fd = fds[1];
	read_fd = fds[0];
	/* Only our end does not block: the harness must not lose what it says. */
	fcntl(write_fd, F_SETFL, 0);
	int64_t begin_ns = clock_ns();
	r = child_start(order, write_fd, &proc);
	if (r < 0)
		return trace(r);
	fd_close(&write_fd);
	int watched = watch(&proc, read_fd, order->stop_fd, begin_ns + limit_ns(order), &tail);
	kill(-proc.pid, SIGKILL);
	r = proc_join(&proc, DEADLINE_NEVER, &status);
	if (r < 0)
		return trace(r);
	tail_read(&tail, read_fd);
	run.duration_ns = clock_ns() - begin_ns;
	if (watched == -EINTR) {
		run.end = HARNESS_STOPPED;
	} else if (watched < 0 || access(order->record_path, F_OK) < 0) {
		run.end = HARNESS_FAILED;
		reason_set(&run, order, watched, status, &tail);
	}
	*ret_run = run;
	return 0;
}
