#pragma once
/*
 * The inside of pipe.h: what the sending and the receiving half of a connection share.
 *
 * A pipe is a pair of unix sockets that keep the boundaries of packets (SOCK_SEQPACKET), because
 * the kernel then sends and receives messages whole, whoever is killed meanwhile.
 *
 * A message of 1 to INLINE_MAX bytes is a packet as it is: one system call on either side. All
 * others carry descriptors, by which they are told apart, and a trailer at the end of the packet: a
 * large message has its first INLINE_MAX bytes in the packet and the rest in a memory file, whose
 * descriptor comes with it. So the socket's buffer holds back those who send large messages as it
 * does others, and not after their first half.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "mp/latch.h"
#include "mp/pipe.h"

enum { INLINE_MAX = 64 << 10, TRAILER_MAGIC = 0x6d70a55a };

enum kind {
	KIND_PLAIN,
	KIND_BYTES, /* the rest is in a memory file */
	KIND_FDS,
};

struct trailer {
	uint32_t magic, kind;
	uint64_t size_bytes; /* of the whole message */
};

enum { PACKET_MAX = INLINE_MAX + sizeof(struct trailer) };

/* A packet that was received; its bytes begin in the caller's buffer while that is in use. */
struct packet {
	struct packet *next;
	enum kind kind;
	size_t part_bytes; /* without the trailer */
	size_t size_bytes;
	unsigned fd_count;
	int fds[MP_CONNECTION_FDS_MAX];
	char bytes[PACKET_MAX];
};

struct mp_connection {
	int fd;
	bool can_send, can_recv;
	_Atomic(struct packet *) spare; /* for the next that receives */

	/* What was received but didn't fit, the oldest first. A child that inherits it drops it:
	 * its parent has it. */
	struct latch latch;
	pid_t owner;
	_Atomic(struct packet *) kept;
};

union control {
	char bytes[CMSG_SPACE(MP_CONNECTION_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

/* Accepts NULL. */
void packet_free(struct packet *packet);

/* Waits until the socket can do it: 0, -EAGAIN (timeout 0), -ETIMEDOUT. */
int connection_wait(int fd, short events, int64_t timeout_ns, int64_t deadline_ns);
