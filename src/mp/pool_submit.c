/*
 * Handing over: where a task's record comes from, whose queue it goes to, and who is woken.
 *
 * Records are taken in turn from a window that grows when it is full of tasks that are not done, so
 * that a stream of small tasks stays in the caches.
 *
 * Queues are filled in runs of 16, each that of a worker that is awake; what one has too much,
 * others steal. A worker that sleeps is woken when nobody is awake; and when some are, but not so
 * often that small tasks cost a wake-up each (7 µs for who wakes, and a CPU): at once for a task
 * that comes alone, and in a burst after 20 µs, 40 µs, …, and when the caller waits.
 */
#include "mp/pool_internal.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>

#include "base/error.h"

enum {
	LOOKS = 16,
	WINDOW_FIRST = 1024,
	POLLS_FIRST = 20,
	POLLS_PER_LOOK = 8,
	/* In ticks of 0.3 to 1 ns. */
	BURST_GAP = 50 * 1000,
	BURST_GAP_MAX = 2 * 1000 * 1000,
};

/* Back to its owner: what it had in the arena goes too. */
static struct mp_result *record_take(struct mp_pool *pool, uint32_t index)
{
	struct mp_result *record = pool->records + index;
	uint32_t state = atomic_load_explicit(&record->state, memory_order_acquire);

	if (phase_of(state) != PHASE_FREE && !(phase_of(state) == PHASE_DONE && record->is_dropped))
		return NULL;
	if (__builtin_expect(record->flags & (FLAG_OWNED | FLAG_JOB), false))
		pool_record_clean(pool, record);
	record->flags = 0;
	record->is_dropped = 0;
	record->tries = 0;
	atomic_store_explicit(&record->seat_plus_1, 0, memory_order_relaxed);
	atomic_store_explicit(&record->state, PHASE_HELD, memory_order_relaxed);
	return record;
}

static uint32_t window_begin(const struct mp_pool *pool)
{
	return POOL_FIRST + pool->workers;
}

struct mp_result *pool_record_new(struct mp_pool *pool)
{
	struct mp_result *record;

	if (pool->window == 0) {
		pool->cursor = window_begin(pool);
		pool->window = pool->cursor + WINDOW_FIRST;
	}
	for (unsigned i = 0; i < LOOKS; i++) {
		uint32_t index = pool->cursor;
		pool->cursor = index + 1 < pool->window ? index + 1 : window_begin(pool);
		record = record_take(pool, index);
		if (record) {
			/* On its way back from the worker's cache. */
			pool_prefetch(record + POOL_PREFETCH);
			return record;
		}
	}
	if (pool->window < POOL_RECORDS) {
		uint32_t index = pool->window;
		pool->window = 2 * index < POOL_RECORDS ? 2 * index : POOL_RECORDS;
		pool->cursor = index + 1 < pool->window ? index + 1 : window_begin(pool);
		return record_take(pool, index);
	}
	for (uint32_t index = window_begin(pool); index < POOL_RECORDS; index++) {
		record = record_take(pool, index);
		if (record) {
			pool->cursor = index + 1 < pool->window ? index + 1 : window_begin(pool);
			return record;
		}
	}
	return NULL;
}

static void wake(struct mp_pool *pool, struct waiter *waiter, unsigned count, unsigned rounds)
{
	int here = sched_getcpu() + 1;

	/* Whoever is woken on this CPU may displace us at once. */
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned w = 0; w < pool->workers && count > 0; w++) {
			struct pool_worker *worker = &pool->shared->worker[w];
			bool is_here = atomic_load_explicit(&worker->seat.cpu_plus_1,
					       memory_order_relaxed) == here;
			if (!is_asleep(worker) || is_here != (round == 1))
				continue;
			atomic_store_explicit(&worker->nudge, 1, memory_order_relaxed);
			waiter_wake(waiter, &worker->seat, 1);
			count--;
		}
	}
}

void pool_wake(struct mp_pool *pool, struct waiter *waiter, unsigned count)
{
	wake(pool, waiter, count, 2);
}

void pool_wake_elsewhere(struct mp_pool *pool, struct waiter *waiter, unsigned count)
{
	wake(pool, waiter, count, 1);
}

uint32_t pool_backlog(const struct mp_pool *pool)
{
	uint32_t sum = 0;

	for (unsigned w = 0; w < pool->workers; w++) {
		const struct pool_worker *worker = &pool->shared->worker[w];
		uint32_t front, tail = pool_queue_of(worker, &front);
		sum += tail - front;
	}
	return sum;
}

