#pragma once
/*
 * Counting: multiprocessing.Semaphore and BoundedSemaphore.
 *
 * A *semaphore* is a number. Acquiring takes one of it, and waits while there is none; anybody may
 * release, also who never acquired. So it suits signals ("one more item"), and has nobody who holds
 * it: what a process took from it is gone when that is killed before it gives it back.
 *
 * A *bounded semaphore* is a fixed number of permits, each with a holder, and suits a resource of
 * which there are a few. When the thread that holds a permit ends, in whatever way, kill -9
 * included, the permit comes back: who gets it next is told so once, by -EOWNERDEAD, and may have
 * to mend what the permit stands for. A waiter learns of it within 100 ms. The holder is a thread,
 * and must release what it acquired itself. (Python lets anybody release, and only counts.)
 *
 * Each permit is a lock (lock.h) in its own cache line, so that the kernel knows its holder.
 * Finding a free one starts at a place that depends on the thread: with permits to spare threads do
 * not disturb each other. With very many permits (thousands) it takes its time.
 */
#include "mp/base.h"
#include "mp/lock.h"
#include "mp/seats.h"

#define MP_SEMAPHORE_MAX UINT32_C(0x7fffffff)
#define MP_BOUNDED_SEMAPHORE_MAX 65536u

struct mp_semaphore {
	struct mp_seats_ seats_;
	_Alignas(64) uint32_t value_;
};

/* In shared memory of its own, which mp_semaphore_free() gives back. NULL and errno: EINVAL beyond
 * MP_SEMAPHORE_MAX. */
MP_API struct mp_semaphore *mp_semaphore_new(uint32_t value);
MP_API void mp_semaphore_free(struct mp_semaphore *semaphore);

/* In place, in shared memory. All zero is a semaphore of value 0 too. */
MP_API int mp_semaphore_init(struct mp_semaphore *semaphore, uint32_t value);

/* 0; -EAGAIN or -ETIMEDOUT. */
MP_API int mp_semaphore_acquire_for(struct mp_semaphore *semaphore, int64_t timeout_ns);

static inline int mp_semaphore_acquire(struct mp_semaphore *semaphore)
{
	return mp_semaphore_acquire_for(semaphore, MP_FOREVER);
}

static inline int mp_semaphore_try(struct mp_semaphore *semaphore)
{
	return mp_semaphore_acquire_for(semaphore, 0);
}

/* Adds n. 0; -EOVERFLOW: it would exceed MP_SEMAPHORE_MAX, and nothing was added. */
MP_API int mp_semaphore_release_many(struct mp_semaphore *semaphore, uint32_t n);

static inline int mp_semaphore_release(struct mp_semaphore *semaphore)
{
	return mp_semaphore_release_many(semaphore, 1);
}

/* A glimpse: it may have changed since. */
MP_API uint32_t mp_semaphore_value(const struct mp_semaphore *semaphore);

struct mp_bounded_semaphore {
	struct mp_seats_ seats_;
	_Alignas(64) uint32_t permits_count_;
	struct mp_lock permits_[];
};

/* NULL and errno: EINVAL for none or more than MP_BOUNDED_SEMAPHORE_MAX permits. */
MP_API struct mp_bounded_semaphore *mp_bounded_semaphore_new(uint32_t permits);
MP_API void mp_bounded_semaphore_free(struct mp_bounded_semaphore *semaphore);

/* In place, in shared memory of this size. */
MP_API size_t mp_bounded_semaphore_size(uint32_t permits);
MP_API int mp_bounded_semaphore_init(struct mp_bounded_semaphore *semaphore, uint32_t permits);

/* Takes a permit; a thread may hold several. 0; -EOWNERDEAD: got one, but its last holder died;
 * -EAGAIN or -ETIMEDOUT. */
MP_API int mp_bounded_semaphore_acquire_for(
	struct mp_bounded_semaphore *semaphore, int64_t timeout_ns);

static inline int mp_bounded_semaphore_acquire(struct mp_bounded_semaphore *semaphore)
{
	return mp_bounded_semaphore_acquire_for(semaphore, MP_FOREVER);
}

static inline int mp_bounded_semaphore_try(struct mp_bounded_semaphore *semaphore)
{
	return mp_bounded_semaphore_acquire_for(semaphore, 0);
}

/* Gives one back. 0, or -EPERM: this thread holds none (Python: ValueError when all are back). */
MP_API int mp_bounded_semaphore_release(struct mp_bounded_semaphore *semaphore);

/* How many are free. A glimpse. */
MP_API uint32_t mp_bounded_semaphore_value(const struct mp_bounded_semaphore *semaphore);
