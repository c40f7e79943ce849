#pragma once
/*
 * A lock that its holder may acquire again: multiprocessing.RLock. It is free when it has been
 * released as often as it was acquired. Everything else is as with a lock (lock.h): the holder is a
 * thread, and when it ends the next one gets -EOWNERDEAD, once.
 */
#include "mp/lock.h"

struct mp_rlock {
	struct mp_lock lock_;
};

/* In shared memory of its own, which mp_rlock_free() gives back. NULL and errno. */
MP_API struct mp_rlock *mp_rlock_new(void);
MP_API void mp_rlock_free(struct mp_rlock *rlock);

/* In place, in shared memory. All zero is an unlocked one too. */
static inline void mp_rlock_init(struct mp_rlock *rlock)
{
	mp_lock_init(&rlock->lock_);
}

/* Whether this thread holds it. */
static inline bool mp_rlock_is_mine(const struct mp_rlock *rlock)
{
	return mp_lock_is_mine_(&rlock->lock_);
}

/* 0; -EOWNERDEAD: acquired, but its last holder died; -EAGAIN or -ETIMEDOUT. */
static inline int mp_rlock_acquire_for(struct mp_rlock *rlock, int64_t timeout_ns)
{
	int r;

	if (mp_rlock_is_mine(rlock)) {
		rlock->lock_.count_++;
		return 0;
	}
	r = mp_lock_acquire_for(&rlock->lock_, timeout_ns);
	/* Also after a death: the count that it left is nobody's. */
	if (mp_rlock_is_mine(rlock))
		rlock->lock_.count_ = 1;
	return r;
}

static inline int mp_rlock_acquire(struct mp_rlock *rlock)
{
	return mp_rlock_acquire_for(rlock, MP_FOREVER);
}

/* -EAGAIN when another thread holds it. */
static inline int mp_rlock_try(struct mp_rlock *rlock)
{
	return mp_rlock_acquire_for(rlock, 0);
}

/* 0, or -EPERM: this thread does not hold it. */
static inline int mp_rlock_release(struct mp_rlock *rlock)
{
	if (mp_rlock_is_mine(rlock) && rlock->lock_.count_ > 1) {
		rlock->lock_.count_--;
		return 0;
	}
	return mp_lock_release(&rlock->lock_);
}
