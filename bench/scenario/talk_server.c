/* What the talk servers share. */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "scenario/talk.h"

enum { EVENTS_MAX = 64 };

void talk_capitalise(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] = (char)(text[i] - 'a' + 'A');
}

int talk_accept(struct talk *talk, int *ret_fd)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = talk->listening, .events = POLLIN},
			{.fd = talk->stop, .events = POLLIN},
		};
		int fd = accept4(talk->listening, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			*ret_fd = fd;
			return 1;
		}
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return fail(-errno, "accept: %m (see 'ulimit -n')");
		if (poll(fds, 2, -1) > 0 && !fds[0].revents && fds[1].revents)
			return 0;
	}
}

int talk_answer(int fd)
{
	char text[TALK_BYTES_MAX];

	ssize_t n = recv(fd, text, sizeof(text), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n <= 0)
		return 0;
	talk_capitalise(text, (size_t)n);
	/* A client has one request under way, so there is room, and one that has gone takes
	 * nothing. */
	return send(fd, text, (size_t)n, MSG_NOSIGNAL) == n ? (int)n : 0;
}

void talk_serve_one(int fd)
{
	int r;

	while ((r = talk_answer(fd)) > 0 || r == -EAGAIN)
		;
	fd_close(&fd);
}

/* ---- one epoll for all ---- */

struct loop {
	struct talk *talk;
	int epoll;
	unsigned open; /* connections */
	bool is_to_stop;
};

static int watch(const struct loop *loop, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return trace(sys(epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event)));
}

/* One at a time: where several workers listen, each is to get some. */
static int take_client(struct loop *loop)
{
	int fd = accept4(loop->talk->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return 0;
	if (fd < 0)
		return fail(-errno, "accept: %m (see 'ulimit -n')");
	int r = watch(loop, fd, EPOLLIN);
	if (r < 0)
		fd_close(&fd);
	else
		loop->open++;
	return r;
}

static int handle(struct loop *loop, int fd)
{
	if (fd == loop->talk->listening)
		return trace(take_client(loop));
	if (fd == loop->talk->stop) {
		/* It stays readable. */
		loop->is_to_stop = true;
		return trace(sys(epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL)));
	}
	if (talk_answer(fd) == 0) {
		fd_close(&fd);
		loop->open--;
	}
	return 0;
}

int talk_loop(void *context, unsigned index)
{
	struct loop loop = {.talk = context, .epoll = -1};
	struct epoll_event events[EVENTS_MAX];

	(void)index;
	int r = loop.epoll = sys(epoll_create1(EPOLL_CLOEXEC));
	/* Of several workers not all are to wake for one client. */
	if (r >= 0)
		r = watch(&loop, loop.talk->listening, EPOLLIN | EPOLLEXCLUSIVE);
	if (r >= 0)
		r = watch(&loop, loop.talk->stop, EPOLLIN);
	while (r >= 0 && (!loop.is_to_stop || loop.open > 0)) {
		int n = epoll_wait(loop.epoll, events, EVENTS_MAX, -1);
		if (n < 0 && errno != EINTR)
			r = fail(-errno, "waiting for clients");
		for (int i = 0; r >= 0 && i < n; i++)
			r = handle(&loop, events[i].data.fd);
	}
	fd_close(&loop.epoll);
	return trace(r);
}
