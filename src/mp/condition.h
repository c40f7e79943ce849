#pragma once
/*
 * Waiting until what a lock guards has changed: multiprocessing.Condition.
 *
 *	mp_condition_acquire(condition);
 *	mp_condition_wait_for(condition, is_there, &what, MP_FOREVER);
 *	…
 *	mp_condition_release(condition);
 *
 * A wait gives the lock back and has it again when it returns, whatever it returns; of an rlock all
 * levels. A notification is for those who wait at that moment, and lets as many of them return.
 *
 * One who is killed while it waits, or after it was notified and before it has the lock again, does
 * not take the notification with it: another who waited too gets it, within 100 ms. One who is
 * killed while it holds the lock is told of by -EOWNERDEAD, once: to the next who acquires the
 *lock, or to one who waits, who then has it and should look whether the data is whole, and notify
 *the others if it cannot tell whether they were. After a death a wait may return without a
 * notification, so look at the condition again (mp_condition_wait_for() does).
 */
#include "mp/base.h"
#include "mp/lock.h"
#include "mp/rlock.h"
#include "mp/seats.h"

struct mp_condition {
	struct mp_seats_ seats_;
	/* Guarded by the lock. Waits that were begun, notifications for them, and those used. */
	_Alignas(64) uint32_t entered_;
	uint32_t granted_, consumed_;
	ptrdiff_t lock_at_; /* from here to the lock, which others may see at another address */
	struct mp_lock own_lock_;
};

/* In shared memory of its own, which mp_condition_free() gives back. `lock` may guard other things
 * too, and have several conditions; NULL for one of its own. For an rlock: mp_rlock_lock(). NULL
 * and errno. */
MP_API struct mp_condition *mp_condition_new(struct mp_lock *lock);
MP_API void mp_condition_free(struct mp_condition *condition);

/* In place, in shared memory: the same mapping as the lock, or both mp_shared_new()'s. */
MP_API void mp_condition_init(struct mp_condition *condition, struct mp_lock *lock);

static inline struct mp_lock *mp_rlock_lock(struct mp_rlock *rlock)
{
	return &rlock->lock_;
}

static inline struct mp_lock *mp_condition_lock(struct mp_condition *condition)
{
	return (struct mp_lock *)(void *)((char *)condition + condition->lock_at_);
}

/* As mp_lock_acquire() and mp_lock_release(). With an rlock use those of the rlock. */
static inline int mp_condition_acquire(struct mp_condition *condition)
{
	return mp_lock_acquire(mp_condition_lock(condition));
}

static inline int mp_condition_release(struct mp_condition *condition)
{
	return mp_lock_release(mp_condition_lock(condition));
}

/* 0: notified; -EAGAIN or -ETIMEDOUT; -EOWNERDEAD: who had the lock before died. In all of these
 * the lock is held again, for which there is no timeout. -EPERM: this thread does not hold it. */
MP_API int mp_condition_wait(struct mp_condition *condition, int64_t timeout_ns);

/* Waits until predicate(argument), which is called with the lock held. 0; -EAGAIN or -ETIMEDOUT;
 * -EOWNERDEAD as above, without asking the predicate; -EPERM. */
MP_API int mp_condition_wait_for(struct mp_condition *condition, bool (*predicate)(void *argument),
	void *argument, int64_t timeout_ns);

/* Lets up to n who wait return. 0, or -EPERM: this thread does not hold the lock. */
MP_API int mp_condition_notify(struct mp_condition *condition, uint32_t n);
MP_API int mp_condition_notify_all(struct mp_condition *condition);
