#pragma once
/*
 * A ring of io_uring, as the io_uring mechanisms need it. This is their only place that knows
 * liburing; built without it, uring_probe() says so and the rest fails with -EOPNOTSUPP.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/transport.h"

struct io_uring;

struct uring {
	struct io_uring *ring; /* NULL: empty */
};

/* Whether this kernel lets us make a ring and knows the operation (of enum uring_operation). */
enum uring_operation { URING_SEND_RECV, URING_MESSAGE };
int uring_probe(struct transport_limits *limits, enum uring_operation operation);

/* Makes a ring. If is_own, only the calling thread will ever submit to it, which lets the kernel
 * leave out locks and run completions in the waiter, where it can. */
int uring_open(struct uring *uring, unsigned entries, bool is_own);

/* Moves exactly n bytes through a stream socket. -EPIPE when the other end is gone. */
int uring_send(struct uring *uring, int fd, const void *buffer, size_t n);
int uring_recv(struct uring *uring, int fd, void *buffer, size_t n);

/* Posts a value, which is not UINT64_MAX, to another ring. Its completions of values must not
 * overflow: at most 2 * entries may be waiting there. */
int uring_post(struct uring *uring, const struct uring *to, uint64_t value);

/* Takes a value that was posted to this ring; sleeps for at most timeout_ms, 0 only looks.
 * -ETIMEDOUT and -EINTR without a trace. */
int uring_take(struct uring *uring, int timeout_ms, uint64_t *ret_value);

/* In a process that inherited it too; accepts the empty one; keeps errno. */
void uring_close(struct uring *uring);
