#include "mp/process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/family.h"
#include "mp/handoff.h"
#include "mp/latch.h"
#include "mp/lifeline.h"
#include "mp/park.h"
#include "os/fd.h"

static int check(const struct mp_process_options *options)
{
	if (mp_current_process()->is_daemon)
		return fail(-EPERM, "%s is a daemon, which may not start processes",
			mp_current_process()->name);
	if (handoff_is_pending())
		return fail(-EPERM, "this is a spawned process: main() must call "
				    "mp_freeze_support() before anything else");
	if ((unsigned)options->start_method > MP_CLONE3)
		return fail(-EINVAL, "there is no start method %d", (int)options->start_method);
	return 0;
}

/* "Process-" and 7 are "Process-7". */
static void number_name(char name[MP_PROCESS_NAME_MAX], const char *prefix, unsigned number)
{
	char digits[16];
	unsigned count = 0;
	size_t length = strnlen(prefix, MP_PROCESS_NAME_MAX - sizeof(digits));

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	memcpy(name, prefix, length);
	while (count > 0)
		name[length++] = digits[--count];
	name[length] = '\0';
}

static int record_new(const struct mp_process_options *options, struct mp_process **ret_process)
{
	const struct mp_process *self = mp_current_process();
	struct mp_process *process = family_record_new();

	if (!process)
		return fail(-ENOMEM, "no memory for the record of a process");
	process->is_daemon = options->is_daemon;
	unsigned number = family_next_number();
	/* Not by snprintf(): its stack is a page that the next fork makes dear. */
	if (options->name) {
		memcpy(process->name, options->name,
			strnlen(options->name, MP_PROCESS_NAME_MAX - 1));
	} else if (!mp_parent_process()) {
		number_name(process->name, "Process-", number);
	} else {
		char prefix[MP_PROCESS_NAME_MAX + 1];
		size_t length = strnlen(self->name, MP_PROCESS_NAME_MAX - 20);
		memcpy(prefix, self->name, length);
		memcpy(prefix + length, ":", 2);
		number_name(process->name, prefix, number);
	}
	*ret_process = process;
	return 0;
}

static int start_blocked(struct process_start *start)
{
	sigset_t all;
	int r;

	/* No handler may run in a child that doesn't know itself yet; and a fork that takes longer
	 * than a timer's period would begin anew for ever. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &start->mask);
	switch (start->options->start_method) {
	case MP_SPAWN:
		r = process_spawn(start);
		break;
	case MP_CLONE3:
		r = process_clone(start);
		break;
	default:
		r = process_fork(start);
	}
	pthread_sigmask(SIG_SETMASK, &start->mask, NULL);
	return r;
}

int mp_process_start(int (*run)(void *argument), void *argument,
	const struct mp_process_options *options, struct mp_process **ret_process)
{
	static const struct mp_process_options defaults = {.start_method = MP_FORK};
	struct process_start start = {.run = run,
		.argument = argument,
		.options = options ? options : &defaults,
		.lifeline_fd = -1};

	int r = family_prepare();
	if (r < 0)
		return trace(r);
	r = check(start.options);
	if (r < 0)
		return trace(r);
	family_sweep();
	r = record_new(start.options, &start.process);
	if (r < 0)
		return trace(r);
	if (start.options->is_daemon)
		r = lifeline_open(&start.lifeline_fd);
	if (r == 0)
		r = start_blocked(&start);
	if (start.lifeline_fd >= 0)
		fd_close(&start.lifeline_fd);
	if (r < 0) {
		family_free(start.process);
		return trace(r);
	}
	family_add(start.process);
	*ret_process = start.process;
	return 0;
}

static void flush(FILE *stream)
{
#ifdef __GLIBC__
	/* Nothing to write, nothing to touch: see latch.h. Wide streams have other buffers. */
	if (stream->_mode <= 0 && stream->_IO_write_ptr == stream->_IO_write_base)
		return;
#endif
	fflush(stream);
}

void process_flush(void)
{
	/* What is buffered would be written twice. Not all streams: a thread that waits for input
	 * has its stream locked for as long. */
	flush(stdout);
	flush(stderr);
}

void process_leave(int status)
{
#if defined(__x86_64__)
	kernel_call(SYS_exit_group, status, 0, 0, 0);
#endif
	_exit(status);
}

