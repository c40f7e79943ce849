#include "spawn/process.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "mp/process.h"
#include "mp/shared.h"

static const char nothing_argument[] = "--spawn-nothing";
static bool main_was_called;

void spawn_main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], nothing_argument) == 0)
		_exit(EXIT_SUCCESS);
	mp_freeze_support();
	/* The memory from which libmp hands things on to what it spawns stays the process's: who
	 * counts descriptors before and after must find it there before. */
	mp_shared_free(mp_shared_new(1));
	main_was_called = true;
}

int spawn_open_bare(void *state, const struct spawn_options *options)
{
	(void)state, (void)options;
	return 0;
}

int spawn_open_helper(void *state, const struct spawn_options *options)
{
	struct spawn_process *process = state;
	int r = options->helper ? sys(access(options->helper, X_OK)) : -ENOENT;

	if (r < 0)
		return fail(r, "the program to start, %s: %s (it belongs to ipcmark: install it)",
			options->helper ? options->helper : "none given", error_message(r));
	process->helper = options->helper;
	return 0;
}

int spawn_open_self(void *state, const struct spawn_options *options)
{
	(void)state, (void)options;
	return main_was_called ? 0
			       : fail(-EOPNOTSUPP, "main() has not called spawn_main(): this "
						   "program cannot be started again");
}

void spawn_close(void *state)
{
	(void)state;
}

void spawn_exec(const char *helper)
{
	char *arguments[] = {(char *)helper, NULL}, *environment[] = {NULL};

	execve(helper, arguments, environment);
	_exit(127);
}

void spawn_exec_self(void)
{
	char *arguments[] = {program_invocation_name, (char *)nothing_argument, NULL};
	char *environment[] = {NULL};

	execve("/proc/self/exe", arguments, environment);
	_exit(127);
}

static int judge(int code, int status)
{
	if (code == CLD_EXITED && status == EXIT_SUCCESS)
		return 0;
	return fail(-ECHILD, "what was started ended with %s %d",
		code == CLD_EXITED ? "status" : "signal", status);
}

static int reap(idtype_t type, id_t id)
{
	siginfo_t info;
	int r;

	do {
		r = waitid(type, id, &info, WEXITED);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? fail(-errno, "cannot wait for what was started: %s", error_message(-errno))
		     : judge(info.si_code, info.si_status);
}

int spawn_reap(pid_t pid)
{
	return reap(P_PID, (id_t)pid);
}

int spawn_reap_pidfd(int pidfd)
{
	/* glibc's P_PIDFD is of 2.36. */
	return reap((idtype_t)3, (id_t)pidfd);
}
