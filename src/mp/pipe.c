#include "mp/pipe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/connection.h"
#include "mp/park.h"
#include "os/fd.h"

static int connection_new(int fd, struct mp_connection **ret_connection)
{
	struct mp_connection *connection = fault_hit() ? NULL : calloc(1, sizeof(*connection));

	if (!connection)
		return fail(-ENOMEM, "no memory for a connection");
	*connection = (struct mp_connection){
		.fd = fd, .can_send = true, .can_recv = true, .owner = getpid()};
	*ret_connection = connection;
	return 0;
}

int mp_pipe(bool is_duplex, struct mp_connection **ret_first, struct mp_connection **ret_second)
{
	struct mp_connection *first, *second;
	int ends[2];

	int r = sys(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	if (r < 0)
		return fail(r, "cannot make a pipe: socketpair: %s (see 'ulimit -n')",
			error_message(r));
	_cleanup_(fd_close) int second_fd = ends[1];
	r = connection_new(ends[0], &first);
	if (r < 0) {
		fd_close(&ends[0]);
		return trace(r);
	}
	r = connection_new(second_fd, &second);
	if (r < 0) {
		mp_connection_close(first);
		return trace(r);
	}
	TAKE_FD(second_fd);
	if (!is_duplex) {
		shutdown(ends[0], SHUT_WR);
		first->can_send = second->can_recv = false;
	}
	*ret_first = first;
	*ret_second = second;
	return 0;
}

int mp_connection_open(int fd, struct mp_connection **ret_connection)
{
	int type = 0;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
		return fail(-EINVAL, "descriptor %d is not a connection's", fd);
	return trace(connection_new(fd, ret_connection));
}

int mp_connection_fd(const struct mp_connection *connection)
{
	return connection->fd;
}

void mp_connection_close(struct mp_connection *connection)
{
	int saved = errno;

	if (!connection)
		return;
	fd_close(&connection->fd);
	while (connection->kept) {
		struct packet *packet = connection->kept;
		connection->kept = packet->next;
		packet_free(packet);
	}
	packet_free(connection->spare);
	free(connection);
	errno = saved;
}

/* One packet, whole. Only a wait with an end asks before it would sleep. */
static int send_packet(int fd, const struct msghdr *packet, int64_t timeout_ns)
{
	int flags = MSG_NOSIGNAL | (timeout_ns < 0 ? 0 : MSG_DONTWAIT);
	int64_t deadline_ns = timeout_ns <= 0 ? DEADLINE_NEVER : mp_deadline(timeout_ns);

	for (;;) {
		if (fault_hit())
			return -errno;
		if (sendmsg(fd, packet, flags) >= 0)
			return 0;
		if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			return -EPIPE;
		if (errno == EAGAIN) {
			int r = connection_wait(fd, POLLOUT, timeout_ns, deadline_ns);
			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			int r = -errno;
			return fail(r, "cannot send: %s", strerror(-r));
		}
	}
}

/* With a trailer and descriptors. */
static int send_marked(int fd, const void *part, size_t part_bytes, struct trailer *trailer,
	const int *fds, unsigned count, int64_t timeout_ns)
{
	union control control = {.bytes = {0}};
	struct iovec parts[] = {{(void *)part, part_bytes}, {trailer, sizeof(*trailer)}};
	struct msghdr packet = {.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *header = CMSG_FIRSTHDR(&packet);

	trailer->magic = TRAILER_MAGIC;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	return send_packet(fd, &packet, timeout_ns);
}

static int write_rest(int fd, const char *rest, size_t n)
{
	while (n > 0) {
		int r = sys(write(fd, rest, n > INT32_MAX / 2 ? INT32_MAX / 2 : n));
		if (r == -EINTR)
			continue;
		if (r < 0)
			return r;
		rest += r;
		n -= (size_t)r;
	}
	return 0;
}

static int send_large(
	struct mp_connection *connection, const char *message, size_t n, int64_t timeout_ns)
{
	size_t part = n < INLINE_MAX ? n : INLINE_MAX;
	struct trailer trailer = {.kind = KIND_BYTES, .size_bytes = n};
	_cleanup_(fd_close) int fd = sys(memfd_create("mp-message", MFD_CLOEXEC));
	int r = fd;

	if (r >= 0)
		r = write_rest(fd, message + part, n - part);
	if (r < 0)
		return fail(r, "cannot send a message of %zu bytes: %s", n, error_message(r));
	return send_marked(connection->fd, message, part, &trailer, &fd, 1, timeout_ns);
}

int mp_connection_send_for(
	struct mp_connection *connection, const void *message, size_t n, int64_t timeout_ns)
{
	if (!connection->can_send)
		return fail(-EBADF, "this end of the pipe only receives");
	/* An empty packet would look like the end. */
	if (n == 0 || n > INLINE_MAX)
		return trace(send_large(connection, message, n, timeout_ns));
	if (timeout_ns < 0) {
		ssize_t sent = send(connection->fd, message, n, MSG_NOSIGNAL);
		if (sent >= 0)
			return 0;
	}
	struct iovec part = {(void *)message, n};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
	return trace(send_packet(connection->fd, &packet, timeout_ns));
}

int mp_connection_send_fds(
	struct mp_connection *connection, const int *fds, unsigned count, int64_t timeout_ns)
{
	struct trailer trailer = {.kind = KIND_FDS};

	if (!connection->can_send)
		return fail(-EBADF, "this end of the pipe only receives");
	if (count == 0 || count > MP_CONNECTION_FDS_MAX)
		return fail(-EINVAL, "%u descriptors: 1 to %d go into a message", count,
			MP_CONNECTION_FDS_MAX);
	return trace(send_marked(connection->fd, NULL, 0, &trailer, fds, count, timeout_ns));
}
