#include "scenario/talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "measure/cycles.h"
#include "os/fd.h"

enum { EVENTS_MAX = 64, DESCRIPTORS_MORE = 100 };

struct talk_connection {
	int fd;
	size_t bytes, got; /* of the answer that is awaited; bytes 0: none is */
	uint64_t asked;    /* ticks */
	char expected[TALK_BYTES_MAX], answer[TALK_BYTES_MAX];
};

/* What is still to be done of a run. */
struct turn {
	uint64_t ask, hear;
	struct load *load;
};

/* ---- open and close ---- */

/* Both ends of each connection, where the server is in this process. */
static int limit_raise(struct talk *talk, bool threads)
{
	rlim_t need = talk->count * (threads ? 2 : 1) + DESCRIPTORS_MORE;
	struct rlimit limit;

	int r = sys(getrlimit(RLIMIT_NOFILE, &limit));
	if (r < 0 || limit.rlim_cur >= need)
		return trace(r);
	talk->limit_before = limit;
	limit.rlim_cur = need;
	r = sys(setrlimit(RLIMIT_NOFILE, &limit));
	if (r < 0)
		return fail(r, "%u connections need %u descriptors: %s (see 'ulimit -Hn')",
			talk->count, (unsigned)need, error_message(r));
	return 0;
}

static int listen_on_loopback(struct talk *talk)
{
	socklen_t size = sizeof(talk->address);
	struct sockaddr *address = (struct sockaddr *)&talk->address;

	talk->address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int r = talk->listening =
		sys(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (r >= 0)
		r = sys(bind(talk->listening, address, size));
	if (r >= 0)
		r = sys(listen(talk->listening, SOMAXCONN));
	if (r >= 0)
		r = sys(getsockname(talk->listening, address, &size));
	return r < 0 ? fail(r, "cannot listen on the loopback interface: %s", error_message(r)) : 0;
}

static int connect_one(const struct talk *talk, struct talk_connection *connection)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
	int no_delay = 1;

	int r = connection->fd = sys(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (r >= 0)
		r = sys(setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
	if (r >= 0)
		r = sys(setsockopt(
			connection->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay)));
	if (r >= 0)
		r = sys(connect(connection->fd, (const struct sockaddr *)&talk->address,
			sizeof(talk->address)));
	if (r >= 0)
		r = sys(epoll_ctl(talk->epoll, EPOLL_CTL_ADD, connection->fd, &event));
	return r < 0 ? fail(r, "cannot connect: %s", error_message(r)) : 0;
}

static int converse(struct talk *talk, struct turn *turn);

/* How fast a server takes new clients: from the first connect() until each has had an answer. */
static int connect_all(struct talk *talk)
{
	struct turn turn = {.ask = talk->count, .hear = talk->count};
	int64_t begin_ns = clock_ns();
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < talk->count; i++)
		r = connect_one(talk, &talk->connections[i]);
	if (r >= 0)
		r = converse(talk, &turn);
	talk->connections_per_s = talk->count / ((double)(clock_ns() - begin_ns) / 1e9);
	return trace(r);
}

int talk_open(struct talk *talk, const struct load *load, crew_work *serve, unsigned workers)
{
	*talk = (struct talk){
		.listening = -1,
		.stop = -1,
		.epoll = -1,
		.count = (unsigned)load->params[PARAM_CONNECTIONS],
	};
	talk->connections = calloc(talk->count, sizeof(*talk->connections));
	if (!talk->connections)
		return fail(-ENOMEM, "no memory for %u connections", talk->count);
	for (unsigned i = 0; i < talk->count; i++)
		talk->connections[i].fd = -1;
	int r = limit_raise(talk, load->threads);
	if (r >= 0)
		r = listen_on_loopback(talk);
	if (r >= 0)
		r = talk->stop = sys(eventfd(0, EFD_CLOEXEC));
	if (r >= 0)
		r = crew_open(&talk->crew, load);
	if (r >= 0)
		r = crew_start(&talk->crew, workers, serve, talk);
	if (r < 0)
		return trace(r);
	crew_go(&talk->crew);
	/* Only now, so that no server has inherited it. */
	r = talk->epoll = sys(epoll_create1(EPOLL_CLOEXEC));
	if (r >= 0)
		r = connect_all(talk);
	return trace(r);
}

