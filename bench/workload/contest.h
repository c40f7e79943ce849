#pragma once
/*
 * What the workloads of several contending sides share.
 *
 * A contest runs over a window that is the same for all sides: they begin together, and all stop
 * when the sum of what they have done reaches the goal. With a fixed number of rounds each, a lock
 * that favours one side would let it finish first, and the others would be measured alone.
 *
 * A window ends early after CONTEST_LIMIT_NS, and its time is then scaled to the goal: a lock that
 * collapses with more sides than CPUs may be 10^5 times slower from one run to the next, and is a
 * result, too, not a run that does not end.
 *
 * Fairness is what the side that got least has done in the window, as a share of the one that got
 * most: 1 is fair, 0 means that somebody starved. A window should be many time slices long where
 * there are more sides than CPUs.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "harness/workload.h"
#include "lock/lock.h"
#include "workload/loop.h"

#define CONTEST_LIMIT_NS (500 * NS_PER_MS)

/* How often a side looks at the clock, in operations. */
enum { CONTEST_LOOK = 64 };

/* Where the sides of a run begin together; in shared memory, zero before the first. */
struct meeting {
	_Alignas(64) _Atomic uint32_t arrived; /* of all runs so far */
	_Alignas(64) _Atomic uint32_t round;   /* the last that has begun */
};

/* Returns when all sides are there; the last one resets what the run needs before that. */
static inline void meeting_join(struct meeting *meeting, unsigned sides,
	void (*reset)(struct load *load), struct load *load)
{
	uint32_t number = atomic_fetch_add(&meeting->arrived, 1);
	uint32_t round = number / sides + 1;

	if (number % sides == sides - 1) {
		reset(load);
		atomic_store(&meeting->round, round);
	}
	while (atomic_load(&meeting->round) < round)
		sched_yield();
}

static inline uint64_t contest_ticks(int64_t ns)
{
	return (uint64_t)((double)ns * cycles_info()->frequency_hz / 1e9);
}

/* Keeps this CPU busy, and its caches as they are. By the clock, so it is the same on every CPU; a
 * side that is preempted meanwhile is done when it comes back. */
static inline void contest_busy(uint64_t ticks)
{
	if (ticks > 0) {
		uint64_t begin = cycles_now();
		while (cycles_now() - begin < ticks)
			;
	}
}

static inline void contest_put_fairness(struct load *load, const struct load_side *sides)
{
	uint64_t least = UINT64_MAX, most = 1;

	for (unsigned i = 0; i < load->sides; i++) {
		least = sides[i].done < least ? sides[i].done : least;
		most = sides[i].done > most ? sides[i].done : most;
	}
	load_fact(load, "fairness", (double)least / (double)most);
}

static inline uint64_t contest_sum(const struct load *load, const struct load_side *sides)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < load->sides; i++)
		sum += sides[i].done;
	return sum;
}
