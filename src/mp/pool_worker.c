/*
 * A worker: it looks into its mailbox, its queue, the maps, the others' queues, and then sleeps.
 *
 * It takes a task by one compare-and-swap of the record's state, and a chunk of a map by one of
 * its state. That alone decides who has it; queues, heads and shares only tell where to look. So
 * a worker may be killed or stopped between any two instructions: what it has not taken is still
 * there for the others, and what it has taken is known by its number in the state.
 */
#include "mp/pool_internal.h"

#include <limits.h>
#include <stdint.h>
#include <unistd.h>

#include "base/error.h"

enum {
	TURN = 64,             /* tasks between two looks at everything */
	STEAL_HALF_ABOVE = 32, /* fewer are stolen from the front, oldest first */
	POLLS_PER_LOOK = 32,
	PREFETCH = 6,
};

struct work {
	struct mp_pool *pool;
	struct pool_shared *shared;
	struct pool_worker *self;
	struct mp_result *mail;
	struct waiter *waiter;
	unsigned worker;
	uint32_t head;
	uint64_t done;
	uint64_t budget; /* tasks until it retires */
	/* What it steals: of whom, and where. */
	uint32_t victim, at, end;
	bool is_half_empty;                 /* others have stolen that already */
	uint32_t seen[MP_POOL_WORKERS_MAX]; /* in each queue: all before this is taken */
};

void pool_call_keeper(struct pool_shared *shared)
{
	uint64_t one = 1;

	if (atomic_exchange(&shared->keeper_is_called, 1) == 0) {
		/* It cannot be full, and the keeper does not close it while we live. */
		ssize_t n = write(shared->keeper_fd, &one, sizeof(one));
		(void)n;
	}
}

void pool_notify_seats(struct pool_shared *shared, unsigned seat_plus_1, struct waiter *waiter)
{
	unsigned begin = seat_plus_1 <= POOL_SEATS ? seat_plus_1 - 1 : 0;
	unsigned end = seat_plus_1 <= POOL_SEATS ? seat_plus_1 : POOL_SEATS;

	for (unsigned i = begin; i < end; i++)
		waiter_notify(waiter, &shared->seats[i], INT_MAX);
}

void pool_record_end(struct pool_shared *shared, struct mp_result *record, struct waiter *waiter)
{
	unsigned flags = record->flags;

	if (!(flags & FLAG_RESULT)) {
		int none = 0;
		if (__builtin_expect(record->error < 0, false))
			atomic_compare_exchange_strong(&shared->first_error, &none, record->error);
		atomic_store_explicit(&record->state, PHASE_FREE, memory_order_release);
		return;
	}
	atomic_store_explicit(&record->state, PHASE_DONE, memory_order_release);
	/* From here on the record may serve another task: then a seat is notified in vain. */
	pool_fence(waiter);
	unsigned seat = atomic_load_explicit(&record->seat_plus_1, memory_order_relaxed);
	if (seat)
		pool_notify_seats(shared, seat, waiter);
	if (flags & FLAG_CALLBACK)
		pool_call_keeper(shared);
}

