/*
 * pthread_mutex_pi: the C library's mutex with priority inheritance. The kernel knows the holder,
 * so every hand-over goes through it, and the holder runs with the priority of its most urgent
 * waiter.
 */
#include <pthread.h>

#include "lock/mutex.h"

static int pthread_mutex_pi_open(void *state, const struct lock_options *options)
{
	return mutex_open(state, options, &(struct mutex_kind){.protocol = PTHREAD_PRIO_INHERIT});
}

const struct lock lock_pthread_mutex_pi = {
	.name = "pthread_mutex_pi",
	.summary = "pthread_mutex_t, process-shared, priority inheritance",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER,
	.state_bytes = sizeof(struct area),
	.open = pthread_mutex_pi_open,
	.attach = area_attach,
	.acquire = mutex_acquire,
	.release = mutex_release,
	.add = mutex_add,
	.value = mutex_value,
	.close = area_close,
};