void talk_close(void *state)
{
	struct talk *talk = state;

	for (unsigned i = 0; talk->connections && i < talk->count; i++)
		fd_close(&talk->connections[i].fd);
	if (talk->stop >= 0)
		eventfd_write(talk->stop, 1);
	/* A server that does not end by itself is found by the audit of what is left; here it has
	 * its chance. */
	if (talk->crew.board)
		crew_join(&talk->crew, NULL);
	crew_close(&talk->crew);
	fd_close(&talk->epoll);
	fd_close(&talk->stop);
	fd_close(&talk->listening);
	free(talk->connections);
	if (talk->limit_before.rlim_max > 0)
		setrlimit(RLIMIT_NOFILE, &talk->limit_before);
	*talk = (struct talk){.listening = -1, .stop = -1, .epoll = -1};
}

/* ---- the client ---- */

static int ask(struct talk *talk, struct talk_connection *connection)
{
	char request[TALK_BYTES_MAX];

	connection->bytes = (size_t)snprintf(request, sizeof(request),
		"connection %u asks whether request %" PRIu64 " is heard\n",
		(unsigned)(connection - talk->connections), talk->requests++);
	connection->got = 0;
	memcpy(connection->expected, request, connection->bytes);
	talk_capitalise(connection->expected, connection->bytes);
	connection->asked = cycles_now();
	/* Nothing else is under way, so there is room. */
	return trace(fd_write_full(connection->fd, request, connection->bytes));
}

/* 1 when the answer is complete. */
static int hear(struct talk_connection *connection)
{
	size_t room = sizeof(connection->answer) - connection->got;

	ssize_t n = recv(connection->fd, connection->answer + connection->got, room, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return fail(-EPIPE, "the server has closed a connection");
	connection->got += (size_t)n;
	if (connection->got > connection->bytes ||
		memcmp(connection->answer, connection->expected, connection->got) != 0)
		return fail(-EPROTO, "the answer '%.*s' is not '%.*s'", (int)connection->got,
			connection->answer, (int)connection->bytes, connection->expected);
	return connection->got == connection->bytes;
}

/* An answer is here: the next request of this connection goes out, if there is one left. */
static int answered(struct talk *talk, struct talk_connection *connection, struct turn *turn)
{
	if (turn->load && turn->load->hist)
		hist_record(turn->load->hist, cycles_to_ps(cycles_now() - connection->asked), 1);
	turn->hear--;
	connection->bytes = 0;
	if (turn->ask == 0)
		return 0;
	turn->ask--;
	return trace(ask(talk, connection));
}

static int converse(struct talk *talk, struct turn *turn)
{
	struct epoll_event events[EVENTS_MAX];
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < talk->count && turn->ask > 0; i++, turn->ask--)
		r = ask(talk, &talk->connections[i]);
	while (r >= 0 && turn->hear > 0) {
		int n = epoll_wait(
			talk->epoll, events, EVENTS_MAX, (int)(CREW_DEADLINE_NS / NS_PER_MS));
		if (n == 0)
			r = fail(-ETIMEDOUT, "%" PRIu64 " answers do not come", turn->hear);
		else if (n < 0 && errno != EINTR)
			r = fail(-errno, "waiting for answers");
		for (int i = 0; r >= 0 && i < n; i++) {
			struct talk_connection *connection = events[i].data.ptr;
			r = hear(connection);
			if (r > 0)
				r = answered(talk, connection, turn);
		}
	}
	/* Why a server stopped says more than that it is gone. */
	if (r < 0 && crew_error(&talk->crew) < 0)
		r = crew_error(&talk->crew);
	return trace(r);
}

int talk_run(struct load *load)
{
	struct talk *talk = load->state;
	uint64_t requests = load->iterations * talk->count;
	struct turn turn = {.ask = requests, .hear = requests, .load = load};

	load->begin_ns = clock_ns();
	int r = converse(talk, &turn);
	load->end_ns = clock_ns();
	if (r < 0)
		return trace(r);
	load_fact(load, "connections_per_s", talk->connections_per_s);
	load_fact(load, "answers", (double)requests);
	load_fact(load, "verdict_ok", 1);
	return 0;
}
