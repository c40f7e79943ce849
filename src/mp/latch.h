#pragma once
/*
 * A lock among the threads of one process, for what libmp keeps in private memory; and the kernel's
 * calls in place. Both because of fork: each 64 KiB of libc's code that a child enters, and each
 * page that it or its parent writes to, is a page fault of 1 to 4 µs, in the start of every
 * process. So what runs in a new process before its function calls nothing of libc.
 *
 * latch_reset() is for the child of a fork made with the latch held.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/futex.h"

struct latch {
	_Atomic uint32_t word; /* 0: free, 1: held, 2: held, and somebody may sleep */
};

static inline void latch_lock(struct latch *latch)
{
	uint32_t free = 0;

	if (atomic_compare_exchange_strong_explicit(
		    &latch->word, &free, 1, memory_order_acquire, memory_order_relaxed))
		return;
	while (atomic_exchange_explicit(&latch->word, 2, memory_order_acquire) != 0)
		futex_wait(&latch->word, 2, DEADLINE_NEVER);
}

static inline void latch_unlock(struct latch *latch)
{
	if (atomic_exchange_explicit(&latch->word, 0, memory_order_release) == 2)
		futex_wake(&latch->word, 1);
}

static inline void latch_reset(struct latch *latch)
{
	atomic_store_explicit(&latch->word, 0, memory_order_relaxed);
}

/* A value, or a negative errno. */
static inline long kernel_call(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	long r;
	register long r10 __asm__("r10") = d;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return r;
#else
	long r = syscall(number, a, b, c, d);
	return r < 0 ? -errno : r;
#endif
}
