/*
 * What users call to have something done: tasks one by one, and maps.
 */
#include "mp/pool_internal.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"

enum {
	/* Who applies again within this time, and so many times as it takes switches on this CPU to
	 * cost what it costs to wake a worker elsewhere, gets one that stays awake. */
	OFTEN_NS = 200 * 1000,
	OFTEN = 8,
};

/* A task as it is handed over. */
struct order {
	mp_task *task;
	const void *item;
	size_t item_bytes;
	void *result; /* in place, if workers see it; NULL: none, or in the pool's memory */
	size_t result_bytes;
	bool is_async; /* the item may be gone before it is done, the result's place is not given */
};

static size_t words(size_t bytes)
{
	return (bytes + 7) / 8;
}

/* Small items are a few words, and a call costs more than to copy them. */
static inline void copy_item(uint64_t *to, const void *item, size_t bytes)
{
	if (__builtin_expect(bytes == 8, true))
		memcpy(to, item, 8);
	else if (bytes == 16)
		memcpy(to, item, 16);
	else if (bytes == 24)
		memcpy(to, item, 24);
	else if (bytes)
		memcpy(to, item, bytes);
}

/* Whatever does not fit into the record, and is not seen in place. */
static int fill_large(struct mp_pool *pool, struct mp_result *record, const struct order *order)
{
	bool item_in_place = !order->is_async && pool_sees(pool, order->item, order->item_bytes);
	bool is_small = order->item_bytes <= 3 * sizeof(uint64_t);
	bool result_in_place = order->result && pool_sees(pool, order->result, order->result_bytes);
	size_t item_copy = item_in_place || is_small ? 0 : 8 * words(order->item_bytes);
	size_t result_copy = result_in_place ? 0 : order->result_bytes;

	if (item_copy + result_copy > 0) {
		pool_limbo_sweep(pool);
		char *block = pool_block_new(pool, item_copy + result_copy);
		if (!block)
			return fail(-ENOMEM,
				"no %zu bytes left of the pool's memory (memory_bytes)",
				item_copy + result_copy);
		record->payload[3] = (uintptr_t)block;
		record->payload[4] = (uintptr_t)(block + item_copy);
		record->flags |= FLAG_OWNED;
		if (item_copy)
			record->payload[0] =
				(uintptr_t)memcpy(block, order->item, order->item_bytes);
	}
	if (is_small)
		copy_item(record->payload, order->item, order->item_bytes);
	else
		record->flags |= FLAG_ITEM_OUT;
	if (!is_small && item_in_place)
		record->payload[0] = (uintptr_t)order->item;
	if (result_in_place)
		record->payload[4] = (uintptr_t)order->result;
	record->flags |= FLAG_RESULT_OUT;
	return 0;
}

static inline int fill(struct mp_pool *pool, struct mp_result *record, const struct order *order)
{
	record->task = order->task;
	record->error = 0;
	record->result_bytes = (uint32_t)order->result_bytes;
	record->flags |= FLAG_RESULT;
	if (words(order->item_bytes) + words(order->result_bytes) > POOL_PAYLOAD_WORDS ||
		order->item_bytes > POOL_ITEM_INLINE)
		return fill_large(pool, record, order);
	copy_item(record->payload, order->item, order->item_bytes);
	return 0;
}

/* Nobody knows of it yet: it goes back. */
static void undo(struct mp_pool *pool, struct mp_result *record)
{
	pool_record_clean(pool, record);
	atomic_store(&record->state, PHASE_FREE);
}

static int no_record(void)
{
	return fail(-EAGAIN, "too many tasks and results of the pool are in use");
}

static void count_submitted(struct mp_pool *pool)
{
	uint64_t n = atomic_load_explicit(&pool->submitted, memory_order_relaxed);

	/* Under the gate. */
	atomic_store_explicit(&pool->submitted, n + 1, memory_order_relaxed);
}

static bool is_free(const struct mp_pool *pool, unsigned worker)
{
	const struct mp_result *mail = mail_of(pool, worker);

	return phase_of(atomic_load_explicit(&mail->state, memory_order_acquire)) == PHASE_FREE;
}

