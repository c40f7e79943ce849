/*
 * mp_process_spawn: libmp's process, started by vfork and exec, as Python's spawn: what
 * is loaded is this very program, with all its libraries, as with vfork_self, which is its floor.
 * Members that load a program without libc do far less.
 */
#include "spawn/mp_process.h"

static int mp_process_spawn_run(void *state)
{
	(void)state;
	return trace(spawn_mp_process(MP_SPAWN));
}

const struct spawn spawn_mp_process_spawn = {
	.name = "mp_process_spawn",
	.summary = "libmp's process, by vfork and exec of this program",
	.capabilities = SPAWN_PROCESS | SPAWN_SELF,
	.state_bytes = 0,
	.open = spawn_open_self,
	.run = mp_process_spawn_run,
	.close = spawn_close,
};
