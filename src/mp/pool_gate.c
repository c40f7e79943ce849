/*
 * The gate through which the threads of the owner go, one at a time, to hand over tasks.
 *
 * Mostly it is the same thread. So the first one owns the gate: it says `is_inside` and looks
 * whether the gate is still its own, without an atomic operation in between. Another thread takes
 * the mutex and the gate away, for good: it stores 0, makes all threads pass a fence
 * (membarrier), and waits until the owner is outside. Either the owner's look comes after the
 * fence and sees the 0, or its `is_inside` comes before and is seen. From then on all use the
 * mutex.
 *
 * Under ThreadSanitizer, which knows nothing of membarrier(), and where the kernel has none, the
 * gate is never given away.
 */
#include "mp/pool_internal.h"

#include <assert.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GATE_IS_SHARED
#endif
#elif defined(__SANITIZE_THREAD__)
#define GATE_IS_SHARED
#endif

void pool_gate_init(struct pool_gate *gate)
{
	*gate = (struct pool_gate){.thread = 0};
	pthread_mutex_init(&gate->mutex, NULL);
#ifdef GATE_IS_SHARED
	gate->was_given = true;
#else
	/* mp_waiter() has registered the process, if that is possible. */
	gate->was_given = !mp_waiter()->is_registered;
#endif
}

void pool_gate_deinit(struct pool_gate *gate)
{
	pthread_mutex_destroy(&gate->mutex);
}

bool pool_gate_enter_slow(struct pool_gate *gate, uintptr_t self)
{
	pthread_mutex_lock(&gate->mutex);
	if (!gate->was_given) {
		gate->was_given = true;
		atomic_store(&gate->is_inside, true);
		atomic_store(&gate->thread, self);
		pthread_mutex_unlock(&gate->mutex);
		return true;
	}
	if (atomic_load(&gate->thread) != 0) {
		atomic_store(&gate->thread, 0);
		long r = syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
		assert(r == 0);
		while (atomic_load_explicit(&gate->is_inside, memory_order_acquire))
			sched_yield();
	}
	return false;
}

void pool_gate_leave_slow(struct pool_gate *gate)
{
	pthread_mutex_unlock(&gate->mutex);
}
