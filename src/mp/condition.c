/*
 * A wait counts itself in, gives the lock back and sleeps until there is a notification that came
 * after it and that nobody has used; to use one it takes the lock again. All counting is done with
 * the lock held, by single stores: at any instruction it is right, or one who waits is counted too
 * many.
 *
 * Notifications are not bound to anyone. So one that was meant for a waiter who was killed is still
 * there for the next who looks, at the latest in its next slice. A later waiter cannot take it away
 * from an earlier one: only those who were counted in before the last notification may use one.
 *
 * How it fails: a waiter that is killed before it was notified stays counted, and one notification
 * more than needed may be granted for it. It waits to be used, and lets one wait return too early,
 * at a time when another is notified. That is all that is left of the dead.
 */
#include "mp/condition.h"

#include <errno.h>
#include <limits.h>

#include "mp/shared.h"
#include "mp/slots.h"
#include "mp/wait.h"

struct mp_condition *mp_condition_new(struct mp_lock *lock)
{
	struct mp_condition *condition = mp_shared_new(sizeof(*condition));

	if (condition)
		mp_condition_init(condition, lock);
	return condition;
}

void mp_condition_free(struct mp_condition *condition)
{
	mp_shared_free(condition);
}

void mp_condition_init(struct mp_condition *condition, struct mp_lock *lock)
{
	*condition = (struct mp_condition){.entered_ = 0};
	if (!lock)
		lock = &condition->own_lock_;
	condition->lock_at_ = (char *)lock - (char *)condition;
}

struct wait {
	struct mp_condition *condition;
	uint32_t granted_before;
};

/* With the lock held it is exact, without a hint. */
static bool is_granted(const void *argument)
{
	const struct wait *wait = argument;
	const struct mp_condition *condition = wait->condition;
	uint32_t granted = __atomic_load_n(&condition->granted_, __ATOMIC_RELAXED);

	return granted != wait->granted_before &&
	       granted != __atomic_load_n(&condition->consumed_, __ATOMIC_RELAXED);
}

/* Has the lock: whether a notification was there for it. Counts itself off in either case. */
static bool leave(const struct wait *wait)
{
	struct mp_condition *condition = wait->condition;

	if (is_granted(wait)) {
		__atomic_store_n(&condition->consumed_, condition->consumed_ + 1, __ATOMIC_RELAXED);
		return true;
	}
	if (condition->entered_ != condition->granted_)
		condition->entered_--;
	return false;
}

/* The wait between giving the lock back and having it again. */
static int wait_released(struct wait *wait, struct mp_lock *lock, int64_t timeout_ns)
{
	int64_t deadline_ns = mp_deadline(timeout_ns);

	for (;;) {
		int r = seats_wait_slice(&wait->condition->seats_, is_granted, wait, deadline_ns);
		bool is_over = clock_ns() >= deadline_ns;
		/* If the holder died, then maybe before it could notify. */
		if (r < 0 && !is_over && !slot_is_dead(lock))
			continue;
		r = mp_lock_acquire(lock);
		if (is_over || r < 0 || is_granted(wait)) {
			bool is_notified = leave(wait);
			return r < 0 || is_notified ? r : wait_error(timeout_ns);
		}
		/* Another was faster. */
		mp_lock_release(lock);
	}
}

int mp_condition_wait(struct mp_condition *condition, int64_t timeout_ns)
{
	struct mp_lock *lock = mp_condition_lock(condition);

	if (!mp_lock_is_mine_(lock))
		return -EPERM;
	struct wait wait = {condition, condition->granted_};
	/* Of an rlock. */
	uint32_t count = lock->count_;
	condition->entered_++;
	mp_lock_release(lock);
	int r = wait_released(&wait, lock, timeout_ns);
	lock->count_ = count;
	return r;
}

int mp_condition_wait_for(struct mp_condition *condition, bool (*predicate)(void *argument),
	void *argument, int64_t timeout_ns)
{
	int64_t deadline_ns = mp_deadline(timeout_ns);

	if (!mp_lock_is_mine_(mp_condition_lock(condition)))
		return -EPERM;
	while (!predicate(argument)) {
		int64_t left_ns = timeout_ns;
		if (timeout_ns > 0) {
			left_ns = deadline_ns - clock_ns();
			if (left_ns <= 0)
				return -ETIMEDOUT;
		}
		int r = mp_condition_wait(condition, left_ns);
		/* What came true in the last moment counts. */
		if (r < 0)
			return r != -EOWNERDEAD && predicate(argument) ? 0 : r;
	}
	return 0;
}

int mp_condition_notify(struct mp_condition *condition, uint32_t n)
{
	if (!mp_lock_is_mine_(mp_condition_lock(condition)))
		return -EPERM;
	uint32_t waiting = condition->entered_ - condition->granted_;
	if (n > waiting)
		n = waiting;
	if (n == 0)
		return 0;
	__atomic_store_n(&condition->granted_, condition->granted_ + n, __ATOMIC_RELEASE);
	seats_notify(&condition->seats_, n < INT_MAX ? (int)n : INT_MAX);
	return 0;
}

int mp_condition_notify_all(struct mp_condition *condition)
{
	return mp_condition_notify(condition, UINT32_MAX);
}
