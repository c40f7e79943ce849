#pragma once
/*
 * A parallel map without a pool: forks workers, which have the items and the context because they
 * are copies of their parent, and gets the results over pipes.
 *
 *	static int square(void *context, const void *item, void *result)
 *	{
 *		*(double *)result = *(const double *)item * *(const double *)item;
 *		return 0;
 *	}
 *	…
 *	r = mp_parmap(square, NULL, in, sizeof(*in), out, sizeof(*out), 1000, NULL, NULL);
 *
 * It starts as many processes as there are CPUs, so it is for work of 10 ms and more; for less, and
 * for more than once, there is the pool.
 *
 * A worker that is killed, or that ends by itself, loses the items that it had: they are reported,
 * or tried again by choice, and another worker takes its place.
 */
#include "mp/base.h"

struct mp_parmap_options {
	unsigned workers;   /* 0: mp_cpu_count() */
	size_t chunk_items; /* 0: many at first, single ones in the end */
	unsigned retries;   /* how often an item is tried again whose worker died; alone then */
};

/*
 * Calls run(context, items + i * item_bytes, results + i * result_bytes) for each i in a worker, in
 * any order; items may be NULL (then so is the argument), results too if result_bytes is 0. What
 * run() returns is the item's status: negative is its failure. A failed or lost item's result is
 * left as it was.
 *
 * 0: all went well. Else the status of the first item that didn't; ret_status, if not NULL, has the
 * status of each: -EOWNERDEAD: its worker died. Other errors, where ret_status is unspecified:
 * -EPERM: a daemon may have no workers; -EAGAIN, -ENOMEM, -EMFILE: not a single worker could be
 * started, or go on.
 */
MP_API int mp_parmap(int (*run)(void *context, const void *item, void *result), void *context,
	const void *items, size_t item_bytes, void *results, size_t result_bytes, size_t count,
	const struct mp_parmap_options *options, int *ret_status);
