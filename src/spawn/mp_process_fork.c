/*
 * mp_process_fork: libmp's process, started by fork: beside the bare system call
 * it has a pidfd, a record that others find it by, and a lifeline that tells it of its parent's
 * end.
 */
#include "spawn/mp_process.h"

static int mp_process_fork_run(void *state)
{
	(void)state;
	return trace(spawn_mp_process(MP_FORK));
}

const struct spawn spawn_mp_process_fork = {
	.name = "mp_process_fork",
	.summary = "libmp's process, by fork",
	.capabilities = SPAWN_PROCESS,
	.state_bytes = 0,
	.open = spawn_open_bare,
	.run = mp_process_fork_run,
	.close = spawn_close,
};
