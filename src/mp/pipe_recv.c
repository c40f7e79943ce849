/*
 * The receiving half of a connection.
 *
 * A receiver doesn't know the size of what comes: behind the caller's buffer, the kernel writes on
 * into a packet of the connection's. What is more than the caller has room for, or something else
 * than was asked for, is kept there, and is what the next call in this process gets. Nothing is
 * allocated between receiving and keeping, so nothing is lost for want of memory; for want of
 * descriptors, what comes with one is (MSG_CTRUNC).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/connection.h"
#include "mp/park.h"
#include "os/fd.h"

static void close_fds(struct packet *packet)
{
	for (unsigned i = 0; i < packet->fd_count; i++)
		fd_close(&packet->fds[i]);
	packet->fd_count = 0;
}

void packet_free(struct packet *packet)
{
	if (packet)
		close_fds(packet);
	free(packet);
}

int connection_wait(int fd, short events, int64_t timeout_ns, int64_t deadline_ns)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int r;

	if (timeout_ns == 0)
		return -EAGAIN;
	do {
		struct timespec left = timespec_of(deadline_left_ns(deadline_ns));
		r = ppoll(&poll_fd, 1, deadline_ns == DEADLINE_NEVER ? NULL : &left, NULL);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return trace(-errno);
	return r == 0 ? -ETIMEDOUT : 0;
}

/* An empty packet for the next message. NULL without memory. */
static struct packet *packet_take(struct mp_connection *connection)
{
	struct packet *packet = NULL;

	packet = atomic_exchange_explicit(&connection->spare, NULL, memory_order_acquire);
	if (packet || fault_hit())
		return packet;
	/* Most of it is never touched. */
	packet = malloc(sizeof(*packet));
	if (packet)
		packet->fd_count = 0;
	return packet;
}

static void packet_give(struct mp_connection *connection, struct packet *packet)
{
	close_fds(packet);
	/* Acquires what the one who left the other packet there did to it. */
	free(atomic_exchange_explicit(&connection->spare, packet, memory_order_acq_rel));
}

/* Another thread may be faster: NULL. */
static struct packet *take_kept(struct mp_connection *connection)
{
	struct packet *packet;

	latch_lock(&connection->latch);
	while (connection->kept && connection->owner != getpid()) {
		/* Its parent's, from before the fork. */
		packet = connection->kept;
		connection->kept = packet->next;
		packet_free(packet);
	}
	connection->owner = getpid();
	packet = connection->kept;
	if (packet)
		connection->kept = packet->next;
	latch_unlock(&connection->latch);
	return packet;
}

/* To the front: it is older than what is in the socket. */
static void keep(struct mp_connection *connection, struct packet *packet)
{
	latch_lock(&connection->latch);
	connection->owner = getpid();
	packet->next = connection->kept;
	connection->kept = packet;
	latch_unlock(&connection->latch);
}

static void take_fds(struct msghdr *header, struct packet *packet)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		packet->fd_count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(packet->fds, CMSG_DATA(c), packet->fd_count * sizeof(int));
	}
}

/* Moves what is in the caller's buffer to where it is whole. */
static void gather(struct packet *packet, const char *buffer, size_t buffer_bytes, size_t n)
{
	size_t before = n < buffer_bytes ? n : buffer_bytes;

	memmove(packet->bytes + before, packet->bytes, n - before);
	if (before > 0)
		memcpy(packet->bytes, buffer, before);
}

/* Of a packet with descriptors, gathered, of n bytes. */
static int judge(struct packet *packet, size_t n)
{
	struct trailer trailer = {0};

	if (n >= sizeof(trailer))
		memcpy(&trailer, packet->bytes + n - sizeof(trailer), sizeof(trailer));
	packet->part_bytes = n - sizeof(trailer);
	packet->size_bytes = (size_t)trailer.size_bytes;
	packet->kind = (enum kind)trailer.kind;
	if (trailer.magic == TRAILER_MAGIC && trailer.kind == KIND_FDS)
		return 0;
	if (trailer.magic == TRAILER_MAGIC && trailer.kind == KIND_BYTES && packet->fd_count == 1 &&
		packet->size_bytes >= packet->part_bytes)
		return 0;
	close_fds(packet);
	return fail(-EBADMSG, "what came is not a message of libmp's, and is dropped");
}

