/*
 * Maps: n items in chunks, each with a byte that says who has it.
 *
 * A worker takes a chunk by a compare-and-swap of that byte, from its own share first, in order,
 * and then from the second half of the largest share that is left. Shares are hints in a line of
 * each worker's; what slips through (two thieves at once, a thief that was killed) is found by a
 * last look at all bytes. Only who finds nothing there clears the map's bit in `jobs`, then looks
 * once more, because a lost chunk may have come back in between.
 *
 * Each worker counts the chunks that it has done, in its own line. Who leaves the map adds them
 * up, after a fence: of two who leave at once one sees both counts. Who finds that all are done
 * and is the first to say so (finisher) ends it.
 *
 * The map's place may be used again when it is done, and no worker looks at it (job_plus_1): a
 * worker says so, then looks whether the map's bit is still set; the owner clears the bit, then
 * looks who is there.
 *
 * When a worker dies, its chunk is the one whose byte has its number and no done bit; its count is
 * counted anew from the bytes.
 */
#include "mp/pool_internal.h"

#define NONE UINT32_MAX

struct run {
	struct mp_pool *pool;
	struct pool_job *job;
	struct pool_share *own;
	struct waiter *waiter;
	unsigned worker;
	uint32_t done;
};

static bool take(struct run *run, uint32_t chunk)
{
	uint8_t queued = CHUNK_QUEUED;
	_Atomic uint8_t *state = &run->job->states[chunk];

	return atomic_load_explicit(state, memory_order_relaxed) == CHUNK_QUEUED &&
	       atomic_compare_exchange_strong_explicit(state, &queued, (uint8_t)(run->worker + 1),
		       memory_order_acquire, memory_order_relaxed);
}

/* Moves the second half of the largest share to this worker's, which is empty. */
static bool steal(struct run *run)
{
	struct pool_share *victim = NULL;
	uint32_t at = 0, end = 0;

	for (unsigned w = 0; w < pool_hands(run->pool); w++) {
		struct pool_share *share = &run->job->shares[w];
		uint32_t its_at = atomic_load_explicit(&share->at, memory_order_relaxed);
		uint32_t its_end = atomic_load_explicit(&share->end, memory_order_relaxed);
		if (share != run->own && its_at < its_end && its_end - its_at > end - at) {
			victim = share;
			at = its_at;
			end = its_end;
		}
	}
	if (!victim)
		return false;
	uint32_t middle = at + (end - at) / 2;
	atomic_store_explicit(&victim->end, middle, memory_order_relaxed);
	atomic_store_explicit(&run->own->at, middle, memory_order_relaxed);
	atomic_store_explicit(&run->own->end, end, memory_order_relaxed);
	return true;
}

/* A chunk that nobody has begun, wherever it is. Eight states at a time: zero has no bit set. */
static uint32_t find_any(const struct pool_job *job)
{
	const _Atomic uint64_t *words = (const _Atomic uint64_t *)(const void *)job->states;

	for (uint32_t i = 0; i < (job->chunks + 7) / 8; i++) {
		uint64_t word = atomic_load_explicit(&words[i], memory_order_relaxed);
		uint64_t zeros = (word - UINT64_C(0x0101010101010101)) & ~word &
				 UINT64_C(0x8080808080808080);
		for (unsigned k = 0; zeros && k < 8; k++)
			if (atomic_load_explicit(&job->states[8 * i + k], memory_order_relaxed) ==
				CHUNK_QUEUED)
				return 8 * i + k;
	}
	return NONE;
}

/* Takes one: its number, or NONE. */
static uint32_t next_chunk(struct run *run)
{
	for (;;) {
		uint32_t at = atomic_load_explicit(&run->own->at, memory_order_relaxed);
		while (at < atomic_load_explicit(&run->own->end, memory_order_relaxed)) {
			atomic_store_explicit(&run->own->at, at + 1, memory_order_relaxed);
			if (take(run, at))
				return at;
			at++;
		}
		if (steal(run))
			continue;
		uint32_t chunk = find_any(run->job);
		if (chunk == NONE || take(run, chunk))
			return chunk;
	}
}

