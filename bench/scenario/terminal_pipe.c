/*
 * Standard output as a shell's pipeline has it: a pipe that all write to. Each write is atomic, and
 * that does not help a line of several.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "scenario/terminal.h"

static int pipe_connect(struct terminal *terminal)
{
	int ends[2];
	int r = sys(pipe2(ends, O_CLOEXEC | O_NONBLOCK));

	if (r < 0)
		return fail(r, "cannot make a pipe: %s", error_message(r));
	terminal->read_fd = ends[0];
	terminal->write_fd = ends[1];
	return 0;
}

static int pipe_open(void *state, const struct load *load)
{
	return terminal_open(state, load, pipe_connect);
}

const struct scenario scenario_terminal_pipe = {
	.name = "pipe",
	.summary = "lines into a pipe",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TERMINAL,
	.state_bytes = sizeof(struct terminal),
	.open = pipe_open,
	.run = terminal_run,
	.close = terminal_close,
};
