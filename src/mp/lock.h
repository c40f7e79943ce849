#pragma once
/*
 * A mutual-exclusion lock that outlives its holder: threading.Lock between processes, and between
 * threads.
 *
 * When the thread that holds it ends, in whatever way, kill -9 included, the next mp_lock_acquire()
 * gets the lock and returns -EOWNERDEAD, once: the data that it guards may be half-changed. Nobody
 * hangs.
 *
 * The holder is a thread: who acquired it must release it (Python lets anybody release a Lock; a
 * semaphore does that). A forked child does not hold what its parent holds.
 *
 * How it works. The lock is a robust futex (man 2 get_robust_list): its word holds the thread's id,
 * and while the lock is held it is linked into the list that the kernel walks when the thread ends.
 * The list is the one that libc uses for its robust mutexes, and the layout is that of a
 * pthread_mutex_t, because a thread has only one list; both kinds may be held at once, in any
 * order. Acquiring and releasing without contention is inline: two atomic operations and a few
 * stores.
 *
 * A lock must lie in memory that all its users share (mp_lock_new(), or mp_lock_init() inside of
 * mp_shared_new() memory or any MAP_SHARED mapping), and must not be unmapped or freed while held.
 */
#include "mp/base.h"
#include "mp/thread.h"

/* Private; 64 bytes, so that two locks never share a cache line. */
struct mp_lock {
	_Alignas(64) uint32_t word_; /* thread id | MP_LOCK_WAITERS_ | MP_LOCK_OWNER_DIED_ */
	uint32_t sleepers_;          /* asleep, or about to be */
	uint32_t count_;             /* of an rlock */
	uint32_t vain_;              /* wake-ups in a row that found nobody */
	uint32_t reserved_[2];
	struct mp_robust_node_ node_; /* at byte 24, as in pthread_mutex_t */
};

enum {
	MP_LOCK_TID_ = 0x3fffffff,        /* FUTEX_TID_MASK */
	MP_LOCK_OWNER_DIED_ = 0x40000000, /* FUTEX_OWNER_DIED */
	MP_LOCK_WAITERS_ = (int)0x80000000,
};

/* In shared memory of its own, which mp_lock_free() gives back. NULL and errno. */
MP_API struct mp_lock *mp_lock_new(void);
MP_API void mp_lock_free(struct mp_lock *lock);

/* In place, in shared memory. All zero is an unlocked lock too. */
MP_API void mp_lock_init(struct mp_lock *lock);

/* The slow halves. */
MP_API int mp_lock_acquire_slow_(struct mp_lock *lock, int64_t timeout_ns);
MP_API void mp_lock_wake_(struct mp_lock *lock);

static inline bool mp_lock_is_mine_(const struct mp_lock *lock)
{
	return (__atomic_load_n(&lock->word_, __ATOMIC_RELAXED) & MP_LOCK_TID_) ==
	       mp_thread_self_()->tid;
}

/* Takes the lock if nobody holds it and nobody waits; the inline half of all that follows. */
static inline bool mp_lock_take_(struct mp_lock *lock)
{
	struct mp_thread_ *self = mp_thread_self_();
	uint32_t free = 0;

	/* If this thread ends from here on, the kernel looks at this lock too. */
	mp_robust_begin_(self, &lock->node_);
	bool taken = __atomic_compare_exchange_n(
		&lock->word_, &free, self->tid, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
	if (__builtin_expect(taken, true))
		mp_robust_link_(self, &lock->node_);
	mp_robust_end_(self);
	return taken;
}

/*
 * Waits for the lock at most so long. 0; -EOWNERDEAD: acquired, but its last holder died; -EAGAIN
 * or -ETIMEDOUT; -EDEADLK: this thread holds it already.
 */
static inline int mp_lock_acquire_for(struct mp_lock *lock, int64_t timeout_ns)
{
	if (__builtin_expect(mp_lock_take_(lock), true))
		return 0;
	return mp_lock_acquire_slow_(lock, timeout_ns);
}

static inline int mp_lock_acquire(struct mp_lock *lock)
{
	return mp_lock_acquire_for(lock, MP_FOREVER);
}

/* -EAGAIN when it is held. */
static inline int mp_lock_try(struct mp_lock *lock)
{
	return mp_lock_acquire_for(lock, 0);
}

/* 0, or -EPERM: this thread does not hold it. */
static inline int mp_lock_release(struct mp_lock *lock)
{
	struct mp_thread_ *self = mp_thread_self_();

	if (__builtin_expect(!mp_lock_is_mine_(lock), false))
		return -1; /* EPERM */
	mp_robust_begin_(self, &lock->node_);
	mp_robust_unlink_(&lock->node_);
	__atomic_store_n(&lock->word_, 0, __ATOMIC_RELEASE);
	/* Nobody's sleep is missed, though this is no atomic exchange: see lock.c. */
	mp_thread_fence_(self);
	if (__builtin_expect(__atomic_load_n(&lock->sleepers_, __ATOMIC_RELAXED) != 0, false))
		mp_lock_wake_(lock);
	mp_robust_end_(self);
	return 0;
}

/* Whether a living thread holds it. A glimpse: it may have changed since. */
static inline bool mp_lock_is_held(const struct mp_lock *lock)
{
	return (__atomic_load_n(&lock->word_, __ATOMIC_RELAXED) & MP_LOCK_TID_) != 0;
}