static void note_error(struct pool_job *job, int error)
{
	int none = 0;

	atomic_compare_exchange_strong(&job->error, &none, error);
}

static void do_items(struct pool_job *job, size_t i, size_t end)
{
	mp_task *task = job->task;
	const char *item = job->items + i * job->item_bytes;
	char *result = job->results + i * job->result_bytes;

	for (; i < end; i++) {
		int r = task(item, result);
		if (__builtin_expect(r < 0, false)) {
			note_error(job, r);
			if (job->errors)
				job->errors[i] = r;
		}
		item += job->item_bytes;
		result += job->result_bytes;
	}
}

static void do_star(struct pool_job *job, size_t i, size_t end)
{
	for (; i < end; i++) {
		const void *arguments[MP_STAR_MAX];
		for (unsigned k = 0; k < job->column_count; k++)
			arguments[k] = (const char *)job->columns[k].items +
				       i * job->columns[k].item_bytes;
		int r = job->star_task(arguments, job->results + i * job->result_bytes);
		if (r < 0)
			note_error(job, r);
	}
}

static void do_chunk(struct run *run, uint32_t chunk)
{
	struct pool_job *job = run->job;
	size_t begin = chunk * job->chunk;
	size_t end = job->n - begin < job->chunk ? job->n : begin + job->chunk;

	if (job->star_task)
		do_star(job, begin, end);
	else
		do_items(job, begin, end);
	atomic_store_explicit(&job->states[chunk], (uint8_t)(CHUNK_DONE_BIT | (run->worker + 1)),
		memory_order_release);
	/* Release, as the sum of these tells that all results are there. */
	atomic_store_explicit(&run->own->done, ++run->done, memory_order_release);
	pool_fence(run->waiter);
	uint32_t wanted = atomic_load_explicit(&job->wanted, memory_order_relaxed);
	if (wanted == WANTED_ANY || wanted == chunk + 1)
		pool_notify_seats(run->pool->shared,
			atomic_load_explicit(&job->wanted_seat, memory_order_relaxed), run->waiter);
}

static bool work_on(struct run *run, unsigned index, uint64_t *budget)
{
	_Atomic uint64_t *jobs = &run->pool->shared->jobs;
	const _Atomic uint32_t *command = &run->pool->shared->command;
	bool did = false;

	while (*budget > 0 &&
		atomic_load_explicit(command, memory_order_relaxed) != COMMAND_TERMINATE) {
		uint32_t chunk = next_chunk(run);
		if (chunk == NONE) {
			atomic_fetch_and(jobs, ~pool_job_bit(index));
			if (find_any(run->job) == NONE)
				break;
			atomic_fetch_or(jobs, pool_job_bit(index));
			continue;
		}
		do_chunk(run, chunk);
		--*budget;
		did = true;
	}
	return did;
}

bool pool_job_work(struct mp_pool *pool, unsigned worker, unsigned index, struct waiter *waiter,
	uint64_t *budget)
{
	struct pool_worker *self = &pool->shared->worker[worker];
	struct pool_job *job = &pool->shared->job[index];
	bool did = false;

	atomic_store(&self->job_plus_1, index + 1);
	if (atomic_load(&pool->shared->jobs) & pool_job_bit(index)) {
		struct pool_share *own = &job->shares[worker];
		struct run run = {pool, job, own, waiter, worker, atomic_load(&own->done)};
		did = work_on(&run, index, budget);
		pool_job_check(pool, index, worker + 1, waiter);
	}
	atomic_store_explicit(&self->job_plus_1, 0, memory_order_release);
	return did;
}

void pool_job_help(struct mp_pool *pool, unsigned index)
{
	struct pool_job *job = &pool->shared->job[index];
	struct pool_share *own = &job->shares[pool->workers];
	struct run run = {pool, job, own, mp_waiter(), pool->workers, 0};
	uint64_t budget = UINT64_MAX;

	work_on(&run, index, &budget);
	pool_job_check(pool, index, MP_POOL_WORKERS_MAX + 2, run.waiter);
}
