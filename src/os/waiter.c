/*
 * A wait goes through up to three stages.
 *
 * Spin, when the peer runs on another CPU. The budget is what a wake-up costs (the one who sleeps
 * loses 20 to 24 µs here, the one who wakes 6 to 9), so that spinning in vain at most doubles the
 * price of a wait. When waits turn out to be much longer than that, the budget shrinks to a
 * minimum that costs nobody much, and every 64th wait tries the whole again: two sides that wake
 * each other see long waits only because both sleep, and one that stays awake ends it for both.
 *
 * Yield, when the peer was last seen on this CPU: it has to run before anything can happen, and
 * handing over costs 1.4 µs, less than sleeping and being woken. A peer that is not runnable makes
 * it useless, so the number is bounded, and learned likewise.
 *
 * Park, in slices of 100 ms that the caller's deadline bounds. The order of stores and loads that
 * makes a lost wake-up impossible is explained at waiter_notify(). A process that may not call
 * membarrier() (a seccomp filter) although the notifier is registered could miss one; it sleeps in
 * short slices.
 *
 * How it fails: a peer that computes on another CPU for long costs the minimal spin per wait; a
 * stale CPU (the peer moved without waiting since) costs one budget, or a few yields.
 */
#include "os/waiter.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/futex.h"

enum {
	/* About the cost of a wake-up between CPUs, for both sides together. */
	SPIN_NS_MAX = 50000,
	SPIN_NS_MIN = 2000,
	/* A sleep this short would have been worth spinning through. */
	SPIN_PAYS_NS = 200000,
	/* Without a look at the clock (22 ns) or at the CPUs; a pause takes 10 to 45 ns. */
	PAUSES_PER_LOOK = 32,
	/* Some 0.1 µs. */
	POLLS_FIRST = 100,
	YIELDS_MAX = 16,
	WAITS_PER_PROBE = 64,
	/* One who was killed may have taken a wake-up with it. */
	SLICE_NS = 100000000,
	/* When a wake-up may be lost. */
	UNFENCED_SLICE_NS = 1000000,
	/* A sleeper is counted, but not asleep yet, for some µs, or for a time slice of the
	 * scheduler's if it is preempted there; a wake-up in vain takes 0.2 µs. */
	VAIN_MAX = 64,
	SLEEPERS_BITS = 16,
};

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

void waiter_init(struct waiter *waiter, enum waiter_strategy strategy)
{
	assert(strategy < WAITER_STRATEGY_COUNT);
	*waiter = (struct waiter){
		.strategy = strategy,
		.is_registered = membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0,
		.spin_ns = SPIN_NS_MAX,
		.yield_count = YIELDS_MAX,
		.waits_to_probe = WAITS_PER_PROBE,
	};
}

void waiter_sit(struct waiter_seat *seat)
{
	int32_t here = sched_getcpu() + 1;

	/* A hint: no data hangs on it. Stored only when it changes, because others read the line.
	 */
	if (atomic_load_explicit(&seat->cpu_plus_1, memory_order_relaxed) != here)
		atomic_store_explicit(&seat->cpu_plus_1, here, memory_order_relaxed);
}

static bool is_on_this_cpu(const struct waiter_seat *peer)
{
	return peer &&
	       atomic_load_explicit(&peer->cpu_plus_1, memory_order_relaxed) == sched_getcpu() + 1;
}

/* Spins until ready (true), the end of the budget, or the peer's arrival on this CPU. */
static bool spin(const struct waiter_seat *peer, waiter_ready *ready, const void *argument,
	int64_t budget_ns, int64_t deadline_ns)
{
	int64_t end = 0;

	/* An answer that is on its way already is not kept waiting by a pause. */
	for (int i = 0; i < POLLS_FIRST; i++)
		if (ready(argument))
			return true;
	do {
		for (int i = 0; i < PAUSES_PER_LOOK; i++) {
			if (ready(argument))
				return true;
			waiter_pause();
		}
		int64_t now = clock_ns();
		if (end == 0)
			end = budget_ns < deadline_ns - now ? now + budget_ns : deadline_ns;
		if (now >= end)
			break;
	} while (!is_on_this_cpu(peer));
	return ready(argument);
}

