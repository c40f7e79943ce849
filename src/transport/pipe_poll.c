/*
 * pipe_poll: two non-blocking pipes, each read and written as an event loop does it: poll() until
 * the descriptor is ready, then read() or write(). What that costs over `pipe` is a system call a
 * message and a wake-up through the poll's wait queue. A byte stream; writes of up to PIPE_BUF
 * (4 KiB) are whole, so up to that size many senders may share one. The death of a peer is EOF,
 * EPIPE or POLLHUP. Fails as `pipe` does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "transport/fdpair.h"

static int pipe_poll_open(void *state, const struct transport_options *options)
{
	struct fdpair *pair = state;

	fdpair_init(pair, options);
	int r = sys(pipe2(pair->to_hub, O_CLOEXEC | O_NONBLOCK));
	if (r >= 0)
		r = sys(pipe2(pair->from_hub, O_CLOEXEC | O_NONBLOCK));
	return r < 0 ? fail(r, "pipe: %s (see 'ulimit -n')", error_message(r)) : 0;
}

static void wait_for(int fd, short events)
{
	struct pollfd ready = {.fd = fd, .events = events};

	/* EINTR, an error or a hang-up: what follows will say it. */
	poll(&ready, 1, -1);
}

static int pipe_poll_send(void *state, const void *message, size_t n)
{
	int fd = ((struct fdpair *)state)->out;
	const char *at = message;

	while (n > 0) {
		wait_for(fd, POLLOUT);
		ssize_t put = write(fd, at, n);
		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return trace(-errno);
		at += put > 0 ? put : 0;
		n -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static int pipe_poll_recv(void *state, void *message, size_t n)
{
	int fd = ((struct fdpair *)state)->in;
	char *at = message;

	while (n > 0) {
		wait_for(fd, POLLIN);
		ssize_t got = read(fd, at, n);
		if (got == 0)
			return trace(-EPIPE);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return trace(-errno);
		at += got > 0 ? got : 0;
		n -= got > 0 ? (size_t)got : 0;
	}
	return 0;
}

const struct transport transport_pipe_poll = {
	.name = "pipe_poll",
	.summary = "two non-blocking pipes, with a poll before each call",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_MANY_SENDERS |
			TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct fdpair),
	.shared_message_max_bytes = PIPE_BUF,
	.open = pipe_poll_open,
	.attach = fdpair_attach,
	.send = pipe_poll_send,
	.recv = pipe_poll_recv,
	.close = fdpair_close,
};
