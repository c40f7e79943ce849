#pragma once
/*
 * What a thread knows of itself, and its list of robust futexes: the inside of lock.h, in a header
 * because acquiring a lock is inline. Nothing here is for users.
 *
 * The kernel's view (man 2 get_robust_list, linux/futex.h): the head has a circular list of the
 * held locks, the distance from a node to its futex word, and the node of an operation in progress.
 * libc registers one head per thread, and keeps it over fork (the child's is empty). A node of
 * libc's list is the `next` field of a pair {prev, next}; the head, too, has a prev before it that
 * may be written. Whoever links a node in writes the neighbour's prev, so ours must look the same.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mp/base.h"

struct mp_robust_node_ {
	void *prev;
	void *next; /* the kernel's struct robust_list: nodes point to each other's `next` */
};

/* As linux/futex.h: struct robust_list_head. */
struct mp_robust_head_ {
	void *list;
	long futex_offset;
	void *pending;
};

struct mp_thread_ {
	uint32_t tid; /* 0: mp_thread_init_() has not run in this thread, or it ran before a fork */
	bool needs_fence; /* this process cannot be reached by membarrier() */
	struct mp_robust_head_ *head;
};

extern __thread struct mp_thread_ mp_thread_
	__attribute__((visibility("default"), tls_model("initial-exec")));

/* Asks the kernel for both; once per thread, and in a forked child again. */
MP_API void mp_thread_init_(void);

/* In a child that was not made by libc's fork(). */
MP_API void mp_thread_reset_(void);

static inline struct mp_thread_ *mp_thread_self_(void)
{
	if (__builtin_expect(mp_thread_.tid == 0, false))
		mp_thread_init_();
	return &mp_thread_;
}

/* The order in which these stores are made matters to one observer only, the kernel at the end of
 * this very thread: a fence for the compiler is enough. */
#define mp_robust_order_() __asm__ volatile("" ::: "memory")

/* Between a store and a load that must not pass it, on the side that does this often: the other
 * side makes up for it by membarrier(), which is a full fence in every process that registered for
 * it. */
static inline void mp_thread_fence_(const struct mp_thread_ *self)
{
	if (__builtin_expect(self->needs_fence, false)) {
#ifdef __SANITIZE_THREAD__
		/* gcc's ThreadSanitizer knows no fences. */
		uint32_t fence = 0;
		__atomic_exchange_n(&fence, 1, __ATOMIC_SEQ_CST);
#else
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
	}
	mp_robust_order_();
}

static inline void mp_robust_begin_(struct mp_thread_ *self, struct mp_robust_node_ *node)
{
	self->head->pending = &node->next;
	mp_robust_order_();
}

static inline void mp_robust_end_(struct mp_thread_ *self)
{
	mp_robust_order_();
	self->head->pending = NULL;
}

/* The neighbour's prev stands before its next; the head has one too. The lowest bit of a pointer
 * marks a lock with priority inheritance. */
static inline void **mp_robust_prev_of_(void *next)
{
	return (void **)((uintptr_t)next & ~(uintptr_t)1) - 1;
}

static inline void mp_robust_link_(struct mp_thread_ *self, struct mp_robust_node_ *node)
{
	void *first = self->head->list;

	node->next = first;
	node->prev = &self->head->list;
	*mp_robust_prev_of_(first) = &node->next;
	mp_robust_order_();
	self->head->list = &node->next;
}

static inline void mp_robust_unlink_(struct mp_robust_node_ *node)
{
	*mp_robust_prev_of_(node->next) = node->prev;
	*(void **)((uintptr_t)node->prev & ~(uintptr_t)1) = node->next;
	mp_robust_order_();
}