/* Whether the worker has nothing else to do. While nothing but mail was sent since all were seen
 * idle, an empty mailbox tells; else one must look at a line that the worker writes. */
static bool is_idle(const struct mp_pool *pool, unsigned worker)
{
	const struct pool_worker *self = &pool->shared->worker[worker];

	return is_free(pool, worker) &&
	       (!pool->may_be_busy || atomic_load_explicit(&self->is_idle, memory_order_acquire));
}

static bool is_on(const struct pool_worker *worker, int cpu_plus_1)
{
	return atomic_load_explicit(&worker->seat.cpu_plus_1, memory_order_relaxed) == cpu_plus_1;
}

/* Whether the caller has asked so often lately that a worker elsewhere is worth its wake-up. */
static bool is_often(struct mp_pool *pool)
{
	int64_t now = clock_ns();

	if (now - pool->applied_ns >= OFTEN_NS)
		pool->applied_often = 0;
	else if (pool->applied_often < OFTEN)
		pool->applied_often++;
	pool->applied_ns = now;
	return pool->applied_often == OFTEN;
}

/* Once all were seen idle, nobody has anything but mail to do. */
static void forget_busy(struct mp_pool *pool)
{
	for (unsigned w = 0; w < pool->workers; w++)
		if (!atomic_load_explicit(&pool->shared->worker[w].is_idle, memory_order_acquire))
			return;
	if (pool_backlog(pool) == 0 && !pool_job_is_left(pool))
		pool->may_be_busy = false;
}

/*
 * A worker for a task that is waited for, or none. One that is awake on another CPU answers in
 * 0.1 µs. Else the one on this very CPU answers first: 5 µs, for two switches, where another CPU
 * takes 40 to wake up. But who asks often is better off with one elsewhere, which then stays
 * awake: after so many switches as cost one wake-up.
 */
static unsigned choose_mail(struct mp_pool *pool)
{
	const struct pool_worker *last = &pool->shared->worker[pool->mail];
	unsigned best = pool->workers;
	int best_rank = -1, here = sched_getcpu() + 1;

	if (is_idle(pool, pool->mail) && !is_asleep(last) && !is_on(last, here))
		return pool->mail;
	bool is_worth_waking = is_often(pool);
	for (unsigned i = 0; i < pool->workers; i++) {
		/* The last one first: of equals it is the one whose caches are warm. */
		unsigned w = (pool->mail + i) % pool->workers;
		const struct pool_worker *worker = &pool->shared->worker[w];
		if (!is_idle(pool, w))
			continue;
		int rank = is_on(worker, here) ? 2 : is_worth_waking ? 4 : 0;
		if (!is_asleep(worker))
			rank = is_on(worker, here) ? 3 : 5;
		if (rank > best_rank) {
			best_rank = rank;
			best = w;
		}
	}
	if (pool->may_be_busy)
		forget_busy(pool);
	if (best < pool->workers)
		pool->mail = best;
	return best;
}

/* Under the gate. */
static int hand_over(struct mp_pool *pool, const struct order *order, struct waiter *waiter,
	struct mp_result **ret_record, struct pool_worker **ret_worker)
{
	unsigned w = choose_mail(pool);
	bool is_mail = w < pool->workers;
	struct mp_result *record = is_mail ? mail_of(pool, w) : pool_record_new(pool);

	if (!record)
		return no_record();
	record->flags = 0;
	record->tries = 0;
	int r = fill(pool, record, order);
	if (r < 0) {
		undo(pool, record);
		return trace(r);
	}
	/* Before it is handed over: the line is ours still. */
	atomic_store_explicit(
		&record->seat_plus_1, (uint8_t)(pool_seat() + 1), memory_order_relaxed);
	if (is_mail) {
		atomic_store_explicit(&record->state, PHASE_QUEUED, memory_order_release);
		*ret_worker = &pool->shared->worker[w];
		waiter_notify(waiter, &(*ret_worker)->seat, 1);
	} else {
		r = pool_push(pool, record, waiter);
		if (r < 0) {
			undo(pool, record);
			return trace(r);
		}
		*ret_worker = NULL;
	}
	count_submitted(pool);
	*ret_record = record;
	return 0;
}

