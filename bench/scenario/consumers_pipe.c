/* Consumers of a pipe: what the kernel has for this. An item is small enough to be written and read
 * whole, whoever else does. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "scenario/consumers.h"

static int pipe_open(struct consumers *consumers)
{
	int r = sys(pipe2(consumers->fds, O_CLOEXEC | O_NONBLOCK));

	return r < 0 ? fail(r, "cannot make a pipe: %s", error_message(r)) : 0;
}

static void pipe_close(struct consumers *consumers)
{
	fd_close(&consumers->fds[0]);
	fd_close(&consumers->fds[1]);
}

/* After a call that moved `moved` bytes of an item: 0 when it is done, 1 to be called again. */
static int pipe_wait(int fd, short events, ssize_t moved, int64_t deadline_ns)
{
	struct pollfd ready = {.fd = fd, .events = events};

	if (moved == (ssize_t)sizeof(uint64_t))
		return 0;
	if (moved >= 0)
		return fail(-EPIPE, "%d bytes of an item", (int)moved);
	if (errno != EAGAIN && errno != EINTR)
		return fail(-errno, "moving an item through a pipe");
	return poll(&ready, 1, deadline_left_ms(deadline_ns)) == 0 ? -ETIMEDOUT : 1;
}

static int pipe_put(struct consumers *consumers, uint64_t item, int64_t timeout_ns)
{
	int64_t deadline_ns = DEADLINE_NEVER;
	int r;

	while ((r = pipe_wait(consumers->fds[1], POLLOUT,
			write(consumers->fds[1], &item, sizeof(item)), deadline_ns)) > 0)
		if (deadline_ns == DEADLINE_NEVER)
			deadline_ns = clock_ns() + timeout_ns;
	return r;
}

static int pipe_get(struct consumers *consumers, uint64_t *ret_item, int64_t timeout_ns)
{
	int64_t deadline_ns = clock_ns() + timeout_ns;
	int r;

	while ((r = pipe_wait(consumers->fds[0], POLLIN,
			read(consumers->fds[0], ret_item, sizeof(*ret_item)), deadline_ns)) > 0)
		;
	return r;
}

static const struct consumers_queue queue = {
	.open = pipe_open,
	.close = pipe_close,
	.put = pipe_put,
	.get = pipe_get,
};

static int open_queue(void *state, const struct load *load)
{
	return consumers_open(state, load, &queue);
}

const struct scenario scenario_consumers_pipe = {
	.name = "pipe",
	.summary = "items go through a pipe",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_CONSUMERS,
	.state_bytes = sizeof(struct consumers),
	.open = open_queue,
	.run = consumers_run,
	.close = consumers_close,
};
