/*
 * Results: a struct mp_result is the task's record itself; what becomes of a map stands in its job.
 * Who waits leaves its seat's number in the record, so a worker wakes nobody in vain.
 */
#include "mp/pool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"

static bool is_done(const void *argument)
{
	const struct mp_result *record = argument;

	return phase_of(atomic_load_explicit(&record->state, memory_order_acquire)) == PHASE_DONE;
}

/* How long to spin before the worker on this CPU is woken too: not at all for a map of which little
 * is done after a while. */
static int64_t patience(const struct mp_pool *pool, const struct mp_result *record)
{
	uint32_t done = 0;

	if (!(record->flags & FLAG_JOB) || pool_spin(pool, is_done, record, POOL_SPIN_LOOK_NS))
		return POOL_SPIN_NS;
	const struct pool_job *job = &pool->shared->job[record->payload[0]];
	for (unsigned w = 0; w < pool_hands(pool); w++)
		done += atomic_load_explicit(&job->shares[w].done, memory_order_relaxed);
	return done < job->chunks / 4 ? 0 : POOL_SPIN_NS;
}

int pool_result_wait(struct mp_pool *pool, struct mp_result *record, const struct waiter_seat *peer,
	int64_t timeout_ns)
{
	unsigned seat = pool_seat();
	uint8_t before = 0;

	if (is_done(record))
		return 0;
	if (timeout_ns == 0)
		return -EAGAIN;
	if (timeout_ns < 0 && pool->shared->options.caller_works) {
		pool_help(pool, record);
		if (is_done(record))
			return 0;
	}
	if (atomic_load_explicit(&record->seat_plus_1, memory_order_relaxed) != seat + 1 &&
		!atomic_compare_exchange_strong(&record->seat_plus_1, &before, (uint8_t)(seat + 1)))
		/* Several wait for this one: all are woken. */
		atomic_store(&record->seat_plus_1, POOL_SEATS + 1);
	int64_t spin_ns = patience(pool, record);
	/* Who should do it may be stopped, or stuck in another task, while others sleep. */
	int64_t deadline_ns = mp_deadline(timeout_ns);
	for (int64_t slice_ns = NS_PER_MS; is_queued(record); slice_ns *= 2) {
		int64_t left_ns = deadline_left_ns(deadline_ns);
		int r = pool_wait(pool, seat, peer, is_done, record, spin_ns,
			slice_ns < left_ns ? slice_ns : left_ns);
		if (r == 0)
			return 0;
		if (clock_ns() >= deadline_ns)
			return -ETIMEDOUT;
		pool_rouse(pool, mp_waiter());
	}
	return pool_wait(pool, seat, peer, is_done, record, spin_ns,
		timeout_ns < 0 ? MP_FOREVER : deadline_left_ns(deadline_ns));
}

const void *pool_result_bytes(struct mp_result *record, size_t *ret_bytes)
{
	if (record->flags & FLAG_JOB) {
		const struct pool_job *job = &pool_of(record)->job[record->payload[0]];
		*ret_bytes = job->n * job->result_bytes;
		return job->results;
	}
	*ret_bytes = record->result_bytes;
	return result_of(record);
}

int mp_result_wait(struct mp_result *result, int64_t timeout_ns)
{
	struct mp_pool *pool = pool_of(result)->owner;

	if (is_done(result))
		return 0;
	int r = pool_check_fork(pool);
	if (r < 0)
		return r;
	return pool_result_wait(pool, result, NULL, timeout_ns);
}

int mp_result_get(struct mp_result *result, void *bytes, int64_t timeout_ns)
{
	size_t n;

	int r = mp_result_wait(result, timeout_ns);
	if (r < 0)
		return r;
	if (bytes && result->error >= 0) {
		const void *source = pool_result_bytes(result, &n);
		if (n && source != bytes)
			memcpy(bytes, source, n);
	}
	return result->error < 0 ? result->error : 0;
}

bool mp_result_ready(const struct mp_result *result)
{
	return is_done(result);
}

int mp_result_successful(const struct mp_result *result)
{
	if (!is_done(result))
		return fail(-EINVAL, "the result is not ready");
	return result->error >= 0;
}

/* Its memory is given back when it is done. Without memory to note that: when its record is used
 * again. */
void pool_limbo_add(struct mp_pool *pool, const struct mp_result *record)
{
	if (pool->limbo_count == pool->limbo_capacity) {
		uint32_t capacity = pool->limbo_capacity ? 2 * pool->limbo_capacity : 64;
		uint32_t *limbo =
			fault_hit() ? NULL : realloc(pool->limbo, capacity * sizeof(*limbo));
		if (!limbo)
			return;
		pool->limbo = limbo;
		pool->limbo_capacity = capacity;
	}
	pool->limbo[pool->limbo_count++] = (uint32_t)(record - pool->records);
}

static bool is_over(const struct mp_result *record)
{
	enum pool_phase phase =
		phase_of(atomic_load_explicit(&record->state, memory_order_acquire));

	return phase == PHASE_FREE || (phase == PHASE_DONE && record->is_dropped);
}

void pool_limbo_sweep(struct mp_pool *pool)
{
	uint32_t kept = 0;

	if (pool->limbo_count < pool->limbo_next)
		return;
	for (uint32_t i = 0; i < pool->limbo_count; i++) {
		struct mp_result *record = pool->records + pool->limbo[i];
		if (!(record->flags & (FLAG_OWNED | FLAG_JOB)))
			continue;
		if (!is_over(record)) {
			pool->limbo[kept++] = pool->limbo[i];
			continue;
		}
		pool_record_clean(pool, record);
	}
	pool->limbo_count = kept;
	pool->limbo_next = 2 * kept + 16;
}

void pool_record_clean(struct mp_pool *pool, struct mp_result *record)
{
	if (record->flags & FLAG_JOB)
		pool_job_free(pool, (unsigned)record->payload[0]);
	if (record->flags & FLAG_OWNED)
		pool_block_free(pool, (void *)(uintptr_t)record->payload[3]);
	record->flags &= (uint8_t) ~(FLAG_JOB | FLAG_OWNED);
}

void pool_result_free(struct mp_pool *pool, struct mp_result *record)
{
	bool is_big = record->flags & (FLAG_JOB | FLAG_OWNED);

	if (is_done(record) && !is_big) {
		atomic_store_explicit(&record->state, PHASE_FREE, memory_order_release);
		return;
	}
	bool is_fast = pool_gate_enter(&pool->gate);
	if (is_done(record)) {
		pool_record_clean(pool, record);
		atomic_store_explicit(&record->state, PHASE_FREE, memory_order_release);
	} else {
		record->is_dropped = 1;
		if (is_big)
			pool_limbo_add(pool, record);
	}
	pool_gate_leave(&pool->gate, is_fast);
}

void mp_result_free(struct mp_result *result)
{
	int saved = errno;

	if (!result)
		return;
	struct mp_pool *pool = pool_of(result)->owner;
	if (pool_check_fork(pool) == 0 &&
		!(result->flags & FLAG_CALLBACK && pool_callback_frees(pool, result)))
		pool_result_free(pool, result);
	errno = saved;
}
