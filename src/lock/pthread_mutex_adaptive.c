/*
 * pthread_mutex_adaptive: the C library's mutex that tries some times (100 at most, fewer when
 * that did not help before) before it sleeps; it does not look where the holder runs.
 */
#include <pthread.h>

#include "lock/mutex.h"

static int pthread_mutex_adaptive_open(void *state, const struct lock_options *options)
{
	return mutex_open(state, options, &(struct mutex_kind){.type = PTHREAD_MUTEX_ADAPTIVE_NP});
}

const struct lock lock_pthread_mutex_adaptive = {
	.name = "pthread_mutex_adaptive",
	.summary = "pthread_mutex_t, process-shared, spins before it sleeps",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER,
	.state_bytes = sizeof(struct area),
	.open = pthread_mutex_adaptive_open,
	.attach = area_attach,
	.acquire = mutex_acquire,
	.release = mutex_release,
	.add = mutex_add,
	.value = mutex_value,
	.close = area_close,
};
