#pragma once
/*
 * Waiting for a word in shared memory with the bare futex system call, after at most `spins` looks
 * at it: what the members futex and futex_spin have in common. `spins` is a constant in each.
 *
 * A lock has three states (U. Drepper, "Futexes Are Tricky", mutex3): free, held, and held with
 * somebody asleep, so that who releases calls the kernel only then. A signal has three, too: none,
 * given, and none with its waiter asleep.
 *
 * Nothing here survives the death of a holder.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "os/futex.h"
#include "os/waiter.h"

enum { WORD_FREE, WORD_HELD, WORD_HELD_ASLEEP };
enum { WORD_NONE, WORD_GIVEN, WORD_NONE_ASLEEP };

static inline void word_acquire_slow(_Atomic uint32_t *word, unsigned spins)
{
	uint32_t seen;

	for (unsigned i = 0; i < spins; i++) {
		seen = WORD_FREE;
		if (atomic_load_explicit(word, memory_order_relaxed) == WORD_FREE &&
			atomic_compare_exchange_weak_explicit(
				word, &seen, WORD_HELD, memory_order_acquire, memory_order_relaxed))
			return;
		waiter_pause();
	}
	/* From here on we cannot know whether we are the only sleeper: HELD_ASLEEP, which may cost
	 * a wake-up in vain. */
	while (atomic_exchange_explicit(word, WORD_HELD_ASLEEP, memory_order_acquire) != WORD_FREE)
		futex_wait(word, WORD_HELD_ASLEEP, DEADLINE_NEVER);
}

static inline void word_acquire(_Atomic uint32_t *word, unsigned spins)
{
	uint32_t seen = WORD_FREE;

	if (__builtin_expect(!atomic_compare_exchange_strong_explicit(word, &seen, WORD_HELD,
				     memory_order_acquire, memory_order_relaxed),
		    false))
		word_acquire_slow(word, spins);
}

static inline void word_release(_Atomic uint32_t *word)
{
	if (atomic_exchange_explicit(word, WORD_FREE, memory_order_release) == WORD_HELD_ASLEEP)
		futex_wake(word, 1);
}

static inline void word_post(_Atomic uint32_t *word)
{
	if (atomic_exchange_explicit(word, WORD_GIVEN, memory_order_release) == WORD_NONE_ASLEEP)
		futex_wake(word, 1);
}

static inline void word_wait(_Atomic uint32_t *word, unsigned spins)
{
	for (unsigned i = 0; i < spins; i++) {
		if (atomic_load_explicit(word, memory_order_relaxed) == WORD_GIVEN)
			break;
		waiter_pause();
	}
	for (;;) {
		uint32_t seen = WORD_GIVEN;
		if (atomic_compare_exchange_strong_explicit(
			    word, &seen, WORD_NONE, memory_order_acquire, memory_order_relaxed))
			return;
		/* It was none: say that we sleep, unless the signal came in between. */
		if (seen == WORD_NONE &&
			!atomic_compare_exchange_strong_explicit(word, &seen, WORD_NONE_ASLEEP,
				memory_order_relaxed, memory_order_relaxed))
			continue;
		futex_wait(word, WORD_NONE_ASLEEP, DEADLINE_NEVER);
	}
}

/* The last to arrive begins a new generation. `arrivals` is whole again before that, and nobody
 * touches it until they have seen that: release and acquire of `generation`. */
static inline void word_arrive(
	_Atomic uint32_t *arrivals, _Atomic uint32_t *generation, unsigned sides, unsigned spins)
{
	uint32_t mine = atomic_load_explicit(generation, memory_order_relaxed);

	if (atomic_fetch_add_explicit(arrivals, 1, memory_order_acq_rel) + 1 == sides) {
		atomic_store_explicit(arrivals, 0, memory_order_relaxed);
		atomic_store_explicit(generation, mine + 1, memory_order_release);
		futex_wake(generation, INT_MAX);
		return;
	}
	for (unsigned i = 0; i < spins; i++) {
		if (atomic_load_explicit(generation, memory_order_acquire) != mine)
			return;
		waiter_pause();
	}
	while (atomic_load_explicit(generation, memory_order_acquire) == mine)
		futex_wait(generation, mine, DEADLINE_NEVER);
}
