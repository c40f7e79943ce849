#include "pool/mp_pool.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

/* In shared memory, before the workers are forked: they find it at this address. */
static pool_function **current;

static int task(const void *item, void *result)
{
	*(uint64_t *)result = (*current)(*(const uint64_t *)item);
	return 0;
}

static int say(int r, const char *call)
{
	return r < 0 ? fail(r, "%s: %s", call, mp_strerror(r)) : 0;
}

int mp_pool_state_open(
	void *state, const struct pool_options *options, enum mp_pool_kind kind, bool caller_works)
{
	struct mp_pool_state *self = state;
	/* A pool of libmp has one worker of its own at least. */
	unsigned first = caller_works && options->workers > 1;
	struct mp_pool_options wanted = {
		.kind = kind,
		.workers = options->workers - first,
		.binding = MP_POOL_BIND_CPUS,
		.cpus = options->cpus + first,
		.caller_works = caller_works,
	};

	if (current)
		return fail(-EBUSY, "a pool of libmp is open already");
	int r = shm_open_anonymous(&self->shared, sizeof(*current));
	if (r < 0)
		return trace(r);
	current = self->shared.data;
	self->sees_all = kind == MP_POOL_THREADS;
	self->pool = mp_pool_new(&wanted);
	if (!self->pool)
		return say(-errno, "mp_pool_new");
	if (!self->sees_all)
		self->results =
			mp_pool_alloc(self->pool, options->tasks_max * sizeof(*self->results));
	return self->sees_all || self->results ? 0 : say(-errno, "mp_pool_alloc");
}

int mp_pool_state_run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	struct mp_pool_state *self = state;

	*current = function;
	return say(mp_pool_apply(self->pool, task, &argument, sizeof(argument), ret_result,
			   sizeof(*ret_result)),
		"mp_pool_apply");
}

static bool is_seen(const struct mp_pool_state *self, const void *memory)
{
	for (unsigned i = 0; i < self->block_count; i++)
		if ((uintptr_t)memory - (uintptr_t)self->blocks[i].memory <
			self->blocks[i].size_bytes)
			return true;
	return self->sees_all;
}

int mp_pool_state_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	struct mp_pool_state *self = state;
	uint64_t *in_place = is_seen(self, results) ? results : self->results;
	int r = 0;

	*current = function;
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = mp_pool_submit(
			self->pool, task, &arguments[i], sizeof(*arguments), &in_place[i]);
		/* So many may wait. */
		if (r == -EAGAIN) {
			r = mp_pool_wait(self->pool, MP_FOREVER);
			i--;
		}
	}
	int done = mp_pool_wait(self->pool, MP_FOREVER);
	if (in_place != results)
		memcpy(results, in_place, n * sizeof(*results));
	return say(r < 0 ? r : done, "mp_pool_submit");
}

int mp_pool_state_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	struct mp_pool_state *self = state;

	*current = function;
	return say(mp_pool_map(self->pool, task, arguments, sizeof(*arguments), n, chunk, results,
			   sizeof(*results)),
		"mp_pool_map");
}

void *mp_pool_state_alloc(void *state, size_t size_bytes)
{
	struct mp_pool_state *self = state;

	if (self->block_count == MP_POOL_BLOCKS_MAX)
		return NULL;
	void *memory = mp_pool_alloc(self->pool, size_bytes);
	if (memory) {
		self->blocks[self->block_count].memory = memory;
		self->blocks[self->block_count++].size_bytes = size_bytes;
	}
	return memory;
}

void mp_pool_state_facts(
	const void *state, void (*put)(void *, const char *, double), void *context)
{
	const struct mp_pool_state *self = state;

	put(context, "deaths", (double)mp_pool_deaths(self->pool));
}

void mp_pool_state_close(void *state)
{
	struct mp_pool_state *self = state;

	mp_pool_free(self->pool);
	if (self->shared.data)
		current = NULL;
	shm_close(&self->shared);
	*self = (struct mp_pool_state){0};
}
