#pragma once
/*
 * A place where a number of parties wait for each other: multiprocessing.Barrier.
 *
 * mp_barrier_wait() returns when all have called it, then the next round begins. A barrier breaks
 * when one of those who wait gives up (its timeout), when somebody calls mp_barrier_abort(), or
 * when a party dies; then nobody can wait there until mp_barrier_reset().
 *
 * Death. A thread that ends while it waits, in whatever way, kill -9 included, breaks the barrier:
 * the others return -EOWNERDEAD within 100 ms. One that ends before it has come is missed only if
 * the barrier knows that it was to come: a party that calls mp_barrier_join() first is held for one
 * until mp_barrier_leave(), and breaks the barrier when it ends without that. (Any thread may come
 * to a barrier, as in Python: it cannot be guessed who will.)
 */
#include "mp/base.h"
#include "mp/lock.h"
#include "mp/seats.h"

#define MP_BARRIER_MAX 65536u

struct mp_barrier {
	struct mp_seats_ seats_;
	_Alignas(64) uint32_t generation_;
	uint32_t parties_;
	/* Guarded by the lock. */
	uint32_t arrived_;
	uint32_t broken_; /* 0, or the errno of those who waited */
	uint32_t has_members_;
	struct mp_lock lock_;
	struct mp_lock places_[];
};

/* In shared memory of its own, which mp_barrier_free() gives back. NULL and errno: EINVAL for no
 * parties or more than MP_BARRIER_MAX. */
MP_API struct mp_barrier *mp_barrier_new(uint32_t parties);
MP_API void mp_barrier_free(struct mp_barrier *barrier);

/* In place, in shared memory of this size. */
MP_API size_t mp_barrier_size(uint32_t parties);
MP_API int mp_barrier_init(struct mp_barrier *barrier, uint32_t parties);

/* This thread is one of the parties, from now on until it leaves. 0; -EBUSY: as many as there are
 * parties have joined; -EALREADY: this one has. mp_barrier_leave(): 0 or -EPERM. */
MP_API int mp_barrier_join(struct mp_barrier *barrier);
MP_API int mp_barrier_leave(struct mp_barrier *barrier);

/*
 * Waits for the others: how many came before this one in this round, 0 to parties - 1. (So one of
 * them gets 0.) -ETIMEDOUT or -EAGAIN: gave up, which breaks the barrier; -EOWNERDEAD: a party
 * died; -EPIPE: broken, before this one came or while it waited.
 *
 * The last to come calls action(argument) before anybody returns; what it returns, if that is
 * negative, breaks the barrier and is returned there. (Python has one action for the barrier: but a
 * function has another address in every program.)
 */
MP_API int mp_barrier_wait_then(struct mp_barrier *barrier, int (*action)(void *argument),
	void *argument, int64_t timeout_ns);

static inline int mp_barrier_wait(struct mp_barrier *barrier, int64_t timeout_ns)
{
	return mp_barrier_wait_then(barrier, NULL, NULL, timeout_ns);
}

/* Makes it as new. Those who wait get -EPIPE. */
MP_API void mp_barrier_reset(struct mp_barrier *barrier);

/* Breaks it: those who wait, or come, get -EPIPE. */
MP_API void mp_barrier_abort(struct mp_barrier *barrier);

static inline uint32_t mp_barrier_parties(const struct mp_barrier *barrier)
{
	return barrier->parties_;
}

/* Glimpses: how many wait there; whether it is broken. */
static inline uint32_t mp_barrier_n_waiting(const struct mp_barrier *barrier)
{
	return __atomic_load_n(&barrier->arrived_, __ATOMIC_RELAXED);
}

static inline bool mp_barrier_is_broken(const struct mp_barrier *barrier)
{
	return __atomic_load_n(&barrier->broken_, __ATOMIC_RELAXED) != 0;
}
