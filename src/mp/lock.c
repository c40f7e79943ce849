/*
 * The slow path: the lock is held, has waiters, or its holder died.
 *
 * A waiter first spins, for as long as such a wait usually lasts, then sleeps. A lock that is
 * released is free for whoever comes first: that is several times faster than handing it over,
 * because nobody waits for a wake-up.
 *
 * No wake-up is lost although the releaser stores plainly and then looks at `sleepers`. A sleeper
 * raises `sleepers`, calls membarrier(), and looks at the word once more. The releaser's store is
 * either before the fence that this makes it pass, and then that look finds the lock free; or its
 * load of `sleepers` is after the fence, and it wakes. So an exchange is saved in every release:
 * half of what a lock costs without contention.
 *
 * WAITERS in the word is for the kernel only, which wakes a sleeper when the holder ends. It is
 * lost when somebody takes the lock at once, by the inline half, while others sleep. And a thread
 * that was killed asleep, or after it was woken, leaves a wake-up or a count behind. All of this
 * heals: sleepers sleep in slices, and wake-ups that find nobody several times in a row reset the
 * count.
 */
#include "mp/lock.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "mp/park.h"
#include "mp/shared.h"
#include "os/futex.h"
#include "os/waiter.h"

enum {
	SLICE_NS = 100 * 1000 * 1000,
	/* The first slices of a wait, which double: one who was about to sleep when the count was
	 * set back sleeps uncounted (tests/model: lock-vain-no-slice), but not for long. */
	FIRST_SLICE_NS = 2 * 1000 * 1000,
	/* Where membarrier() is missing, a wake-up may be. */
	UNFENCED_SLICE_NS = 1000 * 1000,
	/* Looks at the lock before sleeping, and the pauses between them (10 to 45 ns each): about
	 * 100 ns. Fewer take the line from a holder whose CPU is far, more are late where it is
	 * near; starting with fewer does the first of both. */
	LOOKS_MAX = 60,
	LOOKS_MIN = 2,
	PAUSES = 4,
	/* 0.2 ms, or more: so long nobody is on the way into its sleep, unless it is preempted. */
	VAIN_MAX = 1000,
};

static _Thread_local unsigned looks = LOOKS_MAX;

struct mp_lock *mp_lock_new(void)
{
	return mp_shared_new(sizeof(struct mp_lock));
}

void mp_lock_free(struct mp_lock *lock)
{
	mp_shared_free(lock);
}

void mp_lock_init(struct mp_lock *lock)
{
	*lock = (struct mp_lock){.word_ = 0};
}

static _Atomic uint32_t *futex_of(struct mp_lock *lock)
{
	return (_Atomic uint32_t *)&lock->word_;
}

/* One sleeper less; never below none, which a reset of the count could cause. */
static void sleepers_drop(struct mp_lock *lock)
{
	uint32_t n = __atomic_load_n(&lock->sleepers_, __ATOMIC_RELAXED);

	while (n > 0 && !__atomic_compare_exchange_n(&lock->sleepers_, &n, n - 1, false,
				__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void mp_lock_wake_(struct mp_lock *lock)
{
	/* Whoever is woken is counted off here: until it gets to run, which takes 20 µs, every
	 * release would wake again. */
	if (futex_wake(futex_of(lock), 1) > 0) {
		sleepers_drop(lock);
		__atomic_store_n(&lock->vain_, 0, __ATOMIC_RELAXED);
	} else if (__atomic_fetch_add(&lock->vain_, 1, __ATOMIC_RELAXED) >= VAIN_MAX) {
		__atomic_store_n(&lock->sleepers_, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&lock->vain_, 0, __ATOMIC_RELAXED);
	}
}

/* Takes the lock if it has no living holder: 0 or -EOWNERDEAD; 1: it is held. */
static int take(struct mp_lock *lock, struct mp_thread_ *self)
{
	uint32_t word = __atomic_load_n(&lock->word_, __ATOMIC_RELAXED);

	while (!(word & MP_LOCK_TID_)) {
		/* For the kernel, if this holder dies. */
		uint32_t waiters =
			__atomic_load_n(&lock->sleepers_, __ATOMIC_RELAXED) ? MP_LOCK_WAITERS_ : 0;
		if (__atomic_compare_exchange_n(&lock->word_, &word, self->tid | waiters, false,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			mp_robust_link_(self, &lock->node_);
			return word & MP_LOCK_OWNER_DIED_ ? -EOWNERDEAD : 0;
		}
	}
	return 1;
}

static int spin(struct mp_lock *lock, struct mp_thread_ *self)
{
	if (!mp_spinning_pays())
		return 1;
	for (unsigned i = 0; i < looks; i++) {
		int r = take(lock, self);
		if (r <= 0) {
			looks += looks < LOOKS_MAX;
			return r;
		}
		for (unsigned j = 0; j < PAUSES; j++)
			waiter_pause();
	}
	if (looks > LOOKS_MIN)
		looks -= 1 + looks / 8;
	return 1;
}

/* Sleeps while the lock is held, at most until the deadline; the caller looks again. */
static void sleep_once(struct mp_lock *lock, int64_t slice_ns, int64_t now_ns, int64_t deadline_ns)
{
	int r = 1;

	__atomic_fetch_add(&lock->sleepers_, 1, __ATOMIC_SEQ_CST);
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) != 0)
		slice_ns = UNFENCED_SLICE_NS;
	uint32_t word = __atomic_load_n(&lock->word_, __ATOMIC_RELAXED);
	if ((word & MP_LOCK_TID_) &&
		((word & MP_LOCK_WAITERS_) ||
			__atomic_compare_exchange_n(&lock->word_, &word, word | MP_LOCK_WAITERS_,
				false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
		r = futex_park(futex_of(lock), word | MP_LOCK_WAITERS_,
			deadline_ns - now_ns > slice_ns ? now_ns + slice_ns : deadline_ns);
	if (r != 0)
		sleepers_drop(lock);
}

int mp_lock_acquire_slow_(struct mp_lock *lock, int64_t timeout_ns)
{
	struct mp_thread_ *self = mp_thread_self_();
	int64_t slice_ns = FIRST_SLICE_NS, deadline_ns = 0;

	if (mp_lock_is_mine_(lock))
		return -EDEADLK;
	mp_robust_begin_(self, &lock->node_);
	int r = take(lock, self);
	if (r > 0 && timeout_ns != 0) {
		r = spin(lock, self);
		deadline_ns = mp_deadline(timeout_ns);
	}
	while (r > 0) {
		int64_t now = clock_ns();
		if (now >= deadline_ns) {
			r = timeout_ns == 0 ? -EAGAIN : -ETIMEDOUT;
			break;
		}
		sleep_once(lock, slice_ns, now, deadline_ns);
		slice_ns = slice_ns < SLICE_NS / 2 ? 2 * slice_ns : SLICE_NS;
		r = take(lock, self);
	}
	mp_robust_end_(self);
	return r;
}
