#include "workload/fetch_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

/* More than any pool has workers; a power of two. */
enum { WAITING_MAX = 4096, EVENTS_MAX = 64 };

/* Answers wait in the order in which their requests came: the delay is the same for all. */
struct waiting {
	int fd;
	int64_t due_ns;
	uint64_t request;
};

struct server {
	int listening, epoll, timer;
	unsigned first, count;
	struct waiting waiting[WAITING_MAX];
};

static int watch(struct server *server, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return sys(epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event));
}

static void arm(const struct server *server)
{
	struct itimerspec when = {0};

	if (server->count > 0)
		when.it_value = timespec_of(server->waiting[server->first].due_ns);
	timerfd_settime(server->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* All that are waiting: connections come faster than events of epoll say. */
static void accept_all(struct server *server)
{
	int fd;

	while ((fd = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		if (watch(server, fd) < 0)
			close(fd);
}

/* Whoever gets this descriptor next must not get its answer. */
static void drop(struct server *server, int fd)
{
	for (unsigned i = 0; i < server->count; i++) {
		struct waiting *waiting = &server->waiting[(server->first + i) % WAITING_MAX];
		if (waiting->fd == fd)
			waiting->fd = -1;
	}
	close(fd);
}

/* A request, or the end of a connection. */
static void take(struct server *server, int fd)
{
	struct waiting *last;
	uint64_t request;

	/* Eight bytes in one segment: they come whole or not at all. */
	ssize_t got = read(fd, &request, sizeof(request));
	if (got < 0 && errno == EAGAIN)
		return;
	if (got != sizeof(request) || server->count == WAITING_MAX) {
		drop(server, fd);
		return;
	}
	last = &server->waiting[(server->first + server->count++) % WAITING_MAX];
	*last = (struct waiting){fd, clock_ns() + FETCH_DELAY_MS * NS_PER_MS, request};
	if (server->count == 1)
		arm(server);
}

static void answer(struct server *server)
{
	int64_t now = clock_ns();
	uint64_t expirations;

	if (read(server->timer, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return;
	while (server->count > 0 && server->waiting[server->first].due_ns <= now) {
		const struct waiting *first = &server->waiting[server->first];
		/* Who has gone away meanwhile is found by the next read. */
		if (first->fd >= 0)
			send(first->fd, &first->request, sizeof(first->request), MSG_NOSIGNAL);
		server->first = (server->first + 1) % WAITING_MAX;
		server->count--;
	}
	arm(server);
}

static int serve(void *argument)
{
	static struct server server;
	struct epoll_event events[EVENTS_MAX];
	cpu_set_t all;

	/* The caller is bound to its CPU; the server is to be in nobody's way. The kernel takes the
	 * CPUs that are allowed. */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	server.listening = *(const int *)argument;
	server.epoll = epoll_create1(EPOLL_CLOEXEC);
	server.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (server.epoll < 0 || server.timer < 0 || watch(&server, server.listening) < 0 ||
		watch(&server, server.timer) < 0)
		return -1;
	for (;;) {
		int n = epoll_wait(server.epoll, events, EVENTS_MAX, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == server.listening)
				accept_all(&server);
			else if (events[i].data.fd == server.timer)
				answer(&server);
			else
				take(&server, events[i].data.fd);
		}
	}
	return 0;
}

int fetch_server_start(struct fetch_server *server)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	_cleanup_(fd_close) int fd =
		sys(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	int r = fd;

	if (r >= 0)
		r = sys(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	if (r >= 0)
		r = sys(listen(fd, SOMAXCONN));
	if (r >= 0)
		r = sys(getsockname(fd, (struct sockaddr *)&address, &size));
	if (r < 0)
		return fail(r, "cannot listen on the loopback interface: %s", error_message(r));
	server->port = ntohs(address.sin_port);
	/* It listens already: the process only has to answer. */
	return trace(proc_start(&server->proc, serve, &fd));
}

void fetch_server_stop(struct fetch_server *server)
{
	proc_kill(&server->proc);
}