/* Before a caller sleeps: workers that sleep while there is work are woken. */
static void pool_flush(struct mp_pool *pool, struct waiter *waiter)
{
	unsigned asleep = 0;

	for (unsigned w = 0; w < pool->workers; w++)
		asleep += is_asleep(&pool->shared->worker[w]);
	if (asleep == 0)
		return;
	/* A map that is not done may need them all: it had not woken the one that is here. */
	uint32_t backlog = pool_backlog(pool);
	unsigned awake = pool->workers - asleep;
	if (atomic_load_explicit(&pool->shared->jobs, memory_order_relaxed))
		pool_wake(pool, waiter, asleep);
	else if (backlog > awake)
		pool_wake(pool, waiter, backlog - awake < asleep ? backlog - awake : asleep);
}

/* Whether this place of a queue holds a task that nobody has begun. */
static bool is_live(const struct mp_pool *pool, unsigned worker, uint32_t at)
{
	uint32_t entry = atomic_load_explicit(entry_of(pool, worker, at), memory_order_relaxed);

	return entry && is_queued(pool->records + entry % POOL_RECORDS);
}

static bool has_queued(const struct mp_pool *pool, unsigned worker)
{
	const struct pool_worker *self = &pool->shared->worker[worker];
	uint32_t at, tail = pool_queue_of(self, &at);

	for (; at != tail; at++)
		if (is_live(pool, worker, at))
			return true;
	return is_queued(mail_of(pool, worker));
}

bool pool_rouse(struct mp_pool *pool, struct waiter *waiter)
{
	bool is_needed = false, is_there = false;

	for (unsigned w = 0; w < pool->workers; w++)
		is_there |= is_asleep(&pool->shared->worker[w]);
	for (unsigned w = 0; w < pool->workers && is_there && !is_needed; w++)
		is_needed = has_queued(pool, w);
	if (is_needed)
		pool_wake(pool, waiter, 1);
	return is_needed;
}

/* Whether nobody is idle any more; then pushing need not look for sleepers. Who becomes idle
 * says so in its own line first, then in the common one. */
static void forget_idle(struct mp_pool *pool)
{
	struct pool_shared *shared = pool->shared;

	atomic_store(&shared->has_idle, 0);
	for (unsigned w = 0; w < pool->workers; w++)
		if (atomic_load(&shared->worker[w].is_idle))
			atomic_store(&shared->has_idle, 1);
}

/* The worker whose queue is filled next: awake and idle, or awake, or asleep elsewhere than here.
 */
static void choose_target(struct mp_pool *pool)
{
	uint32_t best = pool->target;
	int best_rank = -1, here = sched_getcpu() + 1;
	bool has_idle = false;

	for (unsigned i = 1; i <= pool->workers; i++) {
		uint32_t w = (pool->target + i) % pool->workers;
		const struct pool_worker *worker = &pool->shared->worker[w];
		bool is_idle = atomic_load_explicit(&worker->is_idle, memory_order_relaxed);
		int rank = is_asleep(worker) ? worker->seat.cpu_plus_1 != here : 2 + is_idle;
		has_idle |= is_idle;
		if (rank > best_rank) {
			best_rank = rank;
			best = w;
		}
	}
	pool->target = best;
	pool->run = 0;
	waiter_sit(&pool->shared->caller);
	if (!has_idle && atomic_load_explicit(&pool->shared->has_idle, memory_order_relaxed))
		forget_idle(pool);
}

static bool find_sleeper(struct mp_pool *pool)
{
	for (unsigned i = 0; i < pool->workers; i++) {
		if (is_asleep(&pool->shared->worker[pool->sleeper]))
			return true;
		pool->sleeper = pool->sleeper + 1 < pool->workers ? pool->sleeper + 1 : 0;
	}
	return false;
}

/* Somebody sleeps although there may be work for more? */
static void maybe_wake(struct mp_pool *pool, struct waiter *waiter)
{
	if (!find_sleeper(pool))
		return;
	int64_t now = pool_ticks();
	if (now - pool->pushed > BURST_GAP)
		pool->wake_gap = BURST_GAP;
	pool->pushed = now;
	if (now - pool->woken < pool->wake_gap) {
		/* This may be the last task for long, and who has it stuck in another one. */
		atomic_store(&pool->is_watched, true);
		pool_call_keeper(pool->shared);
		return;
	}
	pool->woken = now;
	pool->wake_gap = pool->wake_gap < BURST_GAP_MAX ? 2 * pool->wake_gap : BURST_GAP_MAX;
	pool_wake(pool, waiter, 1);
	pool->run = 0;
}

