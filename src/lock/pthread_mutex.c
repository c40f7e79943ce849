/*
 * pthread_mutex: the C library's mutex, process-shared, with everything else as it comes. It
 * sleeps at once when the mutex is held. When the holder dies, all others wait for ever.
 */
#include <pthread.h>

#include "lock/mutex.h"

static int pthread_mutex_open(void *state, const struct lock_options *options)
{
	return mutex_open(state, options, &(struct mutex_kind){0});
}

const struct lock lock_pthread_mutex = {
	.name = "pthread_mutex",
	.summary = "pthread_mutex_t, process-shared",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER,
	.state_bytes = sizeof(struct area),
	.open = pthread_mutex_open,
	.attach = area_attach,
	.acquire = mutex_acquire,
	.release = mutex_release,
	.add = mutex_add,
	.value = mutex_value,
	.close = area_close,
};
