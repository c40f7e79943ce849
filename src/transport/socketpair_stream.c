/*
 * socketpair_stream: a connected pair of unix stream sockets, duplex, without a name. The kernel
 * copies into buffers of its own that hang in the receiver's queue, so a sender is limited by its
 * send buffer (net.core.wmem_default, 208 KiB, or the capacity asked for), which counts whole
 * buffers: many small messages fill it early. Boundaries are not kept, and parts of one sender's
 * message may land between those of another. The death of a peer is EOF, EPIPE or ECONNRESET.
 */
#include <sys/socket.h>

#include "base/error.h"
#include "base/fault.h"
#include "transport/socket.h"

static int make(struct fdpair *pair)
{
	int ends[2];
	int r = sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));

	if (r < 0)
		return fail(r, "socketpair_stream: %s (see 'ulimit -n')", error_message(r));
	fdpair_set_duplex(pair, ends);
	return 0;
}

static int socketpair_stream_open(void *state, const struct transport_options *options)
{
	return trace(socket_stream_open(state, options, make));
}

const struct transport transport_socketpair_stream = {
	.name = "socketpair_stream",
	.summary = "a pair of unix stream sockets",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct fdpair),
	.open = socketpair_stream_open,
	.attach = fdpair_attach,
	.send = fdpair_send,
	.recv = fdpair_recv,
	.close = fdpair_close,
};
