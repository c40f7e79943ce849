/*
 * The life of a map: its place, its memory, its start, its end, and what becomes of it when a
 * worker dies. The protocol is told at the head of pool_map.c.
 */
#include "mp/pool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"

enum { SHARE_ALIGN_ABOVE = 256, AUTO_CHUNKS = 4 };

static void job_end(struct mp_pool *pool, unsigned index, struct waiter *waiter)
{
	struct pool_job *job = &pool->shared->job[index];

	atomic_fetch_and(&pool->shared->jobs, ~pool_job_bit(index));
	job->record->error = atomic_load(&job->error);
	pool_record_end(pool->shared, job->record, waiter);
	pool_fence(waiter);
	if (atomic_load_explicit(&job->wanted, memory_order_relaxed))
		pool_notify_seats(pool->shared, POOL_SEATS + 1, waiter);
}

void pool_job_check(
	struct mp_pool *pool, unsigned index, unsigned self_plus_1, struct waiter *waiter)
{
	struct pool_job *job = &pool->shared->job[index];
	uint32_t sum = 0, nobody = 0;

	waiter_fence();
	sum = atomic_load_explicit(&job->lost, memory_order_acquire);
	for (unsigned w = 0; w < pool_hands(pool); w++)
		sum += atomic_load_explicit(&job->shares[w].done, memory_order_acquire);
	if (sum < job->chunks ||
		!atomic_compare_exchange_strong(&job->finisher_plus_1, &nobody, self_plus_1))
		return;
	job_end(pool, index, waiter);
}

static bool is_looked_at(const struct mp_pool *pool, unsigned index)
{
	for (unsigned w = 0; w < pool->workers; w++)
		if (atomic_load(&pool->shared->worker[w].job_plus_1) == index + 1)
			return true;
	return false;
}

/* Under the gate: a place that nobody uses or looks at. */
static int place_new(struct mp_pool *pool)
{
	for (unsigned i = 0; i < POOL_JOBS; i++) {
		if (pool->jobs_used & pool_job_bit(i) || is_looked_at(pool, i))
			continue;
		pool_block_free(pool, pool->job_blocks[i]);
		pool->job_blocks[i] = NULL;
		return (int)i;
	}
	return fail(-EAGAIN, "%d maps are under way in this pool already", POOL_JOBS);
}

static void forget_losses(struct mp_pool *pool, uint32_t index)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < pool->loss_count; i++)
		if (pool->losses[i].job != index)
			pool->losses[kept++] = pool->losses[i];
	pool->loss_count = kept;
}

void pool_job_free(struct mp_pool *pool, unsigned index)
{
	pool->jobs_used &= ~pool_job_bit(index);
	forget_losses(pool, index);
	/* Who is stopped while it looks at it may look once more. */
	if (!is_looked_at(pool, index)) {
		pool_block_free(pool, pool->job_blocks[index]);
		pool->job_blocks[index] = NULL;
	}
}

