/*
 * vmsplice: the sender hands pages of its memory to a pipe by reference, the receiver reads them
 * out: one copy where a pipe makes two, and no page is allocated.
 *
 * A reference is not a copy: what the sender writes to these pages after vmsplice() has returned,
 * the receiver reads. So a caller's buffer, which is the caller's again when send() returns, cannot
 * be spliced. Messages are spliced from a ring of pages that belongs to the sending side: borrow()
 * lends the next room in it and commit() splices it (no copy at this side); send() copies into it.
 *
 * When is room in the ring free again? There is nothing to ask and nothing to wait for: vmsplice()
 * blocks while the pipe is full, and a pipe of P pages holds P references, the last ones made. The
 * writer leaves no page of the ring behind without having put a reference to it into the pipe,
 * except for up to one message where it wraps around. So when it comes to a page again, R pages
 * later, at least R - 2 messages - 2 pages of references have followed; with R = P + 2 messages
 * + 2 pages, what was there has been read. (SPLICE_F_GIFT would give the pages away for good, and
 * means nothing to a reader that copies.)
 *
 * The pipes are those of pipe_large: 1 MiB, or capacity_bytes. A short pipe makes the two sides
 * take turns, which costs a stream a third to a half of what it has here; a message takes a
 * reference for each page that it touches, however small it is. A peer's death is EOF or EPIPE, and
 * what was spliced before it is still read: the pipe holds the pages. Fails as pipe_large does.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "os/shm.h"
#include "transport/fdpair.h"

enum { LINE_BYTES = 64 };

/* The same pipes, filled in another way. */
extern const struct transport transport_pipe_large;

struct vmsplice {
	struct fdpair pair;
	struct shm ring;  /* what this side sends */
	struct shm inbox; /* for peek() */
	size_t at;        /* where the next message goes */
	size_t message_max_bytes, page_bytes;
};

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static int vmsplice_probe(struct transport_limits *limits)
{
	return transport_pipe_large.probe(limits);
}

static int vmsplice_open(void *state, const struct transport_options *options)
{
	struct vmsplice *v = state;
	int r = transport_pipe_large.open(&v->pair, options);

	v->message_max_bytes = options->message_max_bytes;
	v->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	return r < 0 ? fail(r, "vmsplice: %s", error_message(r)) : 0;
}

/* Ring and inbox are a side's own, in threads too. */
static int vmsplice_attach(void *state, unsigned side)
{
	struct vmsplice *v = state;
	size_t message = round_up(v->message_max_bytes, v->page_bytes);
	int r = fdpair_attach(&v->pair, side);

	if (r >= 0)
		r = sys(fcntl(v->pair.out, F_GETPIPE_SZ));
	if (r >= 0)
		r = shm_open_anonymous(&v->ring, (size_t)r + 2 * (message + v->page_bytes));
	if (r >= 0)
		r = shm_open_anonymous(&v->inbox, message);
	return trace(r);
}

/* Every page that a message touches takes a reference, so a message crosses no more page borders
 * than it must. */
static int vmsplice_borrow(void *state, size_t n, void **ret_message)
{
	struct vmsplice *v = state;

	assert(n > 0 && n <= v->message_max_bytes);
	if (v->at % v->page_bytes + n > v->page_bytes)
		v->at = round_up(v->at, v->page_bytes);
	if (v->at + n > v->ring.size_bytes)
		v->at = 0;
	*ret_message = (unsigned char *)v->ring.data + v->at;
	return 0;
}

static int vmsplice_commit(void *state, size_t n)
{
	struct vmsplice *v = state;
	struct iovec rest = {.iov_base = (unsigned char *)v->ring.data + v->at, .iov_len = n};

	while (rest.iov_len > 0) {
		ssize_t put = vmsplice(v->pair.out, &rest, 1, 0);
		if (put >= 0) {
			rest.iov_base = (unsigned char *)rest.iov_base + put;
			rest.iov_len -= (size_t)put;
		} else if (errno != EINTR) {
			return trace(-errno);
		}
	}
	v->at = round_up(v->at + n, LINE_BYTES);
	return 0;
}

static int vmsplice_send(void *state, const void *message, size_t n)
{
	void *room;

	vmsplice_borrow(state, n, &room);
	memcpy(room, message, n);
	return vmsplice_commit(state, n);
}

/* The receiver has no place to look at the sender's pages: it reads them to one of its own. */
static int vmsplice_peek(void *state, size_t n, const void **ret_message)
{
	struct vmsplice *v = state;
	int r = fd_read_full(v->pair.in, v->inbox.data, n);

	if (r >= 0)
		*ret_message = v->inbox.data;
	return r;
}

static int vmsplice_release(void *state, size_t n)
{
	(void)state, (void)n;
	return 0;
}

static void vmsplice_close(void *state)
{
	struct vmsplice *v = state;

	shm_close(&v->inbox);
	shm_close(&v->ring);
	fdpair_close(&v->pair);
}

const struct transport transport_vmsplice = {
	.name = "vmsplice",
	.summary = "pages spliced into a pipe by reference, read out of it",
	.capabilities =
		TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_SEES_DEATH | TRANSPORT_BORROW,
	.state_bytes = sizeof(struct vmsplice),
	.probe = vmsplice_probe,
	.open = vmsplice_open,
	.attach = vmsplice_attach,
	.send = vmsplice_send,
	.recv = fdpair_recv,
	.borrow = vmsplice_borrow,
	.commit = vmsplice_commit,
	.peek = vmsplice_peek,
	.release = vmsplice_release,
	.close = vmsplice_close,
};
