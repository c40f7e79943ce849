/*
 * mp_threads: libmp's pool of threads: the same code as its pool of processes, and the same
 * protocol.
 */
#include "pool/mp_calls.h"

static int mp_threads_open(void *state, const struct pool_options *options)
{
	return mp_calls_open(state, MP_POOL_THREADS, false, options);
}

const struct pool pool_mp_threads = {
	.name = "mp_threads",
	.summary = "libmp: a pool of threads",
	.capabilities = POOL_THREAD | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct mp_calls),
	.open = mp_threads_open,
	.run = mp_calls_run,
	.batch = mp_calls_batch,
	.map = mp_calls_map,
	.alloc = mp_calls_alloc,
	.facts = mp_calls_facts,
	.close = mp_calls_close,
};
