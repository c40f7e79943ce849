/*
 * imap: a map whose results are taken one by one, as the states of its chunks become done.
 */
#include "mp/pool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"

struct mp_imap {
	struct mp_pool *pool;
	struct mp_result *record;
	struct pool_job *job;
	uint8_t *is_taken; /* of each chunk, when the order is that of their ends */
	uint32_t chunk;    /* whose items are being handed out; the first not taken yet */
	size_t at, end;    /* its items that are left */
	uint32_t left;     /* chunks */
	uint32_t look;     /* where to look next */
};

static bool chunk_is_done(const struct pool_job *job, uint32_t chunk)
{
	return atomic_load_explicit(&job->states[chunk], memory_order_acquire) & CHUNK_DONE_BIT;
}

/* Where no worker is left to do it, the map as a whole is over. */
static bool is_over(const struct mp_imap *imap)
{
	return mp_result_ready(imap->record);
}

static bool next_is_done(const void *argument)
{
	const struct mp_imap *imap = argument;

	return chunk_is_done(imap->job, imap->chunk) || is_over(imap);
}

static bool find_done(const struct mp_imap *imap, uint32_t *ret_chunk)
{
	uint32_t chunks = imap->job->chunks;

	for (uint32_t i = 0; i < chunks; i++) {
		uint32_t chunk = imap->look + i < chunks ? imap->look + i : imap->look + i - chunks;
		if (imap->is_taken[chunk] || !chunk_is_done(imap->job, chunk))
			continue;
		*ret_chunk = chunk;
		return true;
	}
	return false;
}

static bool any_is_done(const void *argument)
{
	const struct mp_imap *imap = argument;
	uint32_t chunk;

	return find_done(imap, &chunk) || is_over(imap);
}

static struct mp_imap *imap_new(struct mp_pool *pool, const struct pool_call *call, bool is_ordered)
{
	struct mp_imap *imap = fault_hit() ? NULL : calloc(1, sizeof(*imap));

	if (!imap) {
		errno = ENOMEM;
		return NULL;
	}
	bool is_fast = pool_gate_enter(&pool->gate);
	int r = pool_check(pool);
	if (r == 0) {
		pool_limbo_sweep(pool);
		r = pool_job_start(pool, call, mp_waiter(), &imap->record);
	}
	pool_gate_leave(&pool->gate, is_fast);
	if (r < 0) {
		free(imap);
		errno = -r;
		return NULL;
	}
	imap->pool = pool;
	imap->job = &pool->shared->job[imap->record->payload[0]];
	imap->left = imap->job->chunks;
	if (!is_ordered) {
		imap->is_taken = fault_hit() ? NULL : calloc(imap->left + 1, 1);
		if (!imap->is_taken) {
			mp_imap_free(imap);
			errno = ENOMEM;
			return NULL;
		}
	}
	return imap;
}

static struct pool_call imap_call(
	mp_task *task, const struct mp_column *column, size_t n, size_t chunk, size_t result_bytes)
{
	return (struct pool_call){
		.task = task,
		.columns = column,
		.column_count = 1,
		.n = n,
		.chunk = chunk ? chunk : 1,
		.result_bytes = result_bytes,
		.wants_errors = true,
	};
}

struct mp_imap *mp_pool_imap(struct mp_pool *pool, mp_task *task, const void *items,
	size_t item_bytes, size_t n, size_t chunk, size_t result_bytes)
{
	struct mp_column column = {items, item_bytes};
	struct pool_call call = imap_call(task, &column, n, chunk, result_bytes);

	return imap_new(pool, &call, true);
}

struct mp_imap *mp_pool_imap_unordered(struct mp_pool *pool, mp_task *task, const void *items,
	size_t item_bytes, size_t n, size_t chunk, size_t result_bytes)
{
	struct mp_column column = {items, item_bytes};
	struct pool_call call = imap_call(task, &column, n, chunk, result_bytes);

	return imap_new(pool, &call, false);
}

static int wait_for(struct mp_imap *imap, waiter_ready *ready, uint32_t wanted, int64_t timeout_ns)
{
	struct pool_job *job = imap->job;

	if (ready(imap))
		return 0;
	if (timeout_ns == 0)
		return -EAGAIN;
	atomic_store(&job->wanted_seat, pool_seat() + 1);
	atomic_store(&job->wanted, wanted);
	int r = pool_wait(imap->pool, pool_seat(), NULL, ready, imap, POOL_SPIN_NS, timeout_ns);
	atomic_store_explicit(&job->wanted, 0, memory_order_relaxed);
	return r;
}

/* Sets `chunk`, `at` and `end` to those of the next chunk that is done. */
static int next_chunk(struct mp_imap *imap, int64_t timeout_ns)
{
	const struct pool_job *job = imap->job;
	uint32_t chunk = imap->chunk;
	int r;

	if (imap->left == 0)
		return -ENODATA;
	if (imap->is_taken) {
		r = wait_for(imap, any_is_done, WANTED_ANY, timeout_ns);
		if (r == 0 && !find_done(imap, &chunk))
			return job->error;
	} else {
		r = wait_for(imap, next_is_done, chunk + 1, timeout_ns);
		if (r == 0 && !chunk_is_done(job, chunk))
			return job->error;
	}
	if (r < 0)
		return r;
	if (imap->is_taken)
		imap->is_taken[chunk] = 1;
	imap->look = chunk;
	imap->chunk = chunk + 1;
	imap->left--;
	imap->at = chunk * job->chunk;
	imap->end = job->n - imap->at < job->chunk ? job->n : imap->at + job->chunk;
	return 0;
}

int64_t mp_imap_next(struct mp_imap *imap, void *result, int *ret_error, int64_t timeout_ns)
{
	const struct pool_job *job = imap->job;
	int r = pool_check_fork(imap->pool);

	if (r == 0 && imap->at == imap->end)
		r = next_chunk(imap, timeout_ns);
	if (r < 0)
		return r;
	size_t i = imap->at++;
	if (result && job->result_bytes)
		memcpy(result, job->results + i * job->result_bytes, job->result_bytes);
	if (ret_error)
		*ret_error = job->errors[i];
	return (int64_t)i;
}

void mp_imap_free(struct mp_imap *imap)
{
	int saved = errno;

	if (!imap)
		return;
	/* The items are the caller's, and may go with it. */
	if (pool_check_fork(imap->pool) == 0) {
		mp_result_wait(imap->record, MP_FOREVER);
		mp_result_free(imap->record);
	}
	free(imap->is_taken);
	free(imap);
	errno = saved;
}
