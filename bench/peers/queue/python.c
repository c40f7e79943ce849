/*
 * Python's queues: the same cells in a program of Python, which prints its figure. They cannot
 * run otherwise, so a run lasts longer here: starting Python's processes is not timed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "bench/peers/queue/run.h"
#include "os/fd.h"
#include "os/proc.h"

enum { DEADLINE_MS = 30000, RUN_MS_MIN = 200, NO_PYTHON = 127 };

struct script {
	const struct run_options *options;
	const struct row *row;
	int out;
};

static int run_script(void *argument)
{
	const struct script *script = argument;
	const struct run_options *options = script->options;
	unsigned run_ms = options->run_ms < RUN_MS_MIN ? RUN_MS_MIN : options->run_ms;
	char cpus[32], ms[16];

	snprintf(ms, sizeof(ms), "%u", run_ms);
	snprintf(cpus, sizeof(cpus), "%d,%d", options->cpus[0],
		options->cpus[script->row->shape == ON_ONE ? 0 : 1]);
	if (dup2(script->out, STDOUT_FILENO) < 0)
		return 1;
	execlp("python3", "python3", options->python, script->row->subject->python,
		script->row->shape == ONE_BY_ONE ? "stream" : "rtt", ms, cpus, NULL);
	return NO_PYTHON;
}

int run_python(const struct run_options *options, const struct row *row, double *ret_value)
{
	_cleanup_(proc_kill) struct proc child = PROC_NULL;
	_cleanup_(fd_close) int in = -1;
	_cleanup_(fd_close) int out = -1;
	char text[64] = "";
	int pipes[2], status = 0;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return trace(-errno);
	in = pipes[0];
	out = pipes[1];
	struct script script = {options, row, out};
	int r = proc_start(&child, run_script, &script);
	if (r == 0)
		r = proc_join(&child, deadline_after_ms(DEADLINE_MS), &status);
	if (r < 0)
		return trace(r);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PYTHON)
		return fail(-EOPNOTSUPP, "there is no python3");
	if (status)
		return fail(-EIO, "python3 %s failed", options->python);
	if (read(in, text, sizeof(text) - 1) <= 0 || (*ret_value = strtod(text, NULL)) <= 0)
		return fail(-EBADMSG, "python3 %s printed no figure", options->python);
	return 0;
}

#define PYTHON(kind)                                                                   \
	{                                                                              \
		.name = "Python " kind, .message_bytes = SMALL_BYTES, .is_lone = true, \
		.python = kind                                                         \
	}

const struct subject subjects_python[] = {PYTHON("Queue"), PYTHON("SimpleQueue"), {0}};
