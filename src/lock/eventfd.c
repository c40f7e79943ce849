/*
 * eventfd: counters in the kernel, behind descriptors. One that starts at 1 and gives 1 per read
 * (EFD_SEMAPHORE) is the lock, one for each side is its signal. Every operation is a system call,
 * also where nobody waits. No descriptor knows a holder: who dies inside keeps the lock.
 */
#include <sys/eventfd.h>

#include "base/error.h"
#include "base/fault.h"
#include "lock/area.h"
#include "os/fd.h"

struct eventfds {
	struct area area;
	int lock;
	int signals[LOCK_SIDES_MAX];
};

static int open_one(unsigned initial, int flags)
{
	int fd = sys(eventfd(initial, EFD_CLOEXEC | flags));

	return fd < 0 ? fail(fd, "eventfd: %s (see 'ulimit -n')", error_message(fd)) : fd;
}

static int eventfd_open(void *state, const struct lock_options *options)
{
	struct eventfds *fds = state;

	fds->lock = -1;
	for (unsigned i = 0; i < LOCK_SIDES_MAX; i++)
		fds->signals[i] = -1;
	int r = area_open(&fds->area, options);
	if (r < 0)
		return trace(r);
	r = fds->lock = open_one(1, EFD_SEMAPHORE);
	for (unsigned i = 0; i < options->sides && r >= 0; i++)
		r = fds->signals[i] = open_one(0, 0);
	return r < 0 ? r : 0;
}

/* A read blocks while the counter is 0. */
static inline int take(int fd)
{
	uint64_t count;

	return fd_read_full(fd, &count, sizeof(count));
}

static inline int give(int fd)
{
	uint64_t one = 1;

	return fd_write_full(fd, &one, sizeof(one));
}

static int eventfd_acquire(void *state)
{
	const struct eventfds *fds = state;

	return take(fds->lock);
}

static int eventfd_release(void *state)
{
	const struct eventfds *fds = state;

	return give(fds->lock);
}

static int eventfd_post(void *state, unsigned to)
{
	const struct eventfds *fds = state;

	return give(fds->signals[to]);
}

static int eventfd_wait(void *state)
{
	const struct eventfds *fds = state;

	return take(fds->signals[fds->area.side]);
}

static int eventfd_add(void *state, int64_t n)
{
	return area_add(eventfd_acquire, eventfd_release, state, area_lock(state), n);
}

static int eventfd_value(void *state, int64_t *ret_value)
{
	return area_value(eventfd_acquire, eventfd_release, state, area_lock(state), ret_value);
}

static void eventfd_close(void *state)
{
	struct eventfds *fds = state;

	if (area_owns(&fds->area)) {
		fd_close(&fds->lock);
		for (unsigned i = 0; i < LOCK_SIDES_MAX; i++)
			fd_close(&fds->signals[i]);
	}
	area_close(state);
}

const struct lock lock_eventfd = {
	.name = "eventfd",
	.summary = "eventfds, one of them as a semaphore",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_COUNTER,
	.state_bytes = sizeof(struct eventfds),
	.open = eventfd_open,
	.attach = area_attach,
	.acquire = eventfd_acquire,
	.release = eventfd_release,
	.post = eventfd_post,
	.wait = eventfd_wait,
	.add = eventfd_add,
	.value = eventfd_value,
	.close = eventfd_close,
};
