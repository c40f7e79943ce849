/*
 * vfork_self: as vfork, but what is loaded is this very program, which ends at the begin of its
 * main(): the floor of everything that starts the program again (Python's spawn, libmp's). Its
 * libraries are loaded and relocated, which takes far longer than all the rest.
 */
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "spawn/process.h"

static int vfork_self_run(void *state)
{
	(void)state;
	pid_t pid = vfork();
	if (pid == 0)
		spawn_exec_self();
	return trace(pid < 0 ? error_errno() : spawn_reap(pid));
}

const struct spawn spawn_vfork_self = {
	.name = "vfork_self",
	.summary = "vfork, and the child loads this program again",
	.capabilities = SPAWN_PROCESS | SPAWN_SELF,
	.state_bytes = 0,
	.open = spawn_open_self,
	.run = vfork_self_run,
	.close = spawn_close,
};
