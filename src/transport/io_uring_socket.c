/*
 * io_uring_socket: a stream socket pair, driven by io_uring instead of send(2) and recv(2). Each
 * operation is one io_uring_enter() that submits it and waits for its completion: it measures what
 * the ring itself costs a blocking program, and not what batches save one that has many operations
 * to submit.
 *
 * Each side makes its ring in attach(), because a ring that only one thread submits to
 * (SINGLE_ISSUER, DEFER_TASKRUN; where the kernel does not know them, a plain one) spares locks
 * and interrupts: attach(), send() and recv() must be one thread's. A peer's death is EOF or
 * EPIPE of the socket.
 */
#include <sys/socket.h>

#include "base/error.h"
#include "base/fault.h"
#include "transport/fdpair.h"
#include "transport/socket.h"
#include "transport/uring.h"

/* One operation at a time. */
enum { ENTRIES = 4 };

struct io_uring_socket {
	struct fdpair pair;
	struct uring uring;
};

static int io_uring_socket_probe(struct transport_limits *limits)
{
	return uring_probe(limits, URING_SEND_RECV);
}

static int make(struct fdpair *pair)
{
	int ends[2];
	int r = sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));

	if (r < 0)
		return fail(r, "io_uring_socket: %s (see 'ulimit -n')", error_message(r));
	fdpair_set_duplex(pair, ends);
	return 0;
}

static int io_uring_socket_open(void *state, const struct transport_options *options)
{
	struct io_uring_socket *s = state;

	return trace(socket_stream_open(&s->pair, options, make));
}

static int io_uring_socket_attach(void *state, unsigned side)
{
	struct io_uring_socket *s = state;
	int r = fdpair_attach(&s->pair, side);

	if (r >= 0)
		r = uring_open(&s->uring, ENTRIES, true);
	return trace(r);
}

static int io_uring_socket_send(void *state, const void *message, size_t n)
{
	struct io_uring_socket *s = state;

	return uring_send(&s->uring, s->pair.out, message, n);
}

static int io_uring_socket_recv(void *state, void *message, size_t n)
{
	struct io_uring_socket *s = state;

	return uring_recv(&s->uring, s->pair.in, message, n);
}

static void io_uring_socket_close(void *state)
{
	struct io_uring_socket *s = state;

	uring_close(&s->uring);
	fdpair_close(&s->pair);
}

const struct transport transport_io_uring_socket = {
	.name = "io_uring_socket",
	.summary = "a stream socket pair driven by io_uring",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct io_uring_socket),
	.probe = io_uring_socket_probe,
	.open = io_uring_socket_open,
	.attach = io_uring_socket_attach,
	.send = io_uring_socket_send,
	.recv = io_uring_socket_recv,
	.close = io_uring_socket_close,
};