/*
 * Receives into the buffer and, what doesn't fit, into the packet. 1: a plain message that is whole
 * in the buffer, of *ret_n bytes. 0: anything else, whole in the packet.
 */
static int receive(struct mp_connection *connection, struct packet *packet, char *buffer,
	size_t buffer_bytes, int64_t timeout_ns, size_t *ret_n)
{
	int flags = MSG_CMSG_CLOEXEC | (timeout_ns < 0 ? 0 : MSG_DONTWAIT);
	int64_t deadline_ns = timeout_ns <= 0 ? DEADLINE_NEVER : mp_deadline(timeout_ns);
	struct iovec parts[] = {{buffer, buffer_bytes}, {packet->bytes, PACKET_MAX}};
	union control control;

	for (;;) {
		struct msghdr header = {.msg_iov = parts,
			.msg_iovlen = 2,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control)};
		ssize_t n = fault_hit() ? -1 : recvmsg(connection->fd, &header, flags);
		if (n > 0 && header.msg_controllen == 0 && (size_t)n <= buffer_bytes) {
			*ret_n = (size_t)n;
			return 1;
		}
		if (n > 0) {
			take_fds(&header, packet);
			if (header.msg_flags & MSG_CTRUNC) {
				close_fds(packet);
				return fail(-EMFILE, "a message with descriptors was lost: none "
						     "was free here (see 'ulimit -n')");
			}
			gather(packet, buffer, buffer_bytes, (size_t)n);
			if (packet->fd_count > 0)
				return judge(packet, (size_t)n);
			packet->kind = KIND_PLAIN;
			packet->part_bytes = packet->size_bytes = (size_t)n;
			return 0;
		}
		if (n == 0)
			return -EPIPE;
		if (errno == EAGAIN) {
			int r = connection_wait(connection->fd, POLLIN, timeout_ns, deadline_ns);
			if (r < 0)
				return r;
		} else if (errno != EINTR && errno != ECONNRESET) {
			/* ECONNRESET is said once, before what is still there to receive. */
			int r = -errno;
			return fail(r, "cannot receive: %s", strerror(-r));
		}
	}
}

/* The next message, whole in a packet; or 1, as receive(). */
static int next_packet(struct mp_connection *connection, char *buffer, size_t buffer_bytes,
	int64_t timeout_ns, struct packet **ret_packet, size_t *ret_n)
{
	struct packet *packet = NULL;

	if (!connection->can_recv)
		return fail(-EBADF, "this end of the pipe only sends");
	if (atomic_load_explicit(&connection->kept, memory_order_relaxed))
		packet = take_kept(connection);
	if (packet) {
		*ret_packet = packet;
		return 0;
	}
	packet = packet_take(connection);
	if (!packet)
		return fail(-ENOMEM, "no memory to receive a message");
	int r = receive(connection, packet, buffer, buffer_bytes, timeout_ns, ret_n);
	if (r != 0)
		packet_give(connection, packet);
	else
		*ret_packet = packet;
	return r;
}

/* Into memory with enough room. */
static int unpack(const struct packet *packet, char *message)
{
	size_t at = packet->part_bytes;

	memcpy(message, packet->bytes, at);
	while (at < packet->size_bytes) {
		int r = sys(pread(packet->fds[0], message + at,
			packet->size_bytes - at > INT32_MAX / 2 ? INT32_MAX / 2
								: packet->size_bytes - at,
			(off_t)(at - packet->part_bytes)));
		if (r == -EINTR)
			continue;
		if (r <= 0)
			return fail(r < 0 ? r : -EIO, "a message of %zu bytes ends after %zu",
				packet->size_bytes, at);
		at += (size_t)r;
	}
	return 0;
}

