/*
 * handover: side 1 holds the lock while side 0 waits for it, for `section` at least; then the time
 * from just before the release to just after side 0 has it. After a short section a waiter that
 * spins still does; after a long one it sleeps, and has to be woken.
 *
 * The time stamps are of two CPUs' cycle counters, which run alike (measure/cycles.h), and reading
 * them in order costs some 30 ns of each sample.
 */
#include <errno.h>

#include "harness/cell.h"
#include "os/waiter.h"
#include "workload/contest.h"

/* The time is spent in holding: so many hand-overs, whatever the clock says. */
#define HANDOVER_BUDGET_NS (40 * NS_PER_MS)
enum { HANDOVER_MIN = 20, HANDOVER_MAX = 1000, LOOKS = 100 };

struct baton {
	struct meeting meeting;
	/* Numbers of hand-overs, from 1. */
	_Alignas(64) _Atomic uint64_t held;  /* side 1 has the lock */
	_Alignas(64) _Atomic uint64_t asked; /* side 0 is about to ask for it */
	_Alignas(64) _Atomic uint64_t taken; /* side 0 has had it */
	_Alignas(64) _Atomic uint64_t released_at;
};

static uint64_t handover_iterations(const struct cell *cell)
{
	int64_t n = HANDOVER_BUDGET_NS / (cell->params[PARAM_SECTION] + NS_PER_US);

	return (uint64_t)(n < HANDOVER_MIN ? HANDOVER_MIN : n > HANDOVER_MAX ? HANDOVER_MAX : n);
}

static void baton_reset(struct load *load)
{
	struct baton *baton = load->shared;

	atomic_store(&baton->held, 0);
	atomic_store(&baton->asked, 0);
	atomic_store(&baton->taken, 0);
}

/* Not the measured part; on one CPU the other side must get to run. */
static void await(_Atomic uint64_t *word, uint64_t value)
{
	for (unsigned i = 1; atomic_load(word) != value; i++) {
		waiter_pause();
		if (i % LOOKS == 0)
			sched_yield();
	}
}

static int hold(struct load *load)
{
	struct baton *baton = load->shared;
	uint64_t ticks = contest_ticks(load->params[PARAM_SECTION]);

	for (uint64_t i = 1; i <= load->iterations; i++) {
		int r = load->lock->acquire(load->state);
		if (r < 0)
			return r;
		atomic_store(&baton->held, i);
		await(&baton->asked, i);
		contest_busy(ticks);
		atomic_store(&baton->released_at, cycles_now_ordered());
		r = load->lock->release(load->state);
		if (r < 0)
			return r;
		await(&baton->taken, i);
	}
	return 0;
}

static int take(struct load *load)
{
	struct baton *baton = load->shared;

	for (uint64_t i = 1; i <= load->iterations; i++) {
		await(&baton->held, i);
		atomic_store(&baton->asked, i);
		int r = load->lock->acquire(load->state);
		uint64_t now = cycles_now_ordered(), released_at = atomic_load(&baton->released_at);
		if (r >= 0)
			r = load->lock->release(load->state);
		if (r < 0)
			return r;
		/* Who does not wait is here before: only the baseline. */
		int64_t ps = now > released_at ? cycles_to_ps(now - released_at) : 0;
		if (load->lock->capabilities & LOCK_BASELINE)
			ps = 0;
		if (load->hist)
			hist_record(load->hist, ps, 1);
		load->busy_ns += ps / 1000;
		atomic_store(&baton->taken, i);
	}
	/* 0 would say that the time is between begin and end. */
	load->busy_ns += load->busy_ns == 0;
	return 0;
}

static int handover_run(struct load *load)
{
	struct baton *baton = load->shared;

	meeting_join(&baton->meeting, load->sides, baton_reset, load);
	load->begin_ns = clock_ns();
	int r = load->side == 0 ? take(load) : hold(load);
	load->end_ns = clock_ns();
	return r;
}

const struct workload workload_handover = {
	.name = "handover",
	.summary = "from the release by one side to the next one that waits for it",
	.unit = "hand-over",
	.direction = "one way",
	.family = &family_lock,
	.needs = LOCK_MUTEX,
	.sides = 2,
	.params = {{PARAM_SECTION, "1us 100us"}},
	.iterations = handover_iterations,
	.run = handover_run,
};
