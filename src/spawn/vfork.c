/*
 * vfork: the child borrows the caller's memory until it loads another program, while the caller
 * stands still; nothing is copied, whatever the caller's size. A handler of a signal would run in
 * the child on the caller's memory: those who have handlers block signals around this, which is two
 * calls more (posix_spawn does it).
 */
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "spawn/process.h"

static int vfork_run(void *state)
{
	const struct spawn_process *process = state;
	const char *helper = process->helper;

	pid_t pid = vfork();
	if (pid == 0)
		spawn_exec(helper);
	return trace(pid < 0 ? error_errno() : spawn_reap(pid));
}

const struct spawn spawn_vfork = {
	.name = "vfork",
	.summary = "vfork, and the child loads a program that ends",
	.capabilities = SPAWN_PROCESS | SPAWN_EXEC,
	.state_bytes = sizeof(struct spawn_process),
	.open = spawn_open_helper,
	.run = vfork_run,
	.close = spawn_close,
};