static size_t round_up(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

/* Everything that the map needs beside the caller's arrays, in one block; what workers do not see
 * in place is copied there. */
static int job_memory(
	struct mp_pool *pool, struct pool_job *job, unsigned index, const struct pool_call *call)
{
	size_t states = round_up(job->chunks + 8);
	size_t shares = pool_hands(pool) * sizeof(struct pool_share);
	size_t errors = call->wants_errors ? round_up(job->n * sizeof(int32_t)) : 0;
	size_t items = 0, results = 0;

	for (unsigned k = 0; k < call->column_count; k++)
		if (call->copies || !pool_sees(pool, call->columns[k].items,
					    call->columns[k].item_bytes * call->n))
			items += round_up(call->columns[k].item_bytes * call->n);
	if (!call->results || !pool_sees(pool, call->results, call->result_bytes * call->n))
		results = round_up(call->result_bytes * call->n);
	char *block = pool_block_new(pool, states + shares + errors + items + results);
	if (!block)
		return fail(-ENOMEM, "no %zu bytes left of the pool's memory (memory_bytes)",
			states + shares + errors + items + results);
	pool->job_blocks[index] = block;
	memset(block, 0, states + shares + errors);
	/* The end of the last word: nobody's. */
	memset(block + job->chunks, CHUNK_LOST, states - job->chunks);
	job->states = (_Atomic uint8_t *)block;
	job->shares = (struct pool_share *)(void *)(block + states);
	job->errors = errors ? (int32_t *)(void *)(block + states + shares) : NULL;
	char *next = block + states + shares + errors;
	for (unsigned k = 0; k < call->column_count; k++) {
		size_t bytes = call->columns[k].item_bytes * call->n;
		job->columns[k] = call->columns[k];
		if (bytes == 0 || (!call->copies && pool_sees(pool, call->columns[k].items, bytes)))
			continue;
		job->columns[k].items = memcpy(next, call->columns[k].items, bytes);
		next += round_up(bytes);
	}
	job->results = results ? next : call->results;
	return 0;
}

static void job_shares(struct mp_pool *pool, struct pool_job *job)
{
	uint64_t chunks = job->chunks, hands = pool_hands(pool);

	for (unsigned w = 0; w < hands; w++) {
		uint64_t begin = chunks * w / hands, end = chunks * (w + 1) / hands;
		/* Two workers do not write to one line of states, nor, mostly, of results. */
		if (chunks >= SHARE_ALIGN_ABOVE) {
			begin &= ~UINT64_C(63);
			end = w + 1 < hands ? end & ~UINT64_C(63) : chunks;
		}
		atomic_store_explicit(&job->shares[w].at, (uint32_t)begin, memory_order_relaxed);
		atomic_store_explicit(&job->shares[w].end, (uint32_t)end, memory_order_relaxed);
	}
}

static int job_fill(struct mp_pool *pool, unsigned index, const struct pool_call *call)
{
	struct pool_job *job = &pool->shared->job[index];
	size_t chunk = call->chunk;

	if (chunk == 0)
		chunk = call->n / (AUTO_CHUNKS * (size_t)pool_hands(pool)) + 1;
	/* Numbers of chunks are 32 bits wide. */
	if (call->n / chunk >= UINT32_MAX - 64)
		chunk = call->n / (UINT32_MAX / 2) + 1;
	*job = (struct pool_job){
		.task = call->task,
		.star_task = call->star_task,
		.item_bytes = call->column_count ? call->columns[0].item_bytes : 0,
		.result_bytes = call->result_bytes,
		.n = call->n,
		.chunk = chunk,
		.chunks = (uint32_t)((call->n + chunk - 1) / chunk),
		.column_count = call->column_count,
	};
	int r = job_memory(pool, job, index, call);
	if (r < 0)
		return trace(r);
	job->items = call->column_count ? job->columns[0].items : NULL;
	job_shares(pool, job);
	return 0;
}

int pool_job_start(struct mp_pool *pool, const struct pool_call *call, struct waiter *waiter,
	struct mp_result **ret_record)
{
	int index = place_new(pool);

	if (index < 0)
		return trace(index);
	int r = job_fill(pool, (unsigned)index, call);
	if (r < 0)
		return trace(r);
	struct pool_job *job = &pool->shared->job[index];
	struct mp_result *record = pool_record_new(pool);
	if (!record)
		return fail(-EAGAIN, "too many results of the pool are in use");
	record->flags = FLAG_RESULT | FLAG_JOB | (call->has_callback ? FLAG_CALLBACK : 0);
	record->payload[0] = (uint64_t)index;
	record->error = 0;
	record->result_bytes = 0;
	job->record = record;
	atomic_store_explicit(
		&record->state, state_of(PHASE_BEGUN, MP_POOL_WORKERS_MAX), memory_order_release);
	pool->jobs_used |= pool_job_bit((unsigned)index);
	pool->may_be_busy = true;
	*ret_record = record;
	if (job->chunks == 0) {
		pool_record_end(pool->shared, record, waiter);
		return 0;
	}
	unsigned most = job->chunks < pool->workers ? job->chunks : pool->workers;
	if (call->waits)
		atomic_store_explicit(
			&record->seat_plus_1, (uint8_t)(pool_seat() + 1), memory_order_relaxed);
	atomic_fetch_or(&pool->shared->jobs, pool_job_bit((unsigned)index));
	if (call->waits)
		pool_wake_elsewhere(pool, waiter, most);
	else
		pool_wake(pool, waiter, most);
	return 0;
}

static bool is_under_way(const struct mp_pool *pool, unsigned index)
{
	return pool->jobs_used & pool_job_bit(index) &&
	       phase_of(atomic_load(&pool->shared->job[index].record->state)) == PHASE_BEGUN;
}

bool pool_job_is_left(const struct mp_pool *pool)
{
	for (unsigned i = 0; i < POOL_JOBS; i++)
		if (is_under_way(pool, i))
			return true;
	return false;
}

/* How often this chunk was begun in vain, this time included. Without memory: often enough. */
static uint32_t count_loss(struct mp_pool *pool, uint32_t index, uint32_t chunk)
{
	for (unsigned i = 0; i < pool->loss_count; i++)
		if (pool->losses[i].job == index && pool->losses[i].chunk == chunk)
			return ++pool->losses[i].tries;
	if (pool->loss_count == pool->loss_capacity) {
		unsigned capacity = pool->loss_capacity ? 2 * pool->loss_capacity : 16;
		struct pool_loss *losses =
			fault_hit() ? NULL : realloc(pool->losses, capacity * sizeof(*losses));
		if (!losses)
			return UINT32_MAX;
		pool->losses = losses;
		pool->loss_capacity = capacity;
	}
	pool->losses[pool->loss_count++] = (struct pool_loss){index, chunk, 1};
	return 1;
}

static void chunk_lost(struct mp_pool *pool, unsigned index, uint32_t chunk, struct waiter *waiter)
{
	struct pool_job *job = &pool->shared->job[index];
	const struct mp_pool_options *options = &pool->shared->options;

	if (options->lost == MP_POOL_AGAIN && count_loss(pool, index, chunk) < options->tries_max) {
		atomic_store(&job->states[chunk], CHUNK_QUEUED);
		atomic_fetch_or(&pool->shared->jobs, pool_job_bit(index));
		pool_wake(pool, waiter, 1);
		return;
	}
	int none = 0;
	atomic_compare_exchange_strong(&job->error, &none, -EOWNERDEAD);
	size_t begin = chunk * job->chunk;
	for (size_t i = begin; job->errors && i < job->n && i < begin + job->chunk; i++)
		job->errors[i] = -EOWNERDEAD;
	atomic_store(&job->states[chunk], CHUNK_LOST);
	atomic_fetch_add(&job->lost, 1);
}

static void bury_in(struct mp_pool *pool, unsigned index, unsigned worker, struct waiter *waiter)
{
	struct pool_job *job = &pool->shared->job[index];
	uint32_t done = 0;

	for (uint32_t i = 0; i < job->chunks; i++) {
		uint8_t state = atomic_load_explicit(&job->states[i], memory_order_acquire);
		if (state == worker + 1)
			chunk_lost(pool, index, i, waiter);
		done += state == (CHUNK_DONE_BIT | (worker + 1));
	}
	/* It may have died before it counted its last one. */
	atomic_store(&job->shares[worker].done, done);
	if (atomic_load(&job->finisher_plus_1) == worker + 1)
		job_end(pool, index, waiter);
	else
		pool_job_check(pool, index, MP_POOL_WORKERS_MAX + 1, waiter);
}

void pool_job_bury(struct mp_pool *pool, unsigned worker, struct waiter *waiter)
{
	for (unsigned i = 0; i < POOL_JOBS; i++)
		if (is_under_way(pool, i))
			bury_in(pool, i, worker, waiter);
	atomic_store(&pool->shared->worker[worker].job_plus_1, 0);
}

void pool_job_cancel(struct mp_pool *pool, int error, struct waiter *waiter)
{
	for (unsigned i = 0; i < POOL_JOBS; i++) {
		if (!is_under_way(pool, i))
			continue;
		int none = 0;
		atomic_compare_exchange_strong(&pool->shared->job[i].error, &none, error);
		job_end(pool, i, waiter);
	}
}
