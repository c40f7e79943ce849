/*
 * One process, or one thread, serves all through io_uring: each connection has one operation under
 * way, a receive or the send of its answer, and each wait submits what the last round has prepared.
 * Needs liburing when it is built, and a kernel that lets programs use it.
 */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "scenario/talk.h"

#ifdef HAVE_LIBURING
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "os/fd.h"

enum { ENTRIES = 256, COMPLETIONS = 4096, PROBE_ENTRIES = 4 };

/* What a completion is of: a connection's receive or send, by its number, or one of these. */
enum operation { OPERATION_RECV, OPERATION_SEND, OPERATION_ACCEPT, OPERATION_STOP };

struct client {
	int fd; /* -1: free */
	char text[TALK_BYTES_MAX];
};

struct server {
	struct talk *talk;
	struct io_uring ring;
	struct client *clients; /* talk->count */
	unsigned open;
	bool is_to_stop;
};

static struct io_uring_sqe *prepare(struct server *server)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&server->ring)))
		io_uring_submit(&server->ring);
	return sqe;
}

static void mark(struct io_uring_sqe *sqe, enum operation operation, size_t client)
{
	io_uring_sqe_set_data64(sqe, (uint64_t)client << 2 | operation);
}

static void start_accept(struct server *server)
{
	struct io_uring_sqe *sqe = prepare(server);

	io_uring_prep_accept(sqe, server->talk->listening, NULL, NULL, SOCK_CLOEXEC);
	mark(sqe, OPERATION_ACCEPT, 0);
}

static void start_recv(struct server *server, size_t i)
{
	struct client *client = &server->clients[i];
	struct io_uring_sqe *sqe = prepare(server);

	io_uring_prep_recv(sqe, client->fd, client->text, sizeof(client->text), 0);
	mark(sqe, OPERATION_RECV, i);
}

static void start_send(struct server *server, size_t i, size_t n)
{
	struct client *client = &server->clients[i];
	struct io_uring_sqe *sqe = prepare(server);

	talk_capitalise(client->text, n);
	io_uring_prep_send(sqe, client->fd, client->text, n, MSG_NOSIGNAL);
	mark(sqe, OPERATION_SEND, i);
}

static void start_stop(struct server *server)
{
	struct io_uring_sqe *sqe = prepare(server);

	io_uring_prep_poll_add(sqe, server->talk->stop, POLLIN);
	mark(sqe, OPERATION_STOP, 0);
}

static int take_client(struct server *server, int fd)
{
	size_t i = 0;

	if (fd < 0 && fd != -EAGAIN && fd != -EINTR && fd != -ECONNABORTED)
		return fail(fd, "accept: %s (see 'ulimit -n')", strerror(-fd));
	if (fd >= 0) {
		while (i < server->talk->count && server->clients[i].fd >= 0)
			i++;
		if (i == server->talk->count) {
			close(fd);
			return fail(-EUSERS, "more clients than were expected");
		}
		server->clients[i].fd = fd;
		server->open++;
		start_recv(server, i);
	}
	start_accept(server);
	return 0;
}

/* `result` is what the operation would have returned. */
static int handle(struct server *server, uint64_t data, int result)
{
	size_t i = (size_t)(data >> 2);

	switch ((enum operation)(data & 3)) {
	case OPERATION_ACCEPT:
		return trace(take_client(server, result));
	case OPERATION_STOP:
		server->is_to_stop = true;
		return 0;
	case OPERATION_RECV:
	case OPERATION_SEND:
		if (result == -EAGAIN || result == -EINTR)
			start_recv(server, i);
		else if (result <= 0) {
			fd_close(&server->clients[i].fd);
			server->open--;
		} else if ((data & 3) == OPERATION_RECV)
			start_send(server, i, (size_t)result);
		else
			start_recv(server, i);
		return 0;
	}
	return 0;
}

static int serve_all(struct server *server)
{
	int r = 0;

	start_accept(server);
	start_stop(server);
	while (r >= 0 && (!server->is_to_stop || server->open > 0)) {
		struct io_uring_cqe *cqe;
		unsigned head, count = 0;
		r = io_uring_submit_and_wait(&server->ring, 1);
		if (r < 0 && r != -EINTR)
			return fail(r, "waiting for clients: %s", strerror(-r));
		r = 0;
		io_uring_for_each_cqe(&server->ring, head, cqe)
		{
			/* All of them are seen, also after an error. */
			int handled = handle(server, cqe->user_data, cqe->res);
			r = r < 0 ? r : handled;
			count++;
		}
		io_uring_cq_advance(&server->ring, count);
	}
	return trace(r);
}

/* One that only this thread uses, which saves the kernel work, where the kernel knows that. */
static int ring_open(struct io_uring *ring)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN,
		.cq_entries = COMPLETIONS,
	};

	int r = io_uring_queue_init_params(ENTRIES, ring, &params);
	if (r != -EINVAL)
		return r;
	params = (struct io_uring_params){.flags = IORING_SETUP_CQSIZE, .cq_entries = COMPLETIONS};
	return io_uring_queue_init_params(ENTRIES, ring, &params);
}

static int serve(void *context, unsigned index)
{
	struct server server = {.talk = context};
	unsigned count = server.talk->count;
	_cleanup_(freep) struct client *clients = calloc(count, sizeof(*clients));

	(void)index;
	if (!clients)
		return fail(-ENOMEM, "no memory for %u clients", count);
	server.clients = clients;
	for (unsigned i = 0; i < count; i++)
		clients[i].fd = -1;
	int r = ring_open(&server.ring);
	if (r < 0)
		return fail(r, "cannot make a ring: %s", strerror(-r));
	r = serve_all(&server);
	io_uring_queue_exit(&server.ring);
	for (unsigned i = 0; i < count; i++)
		fd_close(&clients[i].fd);
	return trace(r);
}

static int probe(char reason[SUBJECT_REASON_MAX])
{
	struct io_uring ring;

	int r = io_uring_queue_init(PROBE_ENTRIES, &ring, 0);
	if (r < 0) {
		snprintf(reason, SUBJECT_REASON_MAX,
			"cannot make a ring: %s (see /proc/sys/kernel/io_uring_disabled)",
			strerror(-r));
		return -EOPNOTSUPP;
	}
	io_uring_queue_exit(&ring);
	return 0;
}

#else

static int serve(void *context, unsigned index)
{
	(void)context, (void)index;
	return fail(-EOPNOTSUPP, "built without liburing");
}

static int probe(char reason[SUBJECT_REASON_MAX])
{
	snprintf(reason, SUBJECT_REASON_MAX,
		"built without liburing: install liburing-dev and configure again");
	return -EOPNOTSUPP;
}

#endif

static int server_open(void *state, const struct load *load)
{
	return talk_open(state, load, serve, 1);
}

const struct scenario scenario_talk_io_uring = {
	.name = "io_uring",
	.summary = "one server with one io_uring for all connections",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TALK,
	.state_bytes = sizeof(struct talk),
	.probe = probe,
	.open = server_open,
	.run = talk_run,
	.close = talk_close,
};
