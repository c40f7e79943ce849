/*
 * udp: two UDP sockets on 127.0.0.1, connected to each other, so that neither accepts a datagram of
 * anybody else. One message is one datagram of at most 65507 bytes, 8 of which say who sent it and
 * its number.
 *
 * UDP drops what does not fit into the receiver's buffer, and a stream of small messages would soon
 * overrun it. So a sender has a window: it may be as many messages ahead of the receiver as the
 * buffer holds for sure. Each side counts what it sent and what it received in shared memory. The
 * timed path costs a store on either side; only a sender whose window is full sleeps on the
 * receiver's count, and the receiver wakes it once per half window.
 *
 * What is lost all the same (the kernel may drop for lack of memory, net.ipv4.udp_mem, or by a
 * firewall's rule) is -EIO, "N datagrams lost", and never counted as received: a gap in the numbers
 * says it at once; and a receiver that waits wakes every PEER_SLICE_MS, and finds that more was
 * sent than came. On loopback a datagram is in the queue when send() returns, so one slice of
 * silence after that is proof. The same slices find a dead peer.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "os/futex.h"
#include "os/shm.h"
#include "transport/fdpair.h"
#include "transport/peer.h"
#include "transport/socket.h"

enum {
	UDP_DATAGRAM_MAX = 65507, /* 65535 less the headers of IP and UDP */
	/* Of the receiver, unless a capacity is asked for: about 900 messages of 64 bytes. */
	UDP_BUFFER_BYTES = 2 << 20,
	/* 32 senders of this size have a window each in the smallest usual buffer (rmem_max of
	 * 208 KiB). */
	UDP_SHARED_MAX = 2048,
};

/* In front of every message. */
struct label {
	uint32_t lane, number;
};

/* What one sender and its receiver tell each other: side N's lane goes to the hub, lane 0 from it
 * to side 1. Each counter has one writer; `sent` is released by the sender after its send(), and
 * acquired by a receiver that asks what it owes. */
struct lane {
	_Alignas(64) _Atomic uint32_t sent;
	_Alignas(64) _Atomic uint32_t received; /* a futex word for the sender */
};

struct udp {
	struct fdpair pair;
	struct peer peer;
	struct shm lanes;
	unsigned side, sides;
	uint32_t window; /* messages that one sender may be ahead */
	uint32_t sent;   /* by this side */
	uint32_t acknowledged;
	uint64_t full_windows;
};

static struct lane *lane_of(const struct udp *udp, unsigned lane)
{
	return (struct lane *)udp->lanes.data + lane;
}

/* What the kernel charges the receiver for a message, at most: it rounds up to a power of two, and
 * counts its own structures (measured: 832 for 1 byte, 16640 for 8200, 66339 for 65507). */
static size_t charge(size_t message_bytes)
{
	return 2 * (message_bytes + sizeof(struct label)) + 2048;
}

static int udp_probe(struct transport_limits *limits)
{
	limits->message_max_bytes = UDP_DATAGRAM_MAX - sizeof(struct label);
	snprintf(limits->reason, sizeof(limits->reason),
		"a UDP datagram has at most %d bytes, and %zu of them number it", UDP_DATAGRAM_MAX,
		sizeof(struct label));
	return socket_probe_loopback(SOCK_DGRAM, limits);
}