static bool yield(waiter_ready *ready, const void *argument, uint32_t count, int64_t deadline_ns)
{
	for (uint32_t i = 0; i < count; i++) {
		if (ready(argument))
			return true;
		/* With nobody else to run a yield is a 0.2 µs system call. */
		sched_yield();
		if (i % PAUSES_PER_LOOK == PAUSES_PER_LOOK - 1 && clock_ns() >= deadline_ns)
			break;
	}
	return ready(argument);
}

/* Whether the count was set back between these two looks at it. */
static bool is_reset(uint32_t before, uint32_t after)
{
	return before >> SLEEPERS_BITS != after >> SLEEPERS_BITS;
}

/* So many sleepers less, of those who were counted in before the count was last set back. */
static void sleepers_drop(struct waiter_seat *seat, uint32_t counted, uint32_t n)
{
	uint32_t now = atomic_load_explicit(&seat->sleepers, memory_order_relaxed);

	do {
		if (is_reset(counted, now))
			return;
		n = n < (uint16_t)now ? n : (uint16_t)now;
	} while (!atomic_compare_exchange_weak_explicit(
		&seat->sleepers, &now, now - n, memory_order_relaxed, memory_order_relaxed));
}

/* Sleeps once: 0 woken, and counted off by the waker; 1 found ready; else as futex_park(). */
static int park_slice(struct waiter *waiter, struct waiter_seat *seat, waiter_ready *ready,
	const void *argument, int64_t deadline_ns)
{
	int64_t slice_ns = SLICE_NS;
	int r = 1;

	/* acq_rel: the half of an unregistered notifier's pair. */
	uint32_t counted = atomic_fetch_add_explicit(&seat->sleepers, 1, memory_order_acq_rel);
	if (membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) < 0 && waiter->is_registered)
		slice_ns = UNFENCED_SLICE_NS;
	/* Acquire, with the release in waiter_wake(): who reads the new epoch sees what was stored
	 * before it, and is ready; who reads the old one does not fall asleep. */
	uint32_t epoch = atomic_load_explicit(&seat->epoch, memory_order_acquire);
	/* One who is not counted any more would sleep unseen. If the count is set back after this
	 * look, then so is the epoch changed. */
	uint32_t now_counted = atomic_load_explicit(&seat->sleepers, memory_order_relaxed);
	if (!ready(argument)) {
		int64_t slice = clock_ns() + slice_ns;
		r = -EAGAIN;
		if (!is_reset(counted, now_counted)) {
			waiter->park_count++;
			r = futex_park(
				&seat->epoch, epoch, slice < deadline_ns ? slice : deadline_ns);
		}
	}
	if (r != 0)
		sleepers_drop(seat, counted, 1);
	return r;
}

