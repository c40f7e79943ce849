/*
 * cond_shm: a ring of slots in shared memory each way (slots.h), notified by condition variables:
 * a token is a count, a mutex that guards it and a condition to sleep on, all process-shared.
 *
 * The mutex is robust: when its owner is killed inside, the next one to lock it is told so and
 * goes on. The count is the only thing that it guards, and one store changes it: it is right
 * before and after, so there is nothing to repair.
 *
 * A condition variable cannot be robust. The C library guards its waiter groups with a lock of its
 * own; a side that is killed within those few instructions of pthread_cond_signal() leaves it
 * taken, and the other side's next wait hangs (the runner's watchdog names it). For the same
 * reason no condition is ever destroyed: that waits for its waiters, dead ones too.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "transport/slots.h"

struct monitor {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned count;
};

static_assert(sizeof(struct monitor) <= SLOTS_CELL_BYTES, "a monitor fits its cell");

/* After a lock or a wait, which locks again: takes over from an owner that was killed. */
static int owned(struct monitor *monitor, int error)
{
	return error == EOWNERDEAD ? -pthread_mutex_consistent(&monitor->mutex) : -error;
}

static int cond_shm_take(void *state, unsigned token, int timeout_ms)
{
	struct monitor *monitor = slots_cell(state, token);
	int r = owned(monitor, pthread_mutex_lock(&monitor->mutex));

	if (r < 0)
		return trace(r);
	if (monitor->count == 0) {
		struct timespec end = timespec_of(deadline_after_ms(timeout_ms));
		while (monitor->count == 0 && timeout_ms > 0 && r == 0)
			r = owned(monitor,
				pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &end));
	}
	/* Also after a timeout: its putter may have been killed before the signal. */
	if (monitor->count > 0) {
		monitor->count--;
		r = 0;
	} else if (r == 0) {
		r = -ETIMEDOUT;
	}
	pthread_mutex_unlock(&monitor->mutex);
	return r;
}

static int cond_shm_put(void *state, unsigned token)
{
	struct monitor *monitor = slots_cell(state, token);
	int r = owned(monitor, pthread_mutex_lock(&monitor->mutex));

	if (r < 0)
		return trace(r);
	monitor->count++;
	pthread_mutex_unlock(&monitor->mutex);
	/* After the unlock, so that who wakes does not run into the mutex. */
	return -pthread_cond_signal(&monitor->changed);
}

static const struct slots_tokens cond_shm_tokens = {cond_shm_take, cond_shm_put};

static int monitor_init(struct monitor *monitor, unsigned count)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;

	/* Setting attributes to values that exist cannot fail. */
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
	monitor->count = count;
	/* EAGAIN and ENOMEM of other systems, as fault injection has them. */
	int r = fault_hit() ? -errno : -pthread_mutex_init(&monitor->mutex, &mutex);
	if (r == 0)
		r = fault_hit() ? -errno : -pthread_cond_init(&monitor->changed, &cond);
	pthread_mutexattr_destroy(&mutex);
	pthread_condattr_destroy(&cond);
	return trace(r);
}

static int cond_shm_open(void *state, const struct transport_options *options)
{
	int r = slots_open(state, options, &cond_shm_tokens);

	for (unsigned i = 0; i < SLOTS_TOKENS && r >= 0; i++)
		r = monitor_init(slots_cell(state, i), slots_initial(state, i));
	return trace(r);
}

const struct transport transport_cond_shm = {
	SLOTS_MEMBERS,
	.name = "cond_shm",
	.summary = "slots in shared memory, notified by mutex and condition variable",
	.state_bytes = sizeof(struct slots),
	.open = cond_shm_open,
	.close = slots_close,
};
