/*
 * contended: several sides want the same lock again and again. Inside they increment a word that it
 * guards and stay for `section`; outside they stay as long. One iteration is one section per side,
 * whoever gets it (contest.h). The guarded word is also the proof: the sum of what the sides have
 * counted for themselves must be in it.
 */
#include <errno.h>

#include "harness/cell.h"
#include "workload/contest.h"

struct window {
	struct meeting meeting;
	/* Guarded by the lock. */
	_Alignas(64) volatile uint64_t total;
	volatile uint64_t goal; /* is lowered when the window ends early */
	volatile int64_t end_ns;
	int64_t begin_ns;
};

static void window_reset(struct load *load)
{
	struct window *window = load->shared;

	window->total = 0;
	window->goal = load->iterations * load->sides;
	window->end_ns = 0;
	window->begin_ns = clock_ns();
}

static int contended_run(struct load *load)
{
	const struct lock *lock = load->lock;
	struct window *window = load->shared;
	uint64_t ticks = contest_ticks(load->params[PARAM_SECTION]);
	uint64_t limit = contest_ticks(CONTEST_LIMIT_NS), goal, total;
	uint64_t batch = load->hist ? load->batch : UINT64_MAX, count = 0;

	meeting_join(&window->meeting, load->sides, window_reset, load);
	load->begin_ns = window->begin_ns;
	uint64_t begin = cycles_now(), before = begin;
	for (;;) {
		int r = lock->acquire(load->state);
		if (r < 0)
			return r;
		total = window->total + 1;
		window->total = total;
		goal = window->goal;
		contest_busy(ticks);
		if (load->done % CONTEST_LOOK == CONTEST_LOOK - 1 && total < goal &&
			cycles_now() - begin > limit)
			window->goal = goal = total;
		if (total >= goal && window->end_ns == 0)
			window->end_ns = clock_ns();
		r = lock->release(load->state);
		if (r < 0)
			return r;
		/* The sections of those who still come out behind the last one do not count. */
		if (total <= goal)
			load->done++;
		if (++count == batch) {
			uint64_t now = cycles_now();
			loop_record(load, now - before, count);
			before = now;
			count = 0;
		}
		if (total >= goal)
			break;
		contest_busy(ticks);
	}
	if (count > 0 && load->hist)
		loop_record(load, cycles_now() - before, count);
	load->end_ns = window->end_ns;
	double share = (double)(load->iterations * load->sides) / (double)goal;
	load->busy_ns = 1 + (int64_t)((double)(load->end_ns - load->begin_ns) * share);
	return 0;
}

static int contended_conclude(struct load *load, const struct load_side *sides)
{
	const struct window *window = load->shared;
	uint64_t goal = window->goal, sum = contest_sum(load, sides);

	contest_put_fairness(load, sides);
	if (!(load->lock->capabilities & LOCK_BASELINE) && sum != goal)
		return fail(-EPROTO, "%s does not exclude: %llu sections, and %llu in the total",
			load->lock->name, (unsigned long long)sum, (unsigned long long)goal);
	return 0;
}

static uint64_t contended_operations(const struct cell *cell)
{
	return (uint64_t)cell->params[PARAM_CONTENDERS];
}

const struct workload workload_contended = {
	.name = "contended",
	.summary = "sections of a lock that several sides want",
	.unit = "section",
	.direction = "per operation",
	.family = &family_lock,
	.needs = LOCK_MUTEX,
	.throughput = true,
	.params = {{PARAM_CONTENDERS, "2 4"}, {PARAM_SECTION, "0ns 100ns"}},
	.operations = contended_operations,
	.run = contended_run,
	.conclude = contended_conclude,
};