static int park(struct waiter *waiter, struct waiter_seat *seat, waiter_ready *ready,
	const void *argument, int64_t deadline_ns)
{
	for (;;) {
		int r = park_slice(waiter, seat, ready, argument, deadline_ns);
		if (ready(argument))
			return 0;
		if (r == -ETIMEDOUT && clock_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

/* Nobody was there so often that whoever is counted was killed. One who is just falling asleep is
 * either counted in after this, or finds the epoch changed, or is woken: it counts itself anew. (In
 * every order of steps: tests/model. Only two who do this at once may cost a sleeper a slice.) */
static void forget_sleepers(struct waiter_seat *seat, uint32_t counted)
{
	uint32_t none = ((counted >> SLEEPERS_BITS) + 1) << SLEEPERS_BITS;
	uint32_t now = counted;

	atomic_store_explicit(&seat->vain, 0, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(
		&seat->sleepers, &now, none, memory_order_seq_cst, memory_order_relaxed))
		if (is_reset(counted, now))
			return;
	atomic_fetch_add_explicit(&seat->epoch, 1, memory_order_seq_cst);
	futex_wake(&seat->epoch, INT_MAX);
}

void waiter_wake(struct waiter *waiter, struct waiter_seat *seat, int count)
{
	uint32_t counted = atomic_load_explicit(&seat->sleepers, memory_order_relaxed);

	atomic_fetch_add_explicit(&seat->epoch, 1, memory_order_release);
	int woken = futex_wake(&seat->epoch, count);

	waiter->wake_count++;
	if (woken > 0) {
		/* Counted off here and not when they get to run, which takes 20 µs: until then
		 * every notification would be a system call. */
		sleepers_drop(seat, counted, (uint32_t)woken);
		atomic_store_explicit(&seat->vain, 0, memory_order_relaxed);
	} else if (atomic_fetch_add_explicit(&seat->vain, 1, memory_order_relaxed) >= VAIN_MAX) {
		forget_sleepers(seat, counted);
	}
}

/* The first two stages of the default strategy; true: ready. */
static bool wait_awake(struct waiter *waiter, const struct waiter_seat *peer, waiter_ready *ready,
	const void *argument, int64_t deadline_ns)
{
	bool is_probe = --waiter->waits_to_probe == 0;

	if (is_probe)
		waiter->waits_to_probe = WAITS_PER_PROBE;
	if (!is_on_this_cpu(peer)) {
		if (spin(peer, ready, argument, is_probe ? SPIN_NS_MAX : waiter->spin_ns,
			    deadline_ns)) {
			waiter->spin_count++;
			waiter->spin_ns = SPIN_NS_MAX;
			return true;
		}
		if (!is_on_this_cpu(peer))
			return false;
	}
	if (yield(ready, argument, is_probe ? YIELDS_MAX : waiter->yield_count, deadline_ns)) {
		waiter->yielded_count++;
		waiter->yield_count = YIELDS_MAX;
		return true;
	}
	if (waiter->yield_count > 1)
		waiter->yield_count /= 2;
	return false;
}

static int spin_then_park(struct waiter *waiter, struct waiter_seat *seat,
	const struct waiter_seat *peer, waiter_ready *ready, const void *argument,
	int64_t deadline_ns)
{
	if (wait_awake(waiter, peer, ready, argument, deadline_ns))
		return 0;
	int64_t start = clock_ns();
	if (start >= deadline_ns)
		return -ETIMEDOUT;
	int r = park(waiter, seat, ready, argument, deadline_ns);
	if (clock_ns() - start < SPIN_PAYS_NS)
		waiter->spin_ns = SPIN_NS_MAX;
	else if (waiter->spin_ns > SPIN_NS_MIN)
		waiter->spin_ns /= 2;
	return r;
}

int waiter_wait(struct waiter *waiter, struct waiter_seat *seat, const struct waiter_seat *peer,
	waiter_ready *ready, const void *argument, int64_t deadline_ns)
{
	waiter_sit(seat);
	switch (waiter->strategy) {
	case WAITER_SPIN:
		if (!spin(NULL, ready, argument, INT64_MAX, deadline_ns))
			return -ETIMEDOUT;
		waiter->spin_count++;
		return 0;
	case WAITER_YIELD:
		while (!yield(ready, argument, PAUSES_PER_LOOK, deadline_ns))
			if (clock_ns() >= deadline_ns)
				return -ETIMEDOUT;
		waiter->yielded_count++;
		return 0;
	case WAITER_PARK:
		return ready(argument) ? 0 : park(waiter, seat, ready, argument, deadline_ns);
	default:
		return spin_then_park(waiter, seat, peer, ready, argument, deadline_ns);
	}
}