/* Takes the task if it still waits, and does it. */
static inline bool run(struct work *work, struct mp_result *record)
{
	uint32_t queued = PHASE_QUEUED;
	uint32_t index_plus_1 = (uint32_t)(record - work->pool->records) + 1;
	struct pool_worker *self = work->self;

	atomic_store_explicit(&self->now, pool_now(work->done, index_plus_1), memory_order_relaxed);
	/* Only who buries this worker reads `now`, and sees all that it did before. */
	atomic_signal_fence(memory_order_seq_cst);
	bool is_mine = atomic_compare_exchange_strong_explicit(&record->state, &queued,
		state_of(PHASE_BEGUN, work->worker), memory_order_acquire, memory_order_relaxed);
	if (!is_mine)
		return false;
	atomic_store_explicit(
		&self->now, pool_now(work->done, index_plus_1) | NOW_BEGUN, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	record->error = record->task(item_of(record), result_of(record));
	pool_record_end(work->shared, record, work->waiter);
	atomic_signal_fence(memory_order_seq_cst);
	work->done++;
	work->budget--;
	/* Release: who waits until all is done reads the results that were written before. */
	atomic_store_explicit(&self->now, pool_now(work->done, 0), memory_order_release);
	return true;
}

static struct mp_result *record_at(const struct mp_pool *pool, uint32_t entry)
{
	return pool->records + entry % POOL_RECORDS;
}

static bool run_mail(struct work *work, struct mp_result *mail)
{
	if (phase_of(atomic_load_explicit(&mail->state, memory_order_relaxed)) != PHASE_QUEUED)
		return false;
	return run(work, mail);
}

static void publish(struct work *work)
{
	atomic_store_explicit(&work->self->head, work->head, memory_order_relaxed);
}

/* A line takes as long as several tasks to come from the caller's cache. First the record, then
 * where its result will be. Not beyond what is handed over: there the caller still writes. */
__attribute__((no_sanitize("thread"))) static void fetch_ahead(struct work *work)
{
	uint32_t far =
		atomic_load_explicit(entry_of(work->pool, work->worker, work->head + 2 * PREFETCH),
			memory_order_relaxed);
	uint32_t near = atomic_load_explicit(
		entry_of(work->pool, work->worker, work->head + PREFETCH), memory_order_relaxed);
	const struct mp_result *record = record_at(work->pool, near);

	pool_prefetch(record_at(work->pool, far));
	if (near && record->flags & FLAG_RESULT_OUT)
		pool_prefetch((const void *)(uintptr_t)record->payload[4]);
}

static bool run_queue(struct work *work)
{
	uint32_t tail = atomic_load_explicit(&work->self->tail, memory_order_acquire);
	uint32_t taken = atomic_load_explicit(&work->self->taken, memory_order_relaxed);
	/* What others have taken while this one slept is passed over. */
	work->head = pool_nearer(tail, work->head, taken);
	uint32_t end = tail - work->head > TURN ? work->head + TURN : tail;
	bool did = false;

	while (work->head != end && work->budget > 0) {
		uint32_t entry = atomic_load_explicit(
			entry_of(work->pool, work->worker, work->head), memory_order_relaxed);
		if (tail - work->head > 2 * PREFETCH)
			fetch_ahead(work);
		/* 0: stolen. */
		if (entry)
			did |= run(work, record_at(work->pool, entry));
		work->head++;
		/* At once: when a record serves another task, what is before the head must not
		 * look as if it waited. The line is that of `now`, and ours. */
		publish(work);
	}
	return did;
}

/* Something to steal of this one: the second half of a long queue, or the front of a short one. */
static bool find_in(struct work *work, unsigned v)
{
	struct pool_worker *victim = &work->shared->worker[v];
	uint32_t begin, tail = pool_queue_of(victim, &begin);

	if ((int32_t)(work->seen[v] - begin) > 0)
		begin = work->seen[v];
	for (; begin != tail; begin++) {
		uint32_t entry =
			atomic_load_explicit(entry_of(work->pool, v, begin), memory_order_relaxed);
		if (entry && is_queued(record_at(work->pool, entry)))
			break;
	}
	work->seen[v] = begin;
	if (begin == tail)
		return false;
	uint32_t left = tail - begin;
	work->victim = v;
	bool is_half = left > STEAL_HALF_ABOVE && !work->is_half_empty;
	work->at = is_half ? begin + left / 2 : begin;
	work->end = tail;
	work->is_half_empty = is_half;
	return true;
}

static bool steal_one(struct work *work, _Atomic uint32_t *place)
{
	uint32_t entry = atomic_load_explicit(place, memory_order_relaxed);

	if (!entry || work->budget == 0 || !run(work, record_at(work->pool, entry)))
		return false;
	/* Spares its owner a look at the record. By now another entry may stand there. */
	atomic_compare_exchange_strong_explicit(
		place, &entry, 0, memory_order_relaxed, memory_order_relaxed);
	work->is_half_empty = false;
	return true;
}

/* Somebody's mail, or a range of somebody's queue; false: neither. */
static bool find_victim(struct work *work, bool *ret_did)
{
	for (unsigned i = 1; i <= work->pool->workers; i++) {
		unsigned v = (work->worker + i) % work->pool->workers;
		if (v == work->worker)
			continue;
		*ret_did = run_mail(work, mail_of(work->pool, v));
		if (*ret_did || find_in(work, v))
			return true;
	}
	return false;
}

static bool steal(struct work *work)
{
	bool did = false;

	/* A range may turn out to be empty: then others were quicker, and there is another one. */
	while (!did && work->budget > 0) {
		if (work->at == work->end && !find_victim(work, &did))
			return false;
		for (unsigned n = 0; n < TURN && work->at != work->end; work->at++, n++)
			did |= steal_one(work, entry_of(work->pool, work->victim, work->at));
	}
	return did;
}

/* What an idle worker waits for; between its quick looks it now and then takes a long one. */
struct idle {
	struct work *work;
	unsigned *polls;
};

static bool has_work_elsewhere(struct work *work)
{
	for (unsigned v = 0; v < work->pool->workers; v++)
		if (v != work->worker && (is_queued(mail_of(work->pool, v)) || find_in(work, v)))
			return true;
	return false;
}

static bool is_wanted(const void *argument)
{
	const struct idle *idle = argument;
	struct work *work = idle->work;
	struct pool_worker *self = work->self;

	if (is_queued(work->mail) ||
		atomic_load_explicit(&self->tail, memory_order_acquire) != work->head ||
		atomic_load_explicit(&work->shared->jobs, memory_order_acquire) != 0 ||
		atomic_load_explicit(&self->nudge, memory_order_relaxed) != 0 ||
		atomic_load_explicit(&work->shared->command, memory_order_relaxed) != COMMAND_RUN)
		return true;
	/* Always before it falls asleep: then it is counted already. */
	return (is_asleep(self) || ++*idle->polls % POLLS_PER_LOOK == 0) &&
	       has_work_elsewhere(work);
}

static void wait_for_work(struct work *work)
{
	unsigned polls = 0;
	struct idle idle = {work, &polls};
	struct pool_shared *shared = work->shared;

	publish(work);
	atomic_store(&work->self->is_idle, 1);
	if (!atomic_load_explicit(&shared->has_idle, memory_order_relaxed))
		atomic_store(&shared->has_idle, 1);
	pool_fence(work->waiter);
	if (atomic_load_explicit(&shared->drains, memory_order_relaxed))
		pool_notify_seats(shared, POOL_SEATS + 1, work->waiter);
	waiter_wait(
		work->waiter, &work->self->seat, &shared->caller, is_wanted, &idle, DEADLINE_NEVER);
	atomic_store_explicit(&work->self->is_idle, 0, memory_order_relaxed);
	if (atomic_load_explicit(&work->self->nudge, memory_order_relaxed))
		atomic_store_explicit(&work->self->nudge, 0, memory_order_relaxed);
	/* Who handed over does not wake everybody. */
	if (pool_backlog(work->pool) > 1)
		pool_wake(work->pool, work->waiter, 1);
}

static bool work_on_jobs(struct work *work)
{
	uint64_t jobs = atomic_load_explicit(&work->shared->jobs, memory_order_acquire);
	bool did = false;

	for (; jobs != 0 && work->budget > 0; jobs &= jobs - 1)
		did |= pool_job_work(work->pool, work->worker, (unsigned)__builtin_ctzll(jobs),
			work->waiter, &work->budget);
	return did;
}

void pool_work(struct mp_pool *pool, unsigned worker)
{
	struct pool_shared *shared = pool->shared;
	struct pool_worker *self = &shared->worker[worker];
	uint64_t budget = shared->options.tasks_per_child;
	struct work work = {
		.pool = pool,
		.shared = shared,
		.self = self,
		.mail = mail_of(pool, worker),
		.waiter = mp_waiter(),
		.worker = worker,
		.head = atomic_load(&self->head),
		.done = atomic_load(&self->now) >> NOW_RECORD_BITS,
		.budget = budget ? budget : UINT64_MAX,
	};

	for (;;) {
		uint32_t command = atomic_load_explicit(&shared->command, memory_order_acquire);
		if (command == COMMAND_TERMINATE)
			break;
		bool did = run_mail(&work, work.mail);
		did |= run_queue(&work);
		did |= work_on_jobs(&work);
		if (work.budget == 0) {
			publish(&work);
			atomic_store(&self->phase, WORKER_RETIRED);
			return;
		}
		if (did || steal(&work))
			continue;
		if (command == COMMAND_CLOSE)
			break;
		wait_for_work(&work);
	}
	publish(&work);
	atomic_store(&self->phase, WORKER_ENDED);
}

void pool_help(struct mp_pool *pool, struct mp_result *record)
{
	/* Nobody buries a caller: what it says of itself is said to nobody. */
	struct pool_worker self = {.now = 0};
	struct work work = {
		.pool = pool,
		.shared = pool->shared,
		.self = &self,
		.waiter = mp_waiter(),
		.worker = pool->workers,
		.budget = UINT64_MAX,
	};

	if (record && !is_queued(record))
		return;
	for (unsigned w = 0; w < pool->workers; w++)
		pool_queue_of(&pool->shared->worker[w], &work.seen[w]);
	if (record)
		run(&work, record);
	while (!record && steal(&work))
		;
	atomic_fetch_add(&pool->helped, work.done);
}