int mp_pool_apply(struct mp_pool *pool, mp_task *task, const void *item, size_t item_bytes,
	void *result, size_t result_bytes)
{
	struct order order = {task, item, item_bytes, result, result_bytes, false};
	struct waiter *waiter = mp_waiter();
	struct mp_result *record = NULL;
	struct pool_worker *worker = NULL;
	int r;

	if (pool->shared->options.caller_works) {
		r = pool_is_open(pool) ? task(item, result) : pool_check(pool);
		return r < 0 ? r : 0;
	}
	bool is_fast = pool_gate_enter(&pool->gate);
	r = pool_check(pool);
	if (r == 0)
		r = hand_over(pool, &order, waiter, &record, &worker);
	pool_gate_leave(&pool->gate, is_fast);
	if (r < 0)
		return trace(r);
	pool_result_wait(pool, record, worker ? &worker->seat : NULL, MP_FOREVER);
	r = record->error;
	if (result && r >= 0 && result_bytes) {
		const void *source = result_of(record);
		if (result_bytes == 8)
			memcpy(result, source, 8);
		else if (source != result)
			memcpy(result, source, result_bytes);
	}
	pool_result_free(pool, record);
	return r < 0 ? r : 0;
}

static int apply_async(struct mp_pool *pool, const struct order *order, mp_callback *on_done,
	mp_callback *on_error, void *context, struct mp_result **ret_record)
{
	struct mp_result *record = pool_record_next(pool);

	if (!record)
		record = pool_record_new(pool);
	if (!record)
		return no_record();
	record->flags = 0;
	int r = fill(pool, record, order);
	if (r == 0 && (on_done || on_error)) {
		record->flags |= FLAG_CALLBACK;
		r = pool_callback_add(pool, record, on_done, on_error, context);
	}
	if (r == 0) {
		r = pool_push(pool, record, mp_waiter());
		if (r < 0 && record->flags & FLAG_CALLBACK)
			pool_callback_drop(pool, record);
	}
	if (r < 0) {
		undo(pool, record);
		return trace(r);
	}
	count_submitted(pool);
	*ret_record = record;
	return 0;
}

struct mp_result *mp_pool_apply_async(struct mp_pool *pool, mp_task *task, const void *item,
	size_t item_bytes, size_t result_bytes, mp_callback *on_done, mp_callback *on_error,
	void *context)
{
	struct order order = {task, item, item_bytes, NULL, result_bytes, true};
	struct mp_result *record = NULL;

	bool is_fast = pool_gate_enter(&pool->gate);
	int r = pool_check(pool);
	if (r == 0)
		r = apply_async(pool, &order, on_done, on_error, context, &record);
	pool_gate_leave(&pool->gate, is_fast);
	if (r < 0)
		errno = -r;
	return record;
}

static int submit_large(
	struct mp_pool *pool, struct mp_result *record, const void *item, size_t item_bytes)
{
	pool_limbo_sweep(pool);
	void *block = pool_block_new(pool, item_bytes);
	if (!block)
		return fail(-ENOMEM, "no %zu bytes left of the pool's memory (memory_bytes)",
			item_bytes);
	record->payload[0] = record->payload[3] = (uintptr_t)memcpy(block, item, item_bytes);
	record->flags |= FLAG_OWNED | FLAG_ITEM_OUT;
	pool_limbo_add(pool, record);
	return 0;
}

static int submit(
	struct mp_pool *pool, mp_task *task, const void *item, size_t item_bytes, void *result)
{
	if (__builtin_expect(result && !pool_sees_fast(pool, result), false))
		return fail(-EFAULT, "workers do not see the result's place: see mp_pool_alloc()");
	struct mp_result *record = pool_record_next(pool);
	if (__builtin_expect(!record, false))
		record = pool_record_new(pool);
	if (!record)
		return no_record();
	record->task = task;
	record->flags = FLAG_RESULT_OUT;
	record->payload[4] = (uintptr_t)result;
	int r = 0;
	if (__builtin_expect(item_bytes <= POOL_ITEM_INLINE, true))
		copy_item(record->payload, item, item_bytes);
	else
		r = submit_large(pool, record, item, item_bytes);
	if (r == 0)
		r = pool_push(pool, record, mp_waiter());
	if (r < 0) {
		undo(pool, record);
		return trace(r);
	}
	count_submitted(pool);
	return 0;
}

