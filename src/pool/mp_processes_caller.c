/*
 * mp_processes_caller: as mp_processes, with a caller that does tasks itself while it waits. A task
 * that is waited for at once is a call then; one that crashes takes the caller with it.
 */
#include "base/error.h"
#include "pool/mp_pool.h"

static int mp_processes_caller_open(void *state, const struct pool_options *options)
{
	return trace(mp_pool_state_open(state, options, MP_POOL_PROCESSES, true));
}

const struct pool pool_mp_processes_caller = {
	.name = "mp_processes_caller",
	.summary = "libmp's pool of processes, whose caller works too",
	.capabilities = POOL_CALLER_WORKS | POOL_PROCESS | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct mp_pool_state),
	.open = mp_processes_caller_open,
	.run = mp_pool_state_run,
	.batch = mp_pool_state_batch,
	.map = mp_pool_state_map,
	.alloc = mp_pool_state_alloc,
	.facts = mp_pool_state_facts,
	.close = mp_pool_state_close,
};
