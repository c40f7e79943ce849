/*
 * pipe_large: the pipe enlarged with F_SETPIPE_SZ to 1 MiB each way, or to the capacity asked for,
 * or to what fs.pipe-max-size allows if that is less. A writer then sleeps less often: what is
 * gained is for streams, and a ping-pong should see nothing of it. Writes of up to PIPE_BUF stay
 * atomic. Fails when the user's pipe pages run out (fs.pipe-user-pages-soft: 16384 pages are eight
 * such channels at a time), which binds all but the privileged, rather than go on with a small one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "transport/fdpair.h"
#include "transport/sysctl.h"

enum { PIPE_LARGE_BYTES = 1 << 20 };

/* What an unprivileged process may have, at most the default. */
static size_t default_capacity(void)
{
	size_t most = sysctl_read("fs.pipe-max-size");

	return most && most < PIPE_LARGE_BYTES ? most : PIPE_LARGE_BYTES;
}

static int pipe_large_probe(struct transport_limits *limits)
{
	size_t capacity = default_capacity();

	if (capacity < PIPE_LARGE_BYTES)
		snprintf(limits->reason, sizeof(limits->reason),
			"its buffer has %zu bytes only; sysctl -w fs.pipe-max-size=%d", capacity,
			PIPE_LARGE_BYTES);
	return 0;
}

static int pipe_large_open(void *state, const struct transport_options *options)
{
	struct fdpair *pair = state;
	size_t bytes = options->capacity_bytes ? options->capacity_bytes : default_capacity();

	fdpair_init(pair, options);
	int r = sys(pipe2(pair->to_hub, O_CLOEXEC));
	if (r >= 0)
		r = sys(pipe2(pair->from_hub, O_CLOEXEC));
	if (r < 0)
		return fail(r, "pipe_large: %s (see 'ulimit -n')", error_message(r));
	if (bytes > INT_MAX)
		r = -EINVAL;
	if (r >= 0)
		r = sys(fcntl(pair->to_hub[1], F_SETPIPE_SZ, (int)bytes));
	if (r >= 0)
		r = sys(fcntl(pair->from_hub[1], F_SETPIPE_SZ, (int)bytes));
	if (r < 0)
		return fail(r,
			"pipe_large: no pipe of %zu bytes: %s (see the sysctls "
			"fs.pipe-max-size and fs.pipe-user-pages-soft)",
			bytes, error_message(r));
	return 0;
}

const struct transport transport_pipe_large = {
	.name = "pipe_large",
	.summary = "two anonymous pipes enlarged to 1 MiB",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_MANY_SENDERS |
			TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct fdpair),
	.shared_message_max_bytes = PIPE_BUF,
	.probe = pipe_large_probe,
	.open = pipe_large_open,
	.attach = fdpair_attach,
	.send = fdpair_send,
	.recv = fdpair_recv,
	.close = fdpair_close,
};