/* A bound socket, its address, and the bytes it may hold. */
static int endpoint(
	const struct transport_options *options, int *ret_fd, struct sockaddr_in *ret_address)
{
	struct timeval slice = {.tv_usec = PEER_SLICE_MS * 1000};
	socklen_t size = sizeof(*ret_address);

	*ret_address = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int r = *ret_fd = sys(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	if (r >= 0)
		r = sys(bind(*ret_fd, (struct sockaddr *)ret_address, size));
	if (r >= 0)
		r = sys(getsockname(*ret_fd, (struct sockaddr *)ret_address, &size));
	if (r >= 0)
		r = sys(setsockopt(*ret_fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof(slice)));
	if (r < 0)
		return fail(r, "udp: a socket on 127.0.0.1: %s", error_message(r));
	return trace(socket_set_buffer(*ret_fd, SO_RCVBUF,
		options->capacity_bytes ? options->capacity_bytes : UDP_BUFFER_BYTES));
}

/* The kernel gives back the room of what was received in batches of up to a quarter of the buffer:
 * the windows share half of it. */
static int set_window(struct udp *udp, const struct transport_options *options, int buffer_bytes)
{
	size_t one = charge(options->message_max_bytes);
	size_t senders = options->sides - 1, window = (size_t)buffer_bytes / 2 / senders / one;

	/* An empty buffer takes a datagram of any size. */
	if (window == 0 && senders == 1)
		window = 1;
	if (window == 0)
		return fail(-EMSGSIZE,
			"udp: a receive buffer of %d bytes has no room for %zu senders; sysctl -w "
			"net.core.rmem_max=%zu",
			buffer_bytes, senders, senders * one);
	udp->window = (uint32_t)window;
	return 0;
}

static int udp_open(void *state, const struct transport_options *options)
{
	struct udp *udp = state;
	struct sockaddr_in addresses[2];
	int ends[2] = {-1, -1}, bytes[2] = {0, 0}, r = 0;

	fdpair_init(&udp->pair, options);
	udp->sides = options->sides;
	for (unsigned i = 0; i < 2 && r >= 0; i++)
		r = bytes[i] = endpoint(options, &ends[i], &addresses[i]);
	fdpair_set_duplex(&udp->pair, ends);
	for (unsigned i = 0; i < 2 && r >= 0; i++) {
		r = sys(connect(
			ends[i], (struct sockaddr *)&addresses[1 - i], sizeof(addresses[0])));
		if (r < 0)
			fail(r, "udp: connect: %s", error_message(r));
	}
	if (r >= 0)
		r = set_window(udp, options, bytes[0] < bytes[1] ? bytes[0] : bytes[1]);
	if (r >= 0)
		r = shm_open_anonymous(&udp->lanes, options->sides * sizeof(struct lane));
	if (r >= 0)
		r = peer_open(&udp->peer, options);
	return trace(r);
}

static int udp_attach(void *state, unsigned side)
{
	struct udp *udp = state;

	udp->side = side;
	if (udp->pair.threads)
		shm_borrow(&udp->lanes);
	int r = fdpair_attach(&udp->pair, side);
	return r < 0 ? trace(r) : trace(peer_attach(&udp->peer, side, udp->pair.threads));
}

/* Until the receiver is less than a window behind. */
static int wait_for_window(struct udp *udp, struct lane *lane)
{
	for (;;) {
		udp->acknowledged = atomic_load_explicit(&lane->received, memory_order_relaxed);
		if (udp->sent - udp->acknowledged < udp->window)
			return 0;
		udp->full_windows++;
		int r = futex_wait(&lane->received, udp->acknowledged, peer_slice_end());
		if (r == -ETIMEDOUT && peer_is_gone(&udp->peer))
			return trace(-EPIPE);
		if (r < 0 && r != -ETIMEDOUT && r != -EINTR)
			return trace(r);
	}
}

static int udp_send(void *state, const void *message, size_t n)
{
	struct udp *udp = state;
	struct lane *lane = lane_of(udp, udp->side);
	struct label label = {.lane = udp->side, .number = udp->sent};
	struct iovec parts[2] = {{&label, sizeof(label)}, {(void *)message, n}};
	struct msghdr header = {.msg_iov = parts, .msg_iovlen = 2};

	if (udp->sent - udp->acknowledged >= udp->window) {
		int r = wait_for_window(udp, lane);
		if (r < 0)
			return r;
	}
	while (sendmsg(udp->pair.out, &header, MSG_NOSIGNAL) < 0) {
		if (errno == ECONNREFUSED)
			return trace(-EPIPE);
		if (errno != EINTR)
			return trace(-errno);
	}
	atomic_store_explicit(&lane->sent, ++udp->sent, memory_order_release);
	return 0;
}

/* How many messages were sent to this side that it has not received. */
static uint32_t outstanding(const struct udp *udp)
{
	unsigned first = udp->side == 0 ? 1 : 0, end = udp->side == 0 ? udp->sides : 1;
	uint32_t sum = 0;

	for (unsigned i = first; i < end; i++) {
		struct lane *lane = lane_of(udp, i);
		uint32_t sent = atomic_load_explicit(&lane->sent, memory_order_acquire);
		int32_t more = (int32_t)(sent - atomic_load(&lane->received));
		if (more > 0)
			sum += (uint32_t)more;
	}
	return sum;
}

static int lost(uint32_t count)
{
	return fail(-EIO,
		"udp: %u datagrams lost (see RcvbufErrors in 'nstat -az', net.ipv4.udp_mem, and "
		"the firewall)",
		count);
}

/* A datagram has come: is it the one? */
static int take(struct udp *udp, struct label label, ssize_t got, size_t n)
{
	struct lane *lane;
	uint32_t expected;

	if (got < (ssize_t)sizeof(label) || label.lane >= udp->sides)
		return fail(-EBADMSG, "udp: a datagram that nobody here has sent");
	lane = lane_of(udp, label.lane);
	expected = atomic_load_explicit(&lane->received, memory_order_relaxed);
	if (label.number != expected)
		return lost(label.number - expected);
	atomic_store_explicit(&lane->received, expected + 1, memory_order_relaxed);
	if ((expected + 1) % (udp->window / 2 + 1) == 0)
		futex_wake(&lane->received, 1);
	if (got != (ssize_t)(n + sizeof(label)))
		return fail(-EMSGSIZE, "a message of %zd bytes came where %zu were expected",
			got - (ssize_t)sizeof(label), n);
	return 0;
}

static int udp_recv(void *state, void *message, size_t n)
{
	struct udp *udp = state;
	struct label label;
	struct iovec parts[2] = {{&label, sizeof(label)}, {message, n}};
	struct msghdr header = {.msg_iov = parts, .msg_iovlen = 2};
	uint32_t owed = 0;
	bool gone = false;

	for (;;) {
		/* All that was counted has come: there is at most one that was not. */
		bool last_look = gone && owed == 0;
		ssize_t got =
			recvmsg(udp->pair.in, &header, MSG_TRUNC | (last_look ? MSG_DONTWAIT : 0));
		if (got >= 0)
			return take(udp, label, got, n);
		if (errno == EAGAIN) {
			if (owed > 0)
				return lost(owed);
			if (last_look)
				return trace(-EPIPE);
			/* In this order: what a peer sent before it went is owed. */
			gone = peer_is_gone(&udp->peer);
			owed = outstanding(udp);
		} else if (errno != EINTR && errno != ECONNREFUSED) {
			/* Refused is what we sent; there may still be something to receive. */
			return trace(-errno);
		}
	}
}

static void udp_facts(const void *state, void (*put)(void *, const char *, double), void *context)
{
	const struct udp *udp = state;

	put(context, "window_messages", udp->window);
	put(context, "waits_for_window", (double)udp->full_windows);
}

static void udp_close(void *state)
{
	struct udp *udp = state;

	fdpair_close(&udp->pair);
	peer_close(&udp->peer);
	shm_close(&udp->lanes);
}

const struct transport transport_udp = {
	.name = "udp",
	.summary = "UDP over the loopback interface, with a window",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_SEES_DEATH | TRANSPORT_LOSSY,
	.state_bytes = sizeof(struct udp),
	.shared_message_max_bytes = UDP_SHARED_MAX,
	.probe = udp_probe,
	.open = udp_open,
	.attach = udp_attach,
	.send = udp_send,
	.recv = udp_recv,
	.facts = udp_facts,
	.close = udp_close,
};
