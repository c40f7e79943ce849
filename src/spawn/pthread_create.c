/*
 * pthread_create: a thread of the caller's process that ends at once, with libc's default
 * attributes. libc keeps the stacks of ended threads for the next ones, so only the first one maps
 * and faults in a new stack. EAGAIN at the limit of threads.
 */
#include <pthread.h>

#include "base/error.h"
#include "spawn/process.h"

static void *end(void *argument)
{
	return argument;
}

static int pthread_create_run(void *state)
{
	pthread_t thread;

	(void)state;
	int error = pthread_create(&thread, NULL, end, NULL);
	if (error > 0)
		return fail(-error, "pthread_create: %s", error_message(-error));
	error = pthread_join(thread, NULL);
	return trace(-error);
}

const struct spawn spawn_pthread_create = {
	.name = "pthread_create",
	.summary = "a thread that ends",
	.capabilities = SPAWN_THREAD,
	.state_bytes = 0,
	.open = spawn_open_bare,
	.run = pthread_create_run,
	.close = spawn_close,
};
