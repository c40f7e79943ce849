/*
 * fork: the child is a copy of the caller, and ends at once. The kernel copies the page tables, so
 * it costs more the more memory the caller has touched, and later a fault for each page that either
 * writes. Fails with EAGAIN at the limit of processes, ENOMEM where memory may not be
 * overcommitted.
 */
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "spawn/process.h"

static int fork_run(void *state)
{
	(void)state;
	pid_t pid = sys(fork());
	if (pid == 0)
		_exit(0);
	return trace(pid < 0 ? pid : spawn_reap(pid));
}

const struct spawn spawn_fork = {
	.name = "fork",
	.summary = "fork, and the child ends",
	.capabilities = SPAWN_PROCESS,
	.state_bytes = 0,
	.open = spawn_open_bare,
	.run = fork_run,
	.close = spawn_close,
};
