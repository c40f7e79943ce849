#pragma once
/*
 * A robust lock that costs no atomic operation when one thread takes it again and again: for the
 * ends of a queue, each of which is often used by one thread for long. Private to libmp.
 *
 * Whoever takes the underlying lock many times in a row leaves the bias to itself behind. From then
 * on it enters by two plain stores and a look: it says that it is busy, then sees whether the bias
 * is still its own. Another thread takes the underlying lock, takes the bias away, makes the biased
 * thread pass a full fence by membarrier(), and waits until it is not busy. That costs some µs, so
 *a bias that was taken away comes back only after a longer row.
 *
 *	biased thread: busy = tid;  look at bias	another: bias = 0; membarrier(); look at
 *busy
 *
 * One of the two sees the other. Each thread is busy in a slot of its own: one that was interrupted
 * before it said so may say it long after the bias has gone to another thread, and must not undo
 * what that one says. So there are as many biased threads in a lock's life as slots, and those of
 * dead threads again.
 *
 * `busy` is a robust futex like the lock's word: while it is set, it is the thread's operation in
 * progress, so if the thread dies the kernel marks it, and who comes next gets -EOWNERDEAD. A
 *biased thread that ends without being busy leaves nothing to clear away. tests/model/queue_end.pml
 *has the proof.
 *
 * Nothing between mp_biased_enter() and mp_biased_exit() may take a lock: a thread has one
 *operation in progress. For longer sections, mp_biased_acquire() takes the underlying lock.
 */
#include "mp/lock.h"

enum { MP_BIASED_SLOTS = 8 };

struct mp_biased_slot {
	_Alignas(64) uint32_t busy; /* its thread's id while it is inside */
	uint32_t tid;               /* whose it is */
};

struct mp_biased {
	struct mp_lock lock;
	/* The id of the thread that need not take the lock, and above it the number of its slot; or
	 * 0. */
	_Alignas(64) uint64_t bias;
	uint32_t watched;    /* the slot of the last bias: who was inside may still be */
	uint32_t last, row;  /* who took the lock last, and how often in a row */
	uint32_t row_needed; /* for a bias; 0 stands for the least */
	uint32_t is_dirty;   /* one who died inside was found, and not told of yet */
	struct mp_biased_slot slots[MP_BIASED_SLOTS];
};

/* True: inside, by the bias. */
static inline bool mp_biased_enter(struct mp_biased *biased, struct mp_thread_ *self)
{
	uint64_t bias = __atomic_load_n(&biased->bias, __ATOMIC_RELAXED);
	struct mp_biased_slot *slot = &biased->slots[bias >> 32];

	if ((uint32_t)bias != self->tid)
		return false;
	/* The node that belongs to this futex word, as the kernel computes it. */
	self->head->pending = (char *)&slot->busy + offsetof(struct mp_lock, node_.next);
	mp_robust_order_();
	__atomic_store_n(&slot->busy, self->tid, __ATOMIC_RELAXED);
	/* The fence is on the other side: see above. */
	mp_robust_order_();
	if (__builtin_expect(__atomic_load_n(&biased->bias, __ATOMIC_RELAXED) == bias, true))
		return true;
	__atomic_store_n(&slot->busy, 0, __ATOMIC_RELEASE);
	mp_robust_end_(self);
	return false;
}

/* By the underlying lock, waiting for at most so long (0: not at all). 0; -EOWNERDEAD; -EAGAIN;
 * -ETIMEDOUT. */
int mp_biased_acquire(struct mp_biased *biased, int64_t timeout_ns);

void mp_biased_release(struct mp_biased *biased);

static inline struct mp_biased_slot *mp_biased_watched(struct mp_biased *biased)
{
	return &biased->slots[__atomic_load_n(&biased->watched, __ATOMIC_RELAXED)];
}

/* Leaves, for one who came in by the bias: nobody else has got one since. */
static inline void mp_biased_leave(struct mp_biased *biased, struct mp_thread_ *self)
{
	__atomic_store_n(&mp_biased_watched(biased)->busy, 0, __ATOMIC_RELEASE);
	mp_robust_end_(self);
}

/* Leaves, whichever way one came in. */
static inline void mp_biased_exit(struct mp_biased *biased)
{
	struct mp_thread_ *self = mp_thread_self_();

	if (__atomic_load_n(&mp_biased_watched(biased)->busy, __ATOMIC_RELAXED) == self->tid)
		mp_biased_leave(biased, self);
	else
		mp_biased_release(biased);
}

/* Whether somebody died inside, whom nobody has cleared away yet. */
static inline bool mp_biased_has_died(struct mp_biased *biased)
{
	return ((__atomic_load_n(&biased->lock.word_, __ATOMIC_RELAXED) |
			__atomic_load_n(&mp_biased_watched(biased)->busy, __ATOMIC_RELAXED)) &
		       MP_LOCK_OWNER_DIED_) != 0;
}
