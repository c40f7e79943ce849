/*
 * pthread_cond: signals and a barrier as they are taught, a flag (or a count) that a process-shared
 * mutex guards and a condition variable to sleep on. A post takes the mutex, and so does the waiter
 * when it wakes: two system calls more where it runs into it.
 *
 * A condition variable is not robust: a side that is killed inside of it leaves the others waiting.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>

#include "base/error.h"
#include "base/fault.h"
#include "lock/mutex.h"

struct monitor {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_given;                /* of a signal */
	unsigned arrived, generation; /* of the barrier */
};

static_assert(sizeof(struct monitor) <= AREA_CELL_BYTES, "a monitor fits its cell");

static int monitor_init(struct monitor *monitor)
{
	pthread_condattr_t about;
	int r = mutex_init(&monitor->mutex, &(struct mutex_kind){0});

	if (r < 0)
		return trace(r);
	pthread_condattr_init(&about);
	pthread_condattr_setpshared(&about, PTHREAD_PROCESS_SHARED);
	r = fault_hit() ? -errno : -pthread_cond_init(&monitor->changed, &about);
	pthread_condattr_destroy(&about);
	return r < 0 ? fail(r, "no process-shared condition variable: %s", error_message(r)) : 0;
}

static int pthread_cond_open(void *state, const struct lock_options *options)
{
	int r = area_open(state, options);

	if (r >= 0)
		r = monitor_init(area_arrivals(state));
	for (unsigned i = 0; i < options->sides && r >= 0; i++)
		r = monitor_init(area_signal(state, i));
	return trace(r);
}

static int pthread_cond_post(void *state, unsigned to)
{
	struct monitor *monitor = area_signal(state, to);
	int r = pthread_mutex_lock(&monitor->mutex);

	if (r != 0)
		return -r;
	monitor->is_given = true;
	pthread_mutex_unlock(&monitor->mutex);
	/* After the unlock, so that who wakes does not run into the mutex. */
	return -pthread_cond_signal(&monitor->changed);
}

static int pthread_cond_take(void *state)
{
	const struct area *area = state;
	struct monitor *monitor = area_signal(state, area->side);
	int r = pthread_mutex_lock(&monitor->mutex);

	if (r != 0)
		return -r;
	while (!monitor->is_given && r == 0)
		r = pthread_cond_wait(&monitor->changed, &monitor->mutex);
	monitor->is_given = false;
	pthread_mutex_unlock(&monitor->mutex);
	return -r;
}

static int pthread_cond_arrive(void *state)
{
	const struct area *area = state;
	struct monitor *monitor = area_arrivals(state);
	int r = pthread_mutex_lock(&monitor->mutex);

	if (r != 0)
		return -r;
	unsigned mine = monitor->generation;
	if (++monitor->arrived == area->sides) {
		monitor->arrived = 0;
		monitor->generation++;
		pthread_mutex_unlock(&monitor->mutex);
		return -pthread_cond_broadcast(&monitor->changed);
	}
	while (monitor->generation == mine && r == 0)
		r = pthread_cond_wait(&monitor->changed, &monitor->mutex);
	pthread_mutex_unlock(&monitor->mutex);
	return -r;
}

const struct lock lock_pthread_cond = {
	.name = "pthread_cond",
	.summary = "a flag or a count with pthread_mutex_t and pthread_cond_t",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_SIGNAL | LOCK_BARRIER,
	.state_bytes = sizeof(struct area),
	.open = pthread_cond_open,
	.attach = area_attach,
	.post = pthread_cond_post,
	.wait = pthread_cond_take,
	.arrive = pthread_cond_arrive,
	.close = area_close,
};