static int not_bytes(struct mp_connection *connection, struct packet *packet)
{
	keep(connection, packet);
	return fail(-EBADMSG, "the next message consists of descriptors");
}

ssize_t mp_connection_recv_for(
	struct mp_connection *connection, void *message, size_t size_max, int64_t timeout_ns)
{
	struct packet *packet;
	size_t n;

	int r = next_packet(connection, message, size_max, timeout_ns, &packet, &n);
	if (r > 0)
		return (ssize_t)n;
	if (r < 0)
		return trace(r);
	if (packet->kind == KIND_FDS)
		return not_bytes(connection, packet);
	n = packet->size_bytes;
	if (n > size_max) {
		keep(connection, packet);
		return fail(-EMSGSIZE, "the next message has %zu bytes, and there is room for %zu",
			n, size_max);
	}
	r = unpack(packet, message);
	packet_give(connection, packet);
	return r < 0 ? trace(r) : (ssize_t)n;
}

int mp_connection_recv_new(
	struct mp_connection *connection, int64_t timeout_ns, void **ret_message, size_t *ret_n)
{
	struct packet *packet;
	size_t n;

	/* Without a buffer, all of it is in the packet. */
	int r = next_packet(connection, NULL, 0, timeout_ns, &packet, &n);
	if (r < 0)
		return trace(r);
	if (packet->kind == KIND_FDS)
		return not_bytes(connection, packet);
	n = packet->size_bytes;
	char *message = fault_hit() ? NULL : malloc(n ? n : 1);
	if (!message) {
		keep(connection, packet);
		return fail(-ENOMEM, "no memory for a message of %zu bytes", n);
	}
	r = unpack(packet, message);
	packet_give(connection, packet);
	if (r < 0) {
		free(message);
		return trace(r);
	}
	*ret_message = message;
	*ret_n = n;
	return 0;
}

int mp_connection_poll(struct mp_connection *connection, int64_t timeout_ns)
{
	struct pollfd poll_fd = {.fd = connection->fd, .events = POLLIN};

	if (!connection->can_recv)
		return fail(-EBADF, "this end of the pipe only sends");
	if (mp_connection_peek(connection) >= 0)
		return 1;
	if (timeout_ns == 0) {
		int r = poll(&poll_fd, 1, 0);
		return r < 0 && errno != EINTR ? trace(-errno) : r > 0;
	}
	int r = connection_wait(connection->fd, POLLIN, timeout_ns, mp_deadline(timeout_ns));
	return r == -ETIMEDOUT ? 0 : r < 0 ? trace(r) : 1;
}

ssize_t mp_connection_peek(struct mp_connection *connection)
{
	if (!atomic_load_explicit(&connection->kept, memory_order_relaxed))
		return -EAGAIN;
	struct packet *packet = take_kept(connection);
	if (!packet)
		return -EAGAIN;
	ssize_t n = (ssize_t)packet->size_bytes;
	keep(connection, packet);
	return n;
}

int mp_connection_recv_fds(
	struct mp_connection *connection, int *ret_fds, unsigned max, int64_t timeout_ns)
{
	struct packet *packet;
	size_t n;

	int r = next_packet(connection, NULL, 0, timeout_ns, &packet, &n);
	if (r < 0)
		return trace(r);
	unsigned count = packet->fd_count;
	if (packet->kind != KIND_FDS || count > max) {
		bool is_fds = packet->kind == KIND_FDS;
		keep(connection, packet);
		return is_fds ? fail(-EMSGSIZE, "%u descriptors came, and there is room for %u",
					count, max)
			      : fail(-EBADMSG, "the next message has no descriptors");
	}
	memcpy(ret_fds, packet->fds, count * sizeof(int));
	packet->fd_count = 0;
	packet_give(connection, packet);
	return (int)count;
}
