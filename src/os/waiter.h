#pragma once
/*
 * Waiting for a word in shared memory, or for a descriptor: the one way to do it.
 *
 * A wait takes 0.07 µs when both sides spin on two CPUs, 42 µs when they park there; on one CPU
 * 4.4 µs parked and a time slice spinning. So the waiter looks at where its peer runs.
 *
 * Each side has a seat in shared memory: there it sleeps, and there it says which CPU it runs on.
 * Its private struct waiter holds the strategy, what it has learned, and the counters. Several
 * sides may sleep at one seat (a queue's "not empty"); the condition is theirs to look at again.
 *
 *	waiting:	waiter_wait(&waiter, &my_seat, &peer_seat, ready, argument, deadline)
 *	making it true:	store the data (release); waiter_notify(&waiter, &peer_seat, 1)
 *
 * waiter_notify() costs one load when nobody sleeps. Any process or thread that maps the seat may
 * call; a struct waiter belongs to one thread.
 *
 * One who is killed while it sleeps, or between being woken and looking, takes a wake-up or a count
 * with it. Nobody else hangs: a sleeper looks again every 100 ms, and a seat that is notified in
 * vain many times in a row forgets its sleepers.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* How a side waits. SPIN_THEN_PARK, the default, knows whether the peer runs on another CPU and
 * spins only where that can pay, for a bounded time learned from how long waits last. */
enum waiter_strategy {
	WAITER_SPIN_THEN_PARK,
	WAITER_SPIN,
	WAITER_YIELD,
	WAITER_PARK,
	WAITER_STRATEGY_COUNT,
};

/* In shared memory; all zero is the empty seat. A line of its own, so that the load in
 * waiter_notify() stays a cache hit. */
struct waiter_seat {
	_Alignas(64) _Atomic uint32_t epoch; /* the futex word: changes with every wake-up */
	/* Parked, or about to be, in the lower half: waiter_sleepers(). The upper half counts how
	 * often it was set back to none. */
	_Atomic uint32_t sleepers;
	_Atomic int32_t cpu_plus_1; /* where its owner was last seen; 0: not yet */
	_Atomic uint32_t vain;      /* wake-ups in a row that found nobody */
};

struct waiter {
	enum waiter_strategy strategy;
	/* This process takes part in membarrier(): its notifications need no fence. */
	bool is_registered;
	uint32_t spin_ns;        /* the learned budget of a wait */
	uint32_t yield_count;    /* likewise, on one CPU */
	uint32_t waits_to_probe; /* until a wait may use the whole budget, to learn anew */
	/* For the report: waits that spinning or yielding answered, and system calls. */
	uint64_t spin_count, yielded_count, park_count, wake_count;
};

/* The condition waited for. It must be cheap, and an acquire load of what the notifier stored with
 * release: that pair is what makes the data visible. */
typedef bool waiter_ready(const void *argument);

void waiter_init(struct waiter *waiter, enum waiter_strategy strategy);

/* Says where this side runs. Done by every wait; one who seldom waits calls it now and then. */
void waiter_sit(struct waiter_seat *seat);

/* Waits until ready(argument): 0, or -ETIMEDOUT when the deadline passes first. Every strategy
 * keeps the deadline, spinning too, so that a caller who asks in slices can look for a dead peer.
 * `peer` is the seat of whoever will notify, for its CPU; NULL when that may be anyone. */
int waiter_wait(struct waiter *waiter, struct waiter_seat *seat, const struct waiter_seat *peer,
	waiter_ready *ready, const void *argument, int64_t deadline_ns);

/* How many sleep at this seat, or are about to. A glimpse. */
static inline uint32_t waiter_sleepers(const struct waiter_seat *seat)
{
	return (uint16_t)atomic_load_explicit(&seat->sleepers, memory_order_relaxed);
}

/* Wakes up to `count` sleepers; they are known to be there. */
void waiter_wake(struct waiter *waiter, struct waiter_seat *seat, int count);

/* A full fence. gcc's ThreadSanitizer knows none, but an atomic operation is one too. */
static inline void waiter_fence(void)
{
#ifdef __SANITIZE_THREAD__
	_Atomic uint32_t fence = 0;
	atomic_exchange_explicit(&fence, 1, memory_order_seq_cst);
#else
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* One turn of a spin loop. */
static inline void waiter_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

/*
 * To be called after the store that makes a condition true. No wake-up is lost: a sleeper first
 * raises `sleepers`, then looks at the condition once more; the notifier first stores, then looks
 * at `sleepers`. Both could miss each other only if a store passed a later load, so:
 *
 * - A registered process pays nothing here, and the sleeper pays: its membarrier() makes every
 *   registered thread pass a full fence. The notifier's store is either before that fence, and the
 *   sleeper's last look sees it, or after it, and then so is the load below, which sees `sleepers`.
 * - Otherwise both sides do a read-modify-write of `sleepers`, and of two of those one comes first:
 *   the sleeper's, and the notifier sees it; or the notifier's, which releases its store to the
 *   sleeper's acquire.
 */
static inline void waiter_notify(struct waiter *waiter, struct waiter_seat *seat, int count)
{
	uint32_t sleepers;

	if (__builtin_expect(waiter->is_registered, true)) {
		/* For the compiler only. */
		atomic_signal_fence(memory_order_seq_cst);
		sleepers = atomic_load_explicit(&seat->sleepers, memory_order_relaxed);
	} else {
		sleepers = atomic_fetch_add_explicit(&seat->sleepers, 0, memory_order_acq_rel);
	}
	if (__builtin_expect((uint16_t)sleepers != 0, false))
		waiter_wake(waiter, seat, count);
}
