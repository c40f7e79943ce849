/*
 * A task of the harness is a function and its argument. Handed over one by one, the item is both;
 * a map's function stands beside the items, in memory that the workers found when they were made.
 */
#include "pool/mp_calls.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"

struct call {
	pool_function *function;
	uint64_t argument;
};

/* As seen by the workers of the pool that was opened last. */
static _Atomic uintptr_t *map_function;

static int do_call(const void *item, void *result)
{
	const struct call *call = item;

	*(uint64_t *)result = call->function(call->argument);
	return 0;
}

static int do_item(const void *item, void *result)
{
	pool_function *function =
		(pool_function *)atomic_load_explicit(map_function, memory_order_relaxed);

	*(uint64_t *)result = function(*(const uint64_t *)item);
	return 0;
}

int mp_calls_open(struct mp_calls *calls, enum mp_pool_kind kind, bool caller_works,
	const struct pool_options *options)
{
	/* The caller is worker 0. A pool has one of its own at least. */
	unsigned first = caller_works && options->workers > 1;
	struct mp_pool_options ours = {
		.kind = kind,
		.workers = options->workers - first,
		.binding = MP_POOL_BIND_CPUS,
		.cpus = options->cpus + first,
		.caller_works = caller_works,
	};

	calls->tasks_max = options->tasks_max;
	int r = shm_open_anonymous(&calls->shm, sizeof(*calls->function));
	if (r < 0)
		return trace(r);
	map_function = calls->function = calls->shm.data;
	calls->pool = mp_pool_new(&ours);
	if (!calls->pool)
		return fail(-errno, "mp_pool: %s", mp_strerror(-errno));
	calls->results = mp_pool_alloc(calls->pool, calls->tasks_max * sizeof(*calls->results));
	return calls->results ? 0 : trace(-errno);
}

int mp_calls_run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	struct mp_calls *calls = state;
	struct call call = {function, argument};

	return mp_pool_apply(
		calls->pool, do_call, &call, sizeof(call), ret_result, sizeof(*ret_result));
}

int mp_calls_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	struct mp_calls *calls = state;

	for (size_t i = 0; i < n; i++) {
		struct call call = {function, arguments[i]};
		int r = mp_pool_submit(
			calls->pool, do_call, &call, sizeof(call), &calls->results[i]);
		if (r < 0)
			return trace(r);
	}
	int r = mp_pool_wait(calls->pool, MP_FOREVER);
	if (r < 0)
		return trace(r);
	memcpy(results, calls->results, n * sizeof(*results));
	return 0;
}

int mp_calls_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	struct mp_calls *calls = state;

	atomic_store_explicit(calls->function, (uintptr_t)function, memory_order_relaxed);
	return mp_pool_map(calls->pool, do_item, arguments, sizeof(*arguments), n, chunk, results,
		sizeof(*results));
}

void *mp_calls_alloc(void *state, size_t size_bytes)
{
	struct mp_calls *calls = state;

	return mp_pool_alloc(calls->pool, size_bytes);
}

void mp_calls_facts(const void *state, void (*put)(void *, const char *, double), void *context)
{
	const struct mp_calls *calls = state;

	put(context, "workers_replaced", (double)mp_pool_deaths(calls->pool));
}

void mp_calls_close(void *state)
{
	struct mp_calls *calls = state;

	mp_pool_free(calls->pool);
	shm_close(&calls->shm);
	*calls = (struct mp_calls){.pool = NULL};
}
