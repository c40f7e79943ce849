/*
 * pthread_barrier: the C library's barrier, process-shared. It sleeps at once. It counts sides and
 * does not know them: when one dies, the others wait for ever.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>

#include "base/error.h"
#include "base/fault.h"
#include "lock/area.h"

static_assert(sizeof(pthread_barrier_t) <= AREA_CELL_BYTES, "a barrier fits its cell");

/* It is never destroyed: that waits for those who are inside, dead ones too. */
static int pthread_barrier_open(void *state, const struct lock_options *options)
{
	pthread_barrierattr_t about;
	int r = area_open(state, options);

	if (r < 0)
		return trace(r);
	pthread_barrierattr_init(&about);
	pthread_barrierattr_setpshared(&about, PTHREAD_PROCESS_SHARED);
	r = fault_hit() ? -errno
			: -pthread_barrier_init(area_arrivals(state), &about, options->sides);
	pthread_barrierattr_destroy(&about);
	return r < 0 ? fail(r, "no process-shared barrier: %s", error_message(r)) : 0;
}

static int pthread_barrier_arrive(void *state)
{
	int r = pthread_barrier_wait(area_arrivals(state));

	return r == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : -r;
}

const struct lock lock_pthread_barrier = {
	.name = "pthread_barrier",
	.summary = "pthread_barrier_t, process-shared",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_BARRIER,
	.state_bytes = sizeof(struct area),
	.open = pthread_barrier_open,
	.attach = area_attach,
	.arrive = pthread_barrier_arrive,
	.close = area_close,
};
