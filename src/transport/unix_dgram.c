/*
 * unix_dgram: two unix datagram sockets, each bound to a path in a fresh directory and connected to
 * the other, so that either accepts datagrams of the other only. Then the paths are unlinked, which
 * the connections do not mind. Once connected it is the same code as `socketpair_dgram` and should
 * measure the same. Fails where $TMPDIR cannot be written or is too long for an address (108
 * bytes). Limits and the death of a peer: as there.
 */
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "transport/packet.h"
#include "transport/socket.h"

/* A socket bound to a name of the directory. */
static int bound(const struct scratch *scratch, unsigned name, struct sockaddr_un *ret_address)
{
	int r = socket_scratch_address(scratch, name, ret_address);

	if (r < 0)
		return trace(r);
	_cleanup_(fd_close) int fd = sys(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	r = fd;
	if (r >= 0)
		r = sys(bind(fd, (struct sockaddr *)ret_address, sizeof(*ret_address)));
	return r < 0 ? fail(r, "unix_dgram: %s: %s", ret_address->sun_path, error_message(r))
		     : TAKE_FD(fd);
}

static int make(struct fdpair *pair)
{
	_cleanup_(scratch_close) struct scratch scratch = {.directory = ""};
	struct sockaddr_un addresses[2];
	int ends[2] = {-1, -1};

	int r = scratch_open(&scratch);
	for (unsigned i = 0; i < 2 && r >= 0; i++)
		r = ends[i] = bound(&scratch, i, &addresses[i]);
	fdpair_set_duplex(pair, ends);
	for (unsigned i = 0; i < 2 && r >= 0; i++) {
		r = sys(connect(
			ends[i], (struct sockaddr *)&addresses[1 - i], sizeof(addresses[0])));
		if (r < 0)
			fail(r, "unix_dgram: connect: %s", error_message(r));
	}
	return trace(r);
}

static int unix_dgram_probe(struct transport_limits *limits)
{
	return packet_probe(SOCK_DGRAM, limits);
}

static int unix_dgram_open(void *state, const struct transport_options *options)
{
	int r = packet_open(state, options, make);

	return trace(r < 0 ? r : packet_watch(state, options));
}

const struct transport transport_unix_dgram = {
	.name = "unix_dgram",
	.summary = "unix datagram sockets bound to paths",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct packet_pair),
	.probe = unix_dgram_probe,
	.open = unix_dgram_open,
	.attach = packet_attach,
	.send = packet_send,
	.recv = packet_recv,
	.close = packet_close,
};
