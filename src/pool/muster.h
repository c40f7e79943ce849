#pragma once
/*
 * Getting hold of every worker of a pool that does not tell which worker has which task: a batch of
 * as many tasks as there are workers, each of which waits for all the others, so that each worker
 * has exactly one. There it binds itself to its CPU. When this returns, all workers have started.
 */
#include "pool/pool.h"

/* A pool's way to hand over tasks, its batch() or its map(). */
typedef int pool_hand_over(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, uint64_t *results);

/* With caller_works the caller is worker 0 and keeps its CPU. -ETIMEDOUT: not all of them came. */
int pool_muster(pool_hand_over *hand_over, void *state, const struct pool_options *options,
	int caller_works);
