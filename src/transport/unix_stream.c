/*
 * unix_stream: two unix stream sockets connected through a listener at a path in a fresh directory,
 * as a server and its client are. Once connected it is the same code as `socketpair_stream` and
 * should measure the same; the path is only looked up by connect(), and is unlinked before open()
 * returns. Fails where $TMPDIR cannot be written or is too long for an address (108 bytes). Limits
 * and the death of a peer: as there.
 */
#include <sys/socket.h>

#include "base/error.h"
#include "transport/socket.h"

static int make(struct fdpair *pair)
{
	return trace(socket_pair_unix(pair, SOCK_STREAM));
}

static int unix_stream_open(void *state, const struct transport_options *options)
{
	return trace(socket_stream_open(state, options, make));
}

const struct transport transport_unix_stream = {
	.name = "unix_stream",
	.summary = "unix stream sockets connected at a path",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct fdpair),
	.open = unix_stream_open,
	.attach = fdpair_attach,
	.send = fdpair_send,
	.recv = fdpair_recv,
	.close = fdpair_close,
};
