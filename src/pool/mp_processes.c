/*
 * mp_processes: libmp's pool of processes: the caller does no task itself, so a task that crashes
 * takes a worker with it and not the caller; whoever is killed is replaced. The arrays lie in the
 * pool's memory.
 */
#include "pool/mp_calls.h"

static int mp_processes_open(void *state, const struct pool_options *options)
{
	return mp_calls_open(state, MP_POOL_PROCESSES, false, options);
}

const struct pool pool_mp_processes = {
	.name = "mp_processes",
	.summary = "libmp: a pool of processes that survives kill -9",
	.capabilities = POOL_PROCESS | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct mp_calls),
	.open = mp_processes_open,
	.run = mp_calls_run,
	.batch = mp_calls_batch,
	.map = mp_calls_map,
	.alloc = mp_calls_alloc,
	.facts = mp_calls_facts,
	.close = mp_calls_close,
};
