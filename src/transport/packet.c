#include "transport/packet.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "transport/socket.h"

/* What the kernel takes of the sender's buffer for itself (unix_dgram_sendmsg). */
enum { PACKET_OVERHEAD = 32 };

int packet_probe(int type, struct transport_limits *limits)
{
	int ends[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0) {
		snprintf(limits->reason, sizeof(limits->reason), "no such unix socket: %s",
			error_message(-errno));
		return -EOPNOTSUPP;
	}
	size_t bytes =
		socket_largest_buffer(ends[0], SO_SNDBUF, TRANSPORT_MESSAGE_MAX + PACKET_OVERHEAD);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	if (bytes > PACKET_OVERHEAD && bytes < TRANSPORT_MESSAGE_MAX + PACKET_OVERHEAD) {
		limits->message_max_bytes = bytes - PACKET_OVERHEAD;
		snprintf(limits->reason, sizeof(limits->reason),
			"a packet must fit into the send buffer; sysctl -w net.core.wmem_max=%zu",
			TRANSPORT_MESSAGE_MAX / 2 + PACKET_OVERHEAD);
	}
	return 0;
}

int packet_open(struct packet_pair *packet, const struct transport_options *options,
	int (*make)(struct fdpair *pair))
{
	fdpair_init(&packet->pair, options);
	int r = make(&packet->pair);
	if (r >= 0)
		r = socket_set_capacity(
			&packet->pair, options, options->message_max_bytes + PACKET_OVERHEAD);
	return trace(r);
}

int packet_watch(struct packet_pair *packet, const struct transport_options *options)
{
	struct timeval slice = {.tv_usec = PEER_SLICE_MS * 1000};
	int readers[2] = {packet->pair.to_hub[0], packet->pair.from_hub[0]};

	for (unsigned i = 0; i < 2; i++) {
		int r = sys(setsockopt(readers[i], SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof(slice)));
		if (r < 0)
			return fail(r, "SO_RCVTIMEO: %s", error_message(r));
	}
	return trace(peer_open(&packet->peer, options));
}

int packet_attach(void *state, unsigned side)
{
	struct packet_pair *packet = state;

	int r = fdpair_attach(&packet->pair, side);
	if (r >= 0 && packet->peer.board_memory.data)
		r = peer_attach(&packet->peer, side, packet->pair.threads);
	return trace(r);
}

static int send_failed(int error, size_t n)
{
	/* A datagram socket is refused once, and then no longer connected. */
	if (error == EPIPE || error == ECONNRESET || error == ECONNREFUSED || error == ENOTCONN)
		return trace(-EPIPE);
	if (error == ENOBUFS)
		return fail(-error,
			"the kernel found no piece of memory for a packet of %zu bytes: try "
			"smaller ones, or sysctl -w vm.compact_memory=1",
			n);
	return trace(-error);
}

int packet_send(void *state, const void *message, size_t n)
{
	const struct packet_pair *packet = state;

	/* A packet is taken whole or not at all. */
	while (send(packet->pair.out, message, n, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return send_failed(errno, n);
	return 0;
}

int packet_recv(void *state, void *message, size_t n)
{
	struct packet_pair *packet = state;
	bool gone = false;

	for (;;) {
		ssize_t got =
			recv(packet->pair.in, message, n, MSG_TRUNC | (gone ? MSG_DONTWAIT : 0));
		if (got == (ssize_t)n)
			return 0;
		if (got > 0)
			return fail(-EMSGSIZE,
				"a message of %zd bytes came where %zu were expected", got, n);
		if (got == 0 || errno == ECONNRESET)
			return trace(-EPIPE);
		if (errno == EAGAIN) {
			/* What it sent before it went is there by now: one more look. */
			if (gone)
				return trace(-EPIPE);
			gone = peer_is_gone(&packet->peer);
		} else if (errno != EINTR) {
			return trace(-errno);
		}
	}
}

void packet_close(void *state)
{
	struct packet_pair *packet = state;

	fdpair_close(&packet->pair);
	peer_close(&packet->peer);
}
