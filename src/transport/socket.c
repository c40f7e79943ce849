#include "transport/socket.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

/* Whether the connection at `accepted` comes from the socket `connected`: on an open port anybody
 * may have been faster. A unix socket that connected has no name, and its directory is ours. */
static int is_ours(int accepted, int connected)
{
	struct sockaddr_in from = {.sin_family = AF_UNIX}, ours = {.sin_family = AF_UNIX};
	socklen_t from_size = sizeof(from), ours_size = sizeof(ours);

	int r = sys(getpeername(accepted, (struct sockaddr *)&from, &from_size));
	if (r >= 0)
		r = sys(getsockname(connected, (struct sockaddr *)&ours, &ours_size));
	if (r < 0)
		return trace(r);
	return ours.sin_family == AF_UNIX ||
	       (from.sin_port == ours.sin_port && from.sin_addr.s_addr == ours.sin_addr.s_addr);
}

int socket_pair_by_listener(
	struct fdpair *pair, int type, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_storage bound;
	socklen_t bound_size = sizeof(bound);
	_cleanup_(fd_close) int listener = sys(socket(address->sa_family, type | SOCK_CLOEXEC, 0));
	_cleanup_(fd_close) int connected = -1;
	int r = listener;

	if (r >= 0)
		r = sys(bind(listener, address, size));
	if (r >= 0)
		r = sys(listen(listener, 1));
	if (r >= 0)
		r = sys(getsockname(listener, (struct sockaddr *)&bound, &bound_size));
	if (r >= 0)
		r = connected = sys(socket(address->sa_family, type | SOCK_CLOEXEC, 0));
	if (r >= 0)
		r = sys(connect(connected, (struct sockaddr *)&bound, bound_size));
	while (r >= 0) {
		_cleanup_(fd_close) int accepted = sys(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
		r = accepted;
		if (r >= 0)
			r = is_ours(accepted, connected);
		if (r > 0) {
			fdpair_set_duplex(pair, (int[]){TAKE_FD(accepted), TAKE_FD(connected)});
			return 0;
		}
	}
	return fail(r, "cannot connect two sockets through a listener: %s", error_message(r));
}

int socket_scratch_address(
	const struct scratch *scratch, unsigned name, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	return trace(
		scratch_path(scratch, name, ret_address->sun_path, sizeof(ret_address->sun_path)));
}

int socket_pair_unix(struct fdpair *pair, int type)
{
	_cleanup_(scratch_close) struct scratch scratch = {.directory = ""};
	struct sockaddr_un address;

	int r = scratch_open(&scratch);
	if (r >= 0)
		r = socket_scratch_address(&scratch, 0, &address);
	if (r >= 0)
		r = socket_pair_by_listener(
			pair, type, (struct sockaddr *)&address, sizeof(address));
	return trace(r);
}

/* As a system call does: -1 and errno. */
static int set_buffer(int fd, int option, size_t bytes)
{
	int told = bytes / 2 >= INT_MAX / 2 ? INT_MAX / 2 : (int)((bytes + 1) / 2), is;
	int force = option == SO_SNDBUF ? SO_SNDBUFFORCE : SO_RCVBUFFORCE;
	socklen_t size = sizeof(is);

	int r = setsockopt(fd, SOL_SOCKET, force, &told, sizeof(told));
	if (r < 0 && errno == EPERM)
		r = setsockopt(fd, SOL_SOCKET, option, &told, sizeof(told));
	if (r == 0)
		r = getsockopt(fd, SOL_SOCKET, option, &is, &size);
	return r < 0 ? -1 : is;
}

size_t socket_largest_buffer(int fd, int option, size_t bytes)
{
	int is = set_buffer(fd, option, bytes);

	return is < 0 ? 0 : (size_t)is;
}

int socket_set_buffer(int fd, int option, size_t bytes)
{
	int r = sys(set_buffer(fd, option, bytes));

	return r < 0 ? fail(r, "the size of a socket buffer: %s", error_message(r)) : r;
}

int socket_set_capacity(
	struct fdpair *pair, const struct transport_options *options, size_t least_bytes)
{
	size_t wanted =
		options->capacity_bytes > least_bytes ? options->capacity_bytes : least_bytes;
	int ends[2] = {pair->from_hub[1], pair->to_hub[1]};

	for (unsigned i = 0; i < 2; i++) {
		int is;
		socklen_t size = sizeof(is);
		int r = sys(getsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &is, &size));
		if (r < 0)
			return fail(r, "the size of a socket buffer: %s", error_message(r));
		if (options->capacity_bytes || (size_t)is < wanted)
			is = socket_set_buffer(ends[i], SO_SNDBUF, wanted);
		if (is < 0)
			return trace(is);
		if ((size_t)is < wanted)
			return fail(-EMSGSIZE,
				"a send buffer of %zu bytes is over the limit; sysctl -w "
				"net.core.wmem_max=%zu",
				wanted, (wanted + 1) / 2);
	}
	return 0;
}

int socket_stream_open(struct fdpair *pair, const struct transport_options *options,
	int (*make)(struct fdpair *pair))
{
	fdpair_init(pair, options);
	int r = make(pair);
	if (r >= 0 && options->capacity_bytes)
		r = socket_set_capacity(pair, options, 0);
	return trace(r);
}

int socket_probe_loopback(int type, struct transport_limits *limits)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	_cleanup_(fd_close) int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	snprintf(limits->reason, sizeof(limits->reason),
		"no socket on 127.0.0.1: %s; ip link set lo up", error_message(-errno));
	return -EOPNOTSUPP;
}
