/*
 * unix_seqpacket: two unix sequenced packet sockets connected through a listener at a path in a
 * fresh directory, as a server and its client are. Once connected it is the same code as
 * `socketpair_seqpacket` and should measure the same; the path is only looked up by connect(), and
 * is unlinked before open() returns. Fails where $TMPDIR cannot be written or is too long for an
 * address (108 bytes). Limits and the death of a peer: as there.
 */
#include <sys/socket.h>

#include "base/error.h"
#include "transport/packet.h"
#include "transport/socket.h"

static int make(struct fdpair *pair)
{
	return trace(socket_pair_unix(pair, SOCK_SEQPACKET));
}

static int unix_seqpacket_probe(struct transport_limits *limits)
{
	return packet_probe(SOCK_SEQPACKET, limits);
}

static int unix_seqpacket_open(void *state, const struct transport_options *options)
{
	return trace(packet_open(state, options, make));
}

const struct transport transport_unix_seqpacket = {
	.name = "unix_seqpacket",
	.summary = "unix sequenced packet sockets connected at a path",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct packet_pair),
	.probe = unix_seqpacket_probe,
	.open = unix_seqpacket_open,
	.attach = packet_attach,
	.send = packet_send,
	.recv = packet_recv,
	.close = packet_close,
};
