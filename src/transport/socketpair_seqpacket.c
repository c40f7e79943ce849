/*
 * socketpair_seqpacket: a connected pair of unix sequenced packet sockets, duplex, without a name:
 * the boundaries of datagrams with the connection of a stream. There is no limit to how many
 * packets are in the queue but the sender's buffer (net.core.wmem_default, 208 KiB, or the capacity
 * asked for). Any number of senders may share an end, and of receivers. The death of a peer is EOF,
 * EPIPE or ECONNRESET. The largest message: packet.h.
 */
#include <sys/socket.h>

#include "base/error.h"
#include "base/fault.h"
#include "transport/packet.h"
#include "transport/socket.h"

static int make(struct fdpair *pair)
{
	int ends[2];
	int r = sys(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));

	if (r < 0)
		return fail(r, "socketpair_seqpacket: %s (see 'ulimit -n')", error_message(r));
	fdpair_set_duplex(pair, ends);
	return 0;
}

static int socketpair_seqpacket_probe(struct transport_limits *limits)
{
	return packet_probe(SOCK_SEQPACKET, limits);
}

static int socketpair_seqpacket_open(void *state, const struct transport_options *options)
{
	return trace(packet_open(state, options, make));
}

const struct transport transport_socketpair_seqpacket = {
	.name = "socketpair_seqpacket",
	.summary = "a pair of unix sequenced packet sockets",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct packet_pair),
	.probe = socketpair_seqpacket_probe,
	.open = socketpair_seqpacket_open,
	.attach = packet_attach,
	.send = packet_send,
	.recv = packet_recv,
	.close = packet_close,
};