/* A worker's head passes what is taken only. It stays behind while its worker is stopped, or
 * asleep, and others take everything: then the owner looks how far they are. */
static bool is_full(struct mp_pool *pool, unsigned worker)
{
	if (!pool_is_full(pool, worker))
		return false;
	struct pool_worker *self = &pool->shared->worker[worker];
	uint32_t head = atomic_load_explicit(&self->head, memory_order_acquire);
	uint32_t taken = atomic_load_explicit(&self->taken, memory_order_relaxed);
	uint32_t tail = pool->tail[worker], front = pool_nearer(tail, head, taken);

	if (tail - front >= POOL_QUEUE_ENTRIES && tail - head < POOL_QUEUE_LAG) {
		while (front != tail && !is_live(pool, worker, front))
			front++;
		atomic_store_explicit(&self->taken, front, memory_order_relaxed);
	}
	pool->head[worker] = front;
	return pool_is_full(pool, worker);
}

int pool_choose(struct mp_pool *pool)
{
	choose_target(pool);
	for (unsigned i = 0; is_full(pool, pool->target); i++) {
		if (i == pool->workers)
			return fail(
				-EAGAIN, "too many tasks wait for a worker of the pool already");
		pool->target = (pool->target + 1) % pool->workers;
	}
	return 0;
}

void pool_push_wake(struct mp_pool *pool, struct waiter *waiter)
{
	struct pool_worker *worker = &pool->shared->worker[pool->target];

	if (is_asleep(worker)) {
		pool->woken = pool_ticks();
		waiter_wake(waiter, &worker->seat, 1);
	} else {
		maybe_wake(pool, waiter);
	}
}

unsigned pool_seat(void)
{
	static _Atomic unsigned next;
	static _Thread_local unsigned index_plus_1;

	if (index_plus_1 == 0)
		index_plus_1 =
			atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % POOL_SEATS + 1;
	return index_plus_1 - 1;
}

/* Whether a worker needs the CPU that we would spin on. */
static bool is_needed_here(const struct mp_pool *pool)
{
	int here = sched_getcpu() + 1;

	for (unsigned w = 0; w < pool->workers; w++) {
		const struct pool_worker *worker = &pool->shared->worker[w];
		if (atomic_load_explicit(&worker->seat.cpu_plus_1, memory_order_relaxed) == here &&
			!is_asleep(worker))
			return true;
	}
	return false;
}

/* Whether a worker elsewhere is awake: its answer may be on its way. */
static bool is_awake_elsewhere(const struct mp_pool *pool)
{
	int here = sched_getcpu() + 1;

	for (unsigned w = 0; w < pool->workers; w++) {
		const struct pool_worker *worker = &pool->shared->worker[w];
		if (atomic_load_explicit(&worker->seat.cpu_plus_1, memory_order_relaxed) != here &&
			!is_asleep(worker))
			return true;
	}
	return false;
}

/*
 * Waits for as long as it takes to hand this CPU over to a worker and back: what comes in that
 * time comes sooner so. A map of a thousand tiny tasks is done by one worker elsewhere then, while
 * the one that shares this CPU sleeps on.
 */
bool pool_spin(
	const struct mp_pool *pool, waiter_ready *ready, const void *argument, int64_t budget_ns)
{
	for (unsigned i = 0; i < POLLS_FIRST; i++)
		if (ready(argument))
			return true;
	if (!is_awake_elsewhere(pool))
		return false;
	int64_t end = clock_ns() + budget_ns;
	do {
		for (unsigned i = 0; i < POLLS_PER_LOOK; i++) {
			if (ready(argument))
				return true;
			waiter_pause();
		}
	} while (clock_ns() < end);
	return false;
}

int pool_wait(struct mp_pool *pool, unsigned seat, const struct waiter_seat *peer,
	waiter_ready *ready, const void *argument, int64_t spin_ns, int64_t timeout_ns)
{
	struct waiter *waiter = mp_waiter();
	enum waiter_strategy strategy = waiter->strategy;

	if (timeout_ns == 0)
		return ready(argument) ? 0 : -EAGAIN;
	if (spin_ns > 0 && pool_spin(pool, ready, argument, spin_ns))
		return 0;
	waiter_sit(&pool->shared->caller);
	pool_flush(pool, waiter);
	if (is_needed_here(pool))
		waiter->strategy = WAITER_PARK;
	int r = waiter_wait(
		waiter, &pool->shared->seats[seat], peer, ready, argument, mp_deadline(timeout_ns));
	waiter->strategy = strategy;
	return r;
}
