/*
 * A thread asks the kernel once for its id and for the head of its robust list, which libc has
 * registered. In a forked child the thread is another one: libc empties and registers its list, and
 * a handler here forgets the id. Code that makes processes behind libc's back (a raw clone3) calls
 * mp_thread_reset_() in the child.
 */
#include "mp/thread.h"

#include <assert.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mp/lock.h"

/* What the inside of lock.h and libc's list have in common: see the head of lock.h. */
static_assert(sizeof(struct mp_lock) == 64, "a lock is a cache line");
static_assert(
	offsetof(struct mp_lock, node_.next) == offsetof(pthread_mutex_t, __data.__list.__next),
	"a lock's node stands where a mutex has it");
static_assert(sizeof(struct mp_robust_head_) == sizeof(struct robust_list_head), "as the kernel's");

__thread struct mp_thread_ mp_thread_;

void mp_thread_reset_(void)
{
	mp_thread_.tid = 0;
}

void mp_thread_init_(void)
{
	struct mp_robust_head_ *head = NULL;
	size_t size = 0;

	/* Neither can fail for the calling thread. */
	long r = syscall(SYS_get_robust_list, 0, &head, &size);
	assert(r == 0 && head && size == sizeof(*head));
	assert(head->futex_offset ==
		(long)offsetof(struct mp_lock, word_) - (long)offsetof(struct mp_lock, node_.next));
	mp_thread_.head = head;
	mp_thread_.needs_fence =
		syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) != 0;
	mp_thread_.tid = (uint32_t)syscall(SYS_gettid);
}

__attribute__((constructor)) static void mp_thread_prepare(void)
{
	/* It fails for want of memory only, and so early there is memory. */
	int r = pthread_atfork(NULL, NULL, mp_thread_reset_);
	assert(r == 0);
}
