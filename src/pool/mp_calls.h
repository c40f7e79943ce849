#pragma once
/*
 * What the two kinds of libmp's pool share as subjects: processes and threads have one interface,
 * so they differ in their options only.
 */
#include "mp/pool.h"
#include "os/shm.h"
#include "pool/pool.h"

struct mp_calls {
	struct mp_pool *pool;
	struct shm shm;
	_Atomic uintptr_t *function; /* of the map under way; workers see it */
	uint64_t *results;           /* of a batch, where workers see them */
	size_t tasks_max;
};

int mp_calls_open(struct mp_calls *calls, enum mp_pool_kind kind, bool caller_works,
	const struct pool_options *options);
int mp_calls_run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result);
int mp_calls_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results);
int mp_calls_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results);
void *mp_calls_alloc(void *state, size_t size_bytes);
void mp_calls_facts(const void *state, void (*put)(void *, const char *, double), void *context);
void mp_calls_close(void *state);
