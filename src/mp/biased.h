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
 * One of the two sees the other. `busy` is a robust futex like the lock's word: while it is set, it
 * is the thread's operation in progress, so if the thread dies the kernel marks it, and who comes
 * next gets -EOWNERDEAD. A biased thread that ends without being busy leaves nothing to clear away.
 *
 * Nothing between biased_enter() and biased_exit() may take a lock: a thread has one operation in
 * progress. For longer sections, biased_acquire() takes the underlying lock.
 */
#include "mp/lock.h"

struct mp_biased {
	struct mp_lock lock;
	_Alignas(64) uint32_t bias; /* the id of the thread that need not take the lock; or 0 */
	uint32_t busy;              /* its id while it is inside */
	uint32_t last, row;         /* who took the lock last, and how often in a row */
	uint32_t row_needed;        /* for a bias; 0 stands for the least */
	uint32_t is_dirty;          /* one who died inside was found, and not told of yet */
};

/* The node that belongs to the futex word `busy`, as the kernel computes it. */
static inline void *mp_biased_node(struct mp_biased *biased)
{
	return (char *)&biased->busy + offsetof(struct mp_lock, node_.next);
}

/* True: inside, by the bias. */
static inline bool mp_biased_enter(struct mp_biased *biased, struct mp_thread_ *self)
{
	if (__atomic_load_n(&biased->bias, __ATOMIC_RELAXED) != self->tid)
		return false;
	self->head->pending = mp_biased_node(biased);
	mp_robust_order_();
	__atomic_store_n(&biased->busy, self->tid, __ATOMIC_RELAXED);
	/* The fence is on the other side: see above. */
	mp_robust_order_();
	if (__builtin_expect(__atomic_load_n(&biased->bias, __ATOMIC_RELAXED) == self->tid, true))
		return true;
	__atomic_store_n(&biased->busy, 0, __ATOMIC_RELEASE);
	mp_robust_end_(self);
	return false;
}

/* Leaves, for one who came in by the bias. */
static inline void mp_biased_leave(struct mp_biased *biased, struct mp_thread_ *self)
{
	__atomic_store_n(&biased->busy, 0, __ATOMIC_RELEASE);
	mp_robust_end_(self);
}

/* By the underlying lock, waiting for at most so long (0: not at all). 0; -EOWNERDEAD; -EAGAIN;
 * -ETIMEDOUT. */
int mp_biased_acquire(struct mp_biased *biased, int64_t timeout_ns);

void mp_biased_release(struct mp_biased *biased);

/* Leaves, whichever way one came in. */
static inline void mp_biased_exit(struct mp_biased *biased)
{
	struct mp_thread_ *self = mp_thread_self_();

	if (__builtin_expect(
		    __atomic_load_n(&biased->busy, __ATOMIC_RELAXED) != self->tid, false)) {
		mp_biased_release(biased);
		return;
	}
	mp_biased_leave(biased, self);
}

/* Whether somebody died inside, whom nobody has cleared away yet. */
static inline bool mp_biased_has_died(const struct mp_biased *biased)
{
	return ((__atomic_load_n(&biased->lock.word_, __ATOMIC_RELAXED) |
			__atomic_load_n(&biased->busy, __ATOMIC_RELAXED)) &
		       MP_LOCK_OWNER_DIED_) != 0;
}