int mp_pool_submit(
	struct mp_pool *pool, mp_task *task, const void *item, size_t item_bytes, void *result)
{
	bool is_fast = pool_gate_enter(&pool->gate);
	bool is_open = pool_is_open(pool);
	int r = is_open ? 0 : pool_check(pool);

	if (__builtin_expect(r == 0, true))
		r = submit(pool, task, item, item_bytes, result);
	pool_gate_leave(&pool->gate, is_fast);
	return r;
}

static int map_start(struct mp_pool *pool, const struct pool_call *call, mp_callback *on_done,
	mp_callback *on_error, void *context, struct mp_result **ret_record)
{
	struct waiter *waiter = mp_waiter();

	bool is_fast = pool_gate_enter(&pool->gate);
	int r = pool_check(pool);
	if (r == 0) {
		pool_limbo_sweep(pool);
		r = pool_job_start(pool, call, waiter, ret_record);
	}
	pool_gate_leave(&pool->gate, is_fast);
	if (r == 0 && call->has_callback) {
		r = pool_callback_add(pool, *ret_record, on_done, on_error, context);
		if (r < 0)
			pool_result_free(pool, *ret_record);
		else
			/* It may have been done before the callback was known. */
			pool_keeper_call(pool);
	}
	return trace(r);
}

static int map(struct mp_pool *pool, const struct pool_call *call)
{
	struct mp_result *record = NULL;
	size_t bytes;

	int r = map_start(pool, call, NULL, NULL, NULL, &record);
	if (r < 0)
		return r;
	if (pool->shared->options.caller_works && call->n > 0)
		pool_job_help(pool, (unsigned)record->payload[0]);
	pool_result_wait(pool, record, NULL, MP_FOREVER);
	const void *results = pool_result_bytes(record, &bytes);
	if (bytes && results != call->results)
		memcpy(call->results, results, bytes);
	r = record->error;
	pool_result_free(pool, record);
	return r;
}

int mp_pool_map(struct mp_pool *pool, mp_task *task, const void *items, size_t item_bytes, size_t n,
	size_t chunk, void *results, size_t result_bytes)
{
	struct mp_column column = {items, item_bytes};
	struct pool_call call = {
		.task = task,
		.columns = &column,
		.column_count = 1,
		.n = n,
		.chunk = chunk,
		.results = results,
		.result_bytes = results ? result_bytes : 0,
		.waits = true,
	};

	return map(pool, &call);
}

int mp_pool_starmap(struct mp_pool *pool, mp_star_task *task, const struct mp_column *columns,
	unsigned column_count, size_t n, size_t chunk, void *results, size_t result_bytes)
{
	struct pool_call call = {
		.star_task = task,
		.columns = columns,
		.column_count = column_count,
		.n = n,
		.chunk = chunk,
		.results = results,
		.result_bytes = results ? result_bytes : 0,
		.waits = true,
	};

	if (column_count == 0 || column_count > MP_STAR_MAX)
		return fail(-EINVAL, "starmap takes 1 to %d columns", MP_STAR_MAX);
	return map(pool, &call);
}

struct mp_result *mp_pool_map_async(struct mp_pool *pool, mp_task *task, const void *items,
	size_t item_bytes, size_t n, size_t chunk, size_t result_bytes, mp_callback *on_done,
	mp_callback *on_error, void *context)
{
	struct mp_column column = {items, item_bytes};
	struct pool_call call = {
		.task = task,
		.columns = &column,
		.column_count = 1,
		.n = n,
		.chunk = chunk,
		.result_bytes = result_bytes,
		.has_callback = on_done || on_error,
	};
	struct mp_result *record = NULL;

	int r = map_start(pool, &call, on_done, on_error, context, &record);
	if (r < 0) {
		errno = -r;
		return NULL;
	}
	return record;
}
