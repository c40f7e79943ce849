/*
 * mp_threads_caller: as mp_threads, with a caller that does tasks itself while it waits: one of the
 * workers is the caller. Nothing is handed over in vain then, and a task that is waited for at once
 * is a call.
 */
#include "pool/mp_calls.h"

static int mp_threads_caller_open(void *state, const struct pool_options *options)
{
	return mp_calls_open(state, MP_POOL_THREADS, true, options);
}

const struct pool pool_mp_threads_caller = {
	.name = "mp_threads_caller",
	.summary = "libmp: a pool of threads whose caller works too",
	.capabilities = POOL_THREAD | POOL_CALLER_WORKS | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = sizeof(struct mp_calls),
	.open = mp_threads_caller_open,
	.run = mp_calls_run,
	.batch = mp_calls_batch,
	.map = mp_calls_map,
	.alloc = mp_calls_alloc,
	.facts = mp_calls_facts,
	.close = mp_calls_close,
};
