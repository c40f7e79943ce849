/*
 * process: a side is a forked process with a private copy of everything; it dies with the harness
 * (PR_SET_PDEATHSIG), and is watched and reaped through its pidfd.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "harness/exec.h"

static int process_start(struct exec_side *side, int (*run)(void *argument), void *argument)
{
	int r = proc_start(&side->proc, run, argument);

	side->started = r >= 0;
	return trace(r);
}

static int process_join(struct exec_side *side, int64_t deadline_ns)
{
	pid_t pid = side->proc.pid;
	int status;

	int r = proc_join(&side->proc, deadline_ns, &status);
	if (r < 0)
		return trace(r);
	side->started = false;
	if (WIFSIGNALED(status))
		return fail(-ECHILD, "process %d was killed by signal %d (%s)", pid,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) != 0)
		return fail(-ECHILD, "process %d ended with status %d", pid, WEXITSTATUS(status));
	return 0;
}

static void process_kill(struct exec_side *side)
{
	if (side->started)
		proc_kill(&side->proc);
	side->started = false;
}

const struct exec_member exec_process = {
	.name = "process",
	.start = process_start,
	.join = process_join,
	.kill = process_kill,
};
