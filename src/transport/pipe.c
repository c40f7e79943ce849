/*
 * pipe: two anonymous pipes, one each way, of the default capacity (64 KiB). The kernel copies in
 * and out and wakes a sleeping reader; writes of up to PIPE_BUF (4 KiB) are atomic, so up to that
 * size many senders may share one. Fails when the user's pipe pages run out
 * (fs.pipe-user-pages-soft shrinks new pipes to one page).
 */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "transport/fdpair.h"

static int pipe_open(void *state, const struct transport_options *options)
{
	struct fdpair *pair = state;

	fdpair_init(pair, options);
	int r = sys(pipe2(pair->to_hub, O_CLOEXEC));
	if (r >= 0)
		r = sys(pipe2(pair->from_hub, O_CLOEXEC));
	return r < 0 ? fail(r, "pipe: %s (see 'ulimit -n')", error_message(r)) : 0;
}

const struct transport transport_pipe = {
	.name = "pipe",
	.summary = "two anonymous pipes of 64 KiB",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_MANY_SENDERS |
			TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct fdpair),
	.shared_message_max_bytes = PIPE_BUF,
	.open = pipe_open,
	.attach = fdpair_attach,
	.send = fdpair_send,
	.recv = fdpair_recv,
	.close = fdpair_close,
};
