/*
 * mp_threads: Python's ThreadPool in C: the same pool as mp_processes, with threads: everything is
 * in place for them, and nothing protects the caller from what a task does.
 */
#include "base/error.h"
#include "pool/mp_pool.h"

static int mp_threads_open(void *state, const struct pool_options *options)
{
	return trace(mp_pool_state_open(state, options, MP_POOL_THREADS, false));
}

const struct pool pool_mp_threads = {
	.name = "mp_threads",
	.summary = "libmp's pool of threads",
	.capabilities = POOL_THREAD | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct mp_pool_state),
	.open = mp_threads_open,
	.run = mp_pool_state_run,
	.batch = mp_pool_state_batch,
	.map = mp_pool_state_map,
	.alloc = mp_pool_state_alloc,
	.facts = mp_pool_state_facts,
	.close = mp_pool_state_close,
};
