/*
 * mp_processes: Python's Pool in C: tasks and results go through shared memory, where
 * workers find them without a system call as long as they are awake; one that is killed is
 * replaced.
 */
#include "base/error.h"
#include "pool/mp_pool.h"

static int mp_processes_open(void *state, const struct pool_options *options)
{
	return trace(mp_pool_state_open(state, options, MP_POOL_PROCESSES, false));
}

const struct pool pool_mp_processes = {
	.name = "mp_processes",
	.summary = "libmp's pool of processes",
	.capabilities = POOL_PROCESS | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct mp_pool_state),
	.open = mp_processes_open,
	.run = mp_pool_state_run,
	.batch = mp_pool_state_batch,
	.map = mp_pool_state_map,
	.alloc = mp_pool_state_alloc,
	.facts = mp_pool_state_facts,
	.close = mp_pool_state_close,
};
