/*
 * mp_process_clone3: libmp's process, started by a bare clone3 (by fork where the
 * caller has several threads).
 */
#include "spawn/mp_process.h"

static int mp_process_clone3_run(void *state)
{
	(void)state;
	return trace(spawn_mp_process(MP_CLONE3));
}

const struct spawn spawn_mp_process_clone3 = {
	.name = "mp_process_clone3",
	.summary = "libmp's process, by clone3",
	.capabilities = SPAWN_PROCESS,
	.state_bytes = 0,
	.open = spawn_open_bare,
	.run = mp_process_clone3_run,
	.close = spawn_close,
};
