/*
 * socketpair_dgram: a connected pair of unix datagram sockets, duplex, without a name. One message
 * is one datagram; unlike those of UDP they are neither lost nor reordered: a sender waits while
 * its buffer (net.core.wmem_default, 208 KiB, or the capacity asked for) is full of what was not
 * received. net.unix.max_dgram_qlen, 10, does not bind two sockets that are connected to each
 * other. Any number of senders may share an end, and of receivers. The largest message, and how a
 * receiver sees the death of its peer, which a datagram socket does not tell: packet.h.
 */
#include <sys/socket.h>

#include "base/error.h"
#include "base/fault.h"
#include "transport/packet.h"
#include "transport/socket.h"

static int make(struct fdpair *pair)
{
	int ends[2];
	int r = sys(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends));

	if (r < 0)
		return fail(r, "socketpair_dgram: %s (see 'ulimit -n')", error_message(r));
	fdpair_set_duplex(pair, ends);
	return 0;
}

static int socketpair_dgram_probe(struct transport_limits *limits)
{
	return packet_probe(SOCK_DGRAM, limits);
}

static int socketpair_dgram_open(void *state, const struct transport_options *options)
{
	int r = packet_open(state, options, make);

	return trace(r < 0 ? r : packet_watch(state, options));
}

const struct transport transport_socketpair_dgram = {
	.name = "socketpair_dgram",
	.summary = "a pair of unix datagram sockets",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct packet_pair),
	.probe = socketpair_dgram_probe,
	.open = socketpair_dgram_open,
	.attach = packet_attach,
	.send = packet_send,
	.recv = packet_recv,
	.close = packet_close,
};