int process_fork(struct process_start *start)
{
	struct mp_process *process = start->process;
	char parent_name[MP_PROCESS_NAME_MAX];

	memcpy(parent_name, mp_current_process()->name, sizeof(parent_name));
	process_flush();
	pid_t pid = sys(fork());
	if (pid < 0)
		return fail(pid, "cannot fork: %s (see 'ulimit -u' and the cgroup's pids.max)",
			error_message(pid));
	if (pid == 0) {
		family_become(process, parent_name);
		int status = process_run(start);
		process_flush();
		process_leave(status);
	}
	process->pid = pid;
	/* Without a free descriptor it starts all the same, and a join tries again: until then it
	 * is a zombie, and its pid nobody else's. */
	process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

static void set_mask(int how, const sigset_t *mask, sigset_t *ret_old)
{
	/* The kernel's set is shorter than libc's. */
	kernel_call(SYS_rt_sigprocmask, how, (long)mask, (long)ret_old, _NSIG / 8);
}

int process_run(const struct process_start *start)
{
	if (start->lifeline_fd >= 0 && lifeline_hold(start->lifeline_fd) < 0)
		raise(SIGKILL);
	set_mask(SIG_SETMASK, &start->mask, NULL);
	int r = start->run(start->argument);
	family_finish();
	return r < 0 || r > 255 ? 255 : r;
}

/* Of one that has ended. */
static int outcome(struct mp_process *process, int *ret_exit_code)
{
	if (process->error == -ECHILD)
		return fail(-ECHILD,
			"the exit code of %s is lost: this program ignores SIGCHLD, or waits for "
			"any "
			"child",
			process->name);
	if (process->error < 0)
		return handoff_fail(process->handoff, process->error, process->name);
	if (ret_exit_code)
		*ret_exit_code = process->exit_code;
	return 0;
}

static bool is_parent(const struct mp_process *process)
{
	return process == mp_parent_process();
}

static int check_ours(const struct mp_process *process)
{
	if (process->owner == mp_current_process()->pid)
		return 0;
	return fail(-ECHILD, "%s (pid %d) is not a child of this process", process->name,
		(int)process->pid);
}

/* 0 when it has ended, of which nothing is taken. */
static int wait_for_end(struct mp_process *process, int64_t timeout_ns)
{
	int64_t deadline_ns = mp_deadline(timeout_ns);
	siginfo_t info;
	int r = family_watch(process);

	if (r == -ESRCH)
		return 0;
	if (r < 0 && (timeout_ns >= 0 || is_parent(process)))
		return fail(r, "cannot wait for %s: pidfd_open: %s (see 'ulimit -n')",
			process->name, error_message(r));
	struct pollfd poll_fd = {.fd = process->pidfd, .events = POLLIN};
	do {
		struct timespec left = timespec_of(deadline_left_ns(deadline_ns));
		if (poll_fd.fd < 0)
			r = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT | __WALL);
		else
			r = ppoll(&poll_fd, 1, deadline_ns == DEADLINE_NEVER ? NULL : &left, NULL);
	} while (r < 0 && errno == EINTR);
	if (r == 0 && poll_fd.fd >= 0)
		return timeout_ns == 0 ? -EAGAIN : -ETIMEDOUT;
	/* Any error of these is one of family_reap() as well. */
	return 0;
}

int mp_process_join(struct mp_process *process, int64_t timeout_ns, int *ret_exit_code)
{
	int r;

	if (is_parent(process) && !ret_exit_code)
		return wait_for_end(process, timeout_ns);
	r = check_ours(process);
	if (r < 0)
		return r;
	while (!atomic_load_explicit(&process->is_ended, memory_order_acquire)) {
		r = wait_for_end(process, timeout_ns);
		if (r < 0)
			return r;
		family_enter();
		family_reap(process);
		family_leave();
	}
	return outcome(process, ret_exit_code);
}

int mp_process_exit_code(struct mp_process *process, int *ret_exit_code)
{
	return mp_process_join(process, 0, ret_exit_code);
}

bool mp_process_is_alive(struct mp_process *process)
{
	if (process == mp_current_process())
		return true;
	int r = mp_process_join(process, 0, NULL);
	return r == -EAGAIN;
}

static int send_signal(struct mp_process *process, int signal_number)
{
	int r = check_ours(process);

	if (r < 0)
		return r;
	family_enter();
	if (process->is_ended)
		r = 0;
	else if (process->pidfd >= 0)
		r = sys(syscall(SYS_pidfd_send_signal, process->pidfd, signal_number, NULL, 0));
	else
		r = sys(kill(process->pid, signal_number));
	family_leave();
	return r == -ESRCH ? 0 : trace(r);
}

int mp_process_terminate(struct mp_process *process)
{
	return send_signal(process, SIGTERM);
}

int mp_process_kill(struct mp_process *process)
{
	return send_signal(process, SIGKILL);
}

pid_t mp_process_pid(const struct mp_process *process)
{
	return process->pid;
}

const char *mp_process_name(const struct mp_process *process)
{
	return process->name;
}

bool mp_process_is_daemon(const struct mp_process *process)
{
	return process->is_daemon;
}

int mp_process_fd(const struct mp_process *process)
{
	return process->pidfd;
}
