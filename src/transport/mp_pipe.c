/*
 * mp_pipe: libmp's pipe (mp/pipe.h), duplex: packets of a unix socket; of a message over 64 KiB the
 * rest is in a memory file that comes with it. Any number of processes may share an end. The death
 * of the peer is the end of the connection, as each process closes the end that it does not use.
 */
#include "mp/pipe.h"

#include <errno.h>

#include "base/error.h"
#include "transport/fdpair.h"
#include "transport/socket.h"

/* What a packet of libmp's takes at most, and its trailer and the kernel's part. */
enum { PACKET_BYTES = (64 << 10) + 64 };

struct pipe_pair {
	struct mp_connection *ends[2]; /* the hub's, the senders' */
	struct mp_connection *mine;
	unsigned receivers;
	bool threads, attached;
};

static int mp_pipe_open(void *state, const struct transport_options *options)
{
	struct pipe_pair *pair = state;
	struct fdpair fds;

	pair->threads = options->threads;
	pair->receivers = options->receivers;
	int r = mp_pipe(true, &pair->ends[0], &pair->ends[1]);
	if (r < 0)
		return fail(r, "mp_pipe: %s", mp_strerror(r));
	fdpair_init(&fds, options);
	fdpair_set_duplex(
		&fds, (int[]){mp_connection_fd(pair->ends[0]), mp_connection_fd(pair->ends[1])});
	return trace(socket_set_capacity(&fds, options, PACKET_BYTES));
}

static int mp_pipe_attach(void *state, unsigned side)
{
	struct pipe_pair *pair = state;
	unsigned end = transport_is_hub(side, pair->receivers) ? 0 : 1;

	pair->attached = true;
	pair->mine = pair->ends[end];
	if (!pair->threads) {
		mp_connection_close(pair->ends[1 - end]);
		pair->ends[1 - end] = NULL;
	}
	return 0;
}

static int mp_pipe_send(void *state, const void *message, size_t n)
{
	return mp_connection_send(((struct pipe_pair *)state)->mine, message, n);
}

static int mp_pipe_recv(void *state, void *message, size_t n)
{
	ssize_t got = mp_connection_recv(((struct pipe_pair *)state)->mine, message, n);

	if (got < 0)
		return trace((int)got);
	return got == (ssize_t)n
		       ? 0
		       : fail(-EMSGSIZE, "mp_pipe: a message of %zd bytes, not of %zu", got, n);
}

static void mp_pipe_close(void *state)
{
	struct pipe_pair *pair = state;

	for (unsigned i = 0; i < 2; i++) {
		/* A thread's copy owns nothing: the opener closes. */
		if (!(pair->threads && pair->attached))
			mp_connection_close(pair->ends[i]);
		pair->ends[i] = NULL;
	}
}

const struct transport transport_mp_pipe = {
	.name = "mp_pipe",
	.summary = "libmp's pipe: messages of any size over a unix socket",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct pipe_pair),
	.open = mp_pipe_open,
	.attach = mp_pipe_attach,
	.send = mp_pipe_send,
	.recv = mp_pipe_recv,
	.close = mp_pipe_close,
};
