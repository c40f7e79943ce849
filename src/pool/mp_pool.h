#pragma once
/*
 * What the members of libmp share: all but the kind of the workers, and whether the caller is one.
 *
 * A task of libmp reads an item and writes a result; a task here is a function of a number. So one
 * task of libmp calls whatever function the caller has put into memory that all workers see, before
 * it hands over the arguments: one load for each task. The memory is one for each process, so a
 * member can be open once at a time (-EBUSY).
 */
#include "mp/pool.h"
#include "os/shm.h"
#include "pool/pool.h"

enum { MP_POOL_BLOCKS_MAX = 8 };

struct mp_pool_state {
	struct mp_pool *pool;
	struct shm shared; /* where the function stands */
	uint64_t *results; /* of a batch whose own workers cannot see; tasks_max of them */
	/* What alloc() gave. */
	struct {
		const void *memory;
		size_t size_bytes;
	} blocks[MP_POOL_BLOCKS_MAX];
	unsigned block_count;
	bool sees_all; /* its workers see all memory of the caller */
};

/* caller_works: the caller is worker 0. */
int mp_pool_state_open(
	void *state, const struct pool_options *options, enum mp_pool_kind kind, bool caller_works);
int mp_pool_state_run(
	void *state, pool_function *function, uint64_t argument, uint64_t *ret_result);
int mp_pool_state_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results);
int mp_pool_state_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results);
void *mp_pool_state_alloc(void *state, size_t size_bytes);
void mp_pool_state_facts(
	const void *state, void (*put)(void *, const char *, double), void *context);
void mp_pool_state_close(void *state);
