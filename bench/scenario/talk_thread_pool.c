/*
 * A pool of threads (mp_pool): the listener waits with one epoll for whoever says something, and
 * hands that connection to the pool as a task: read, answer, and have it waited for again. A
 * connection is one worker's at a time, because epoll reports it once (EPOLLONESHOT).
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fault.h"
#include "mp/pool.h"
#include "os/fd.h"
#include "scenario/talk.h"

enum { EVENTS_MAX = 64 };

struct listener {
	struct talk *talk;
	struct mp_pool *pool;
	int epoll;
	_Atomic unsigned open; /* connections */
	bool is_to_stop;
};

/* A task. */
struct said {
	struct listener *listener;
	int fd;
};

static int watch(const struct listener *listener, int operation, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return trace(sys(epoll_ctl(listener->epoll, operation, fd, &event)));
}

static int answer(const void *item, void *result)
{
	const struct said *said = item;
	int fd = said->fd;

	(void)result;
	if (talk_answer(fd) != 0)
		return watch(said->listener, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT);
	fd_close(&fd);
	/* The last one to go may be what the listener waits for: it looks at every tick. */
	atomic_fetch_sub(&said->listener->open, 1);
	return 0;
}

static int take_client(struct listener *listener)
{
	int fd = accept4(listener->talk->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return 0;
	if (fd < 0)
		return fail(-errno, "accept: %m (see 'ulimit -n')");
	atomic_fetch_add(&listener->open, 1);
	int r = watch(listener, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT);
	if (r < 0)
		fd_close(&fd);
	return r;
}

static int handle(struct listener *listener, int fd)
{
	const struct said said = {listener, fd};

	if (fd == listener->talk->listening)
		return trace(take_client(listener));
	if (fd == listener->talk->stop) {
		listener->is_to_stop = true;
		return trace(watch(listener, EPOLL_CTL_DEL, fd, 0));
	}
	int r = mp_pool_submit(listener->pool, answer, &said, sizeof(said), NULL);
	return r < 0 ? fail(r, "a task for the pool: %s", mp_strerror(r)) : 0;
}

static int listen_to_all(struct listener *listener)
{
	struct epoll_event events[EVENTS_MAX];
	enum { TICK_MS = 10 };

	int r = watch(listener, EPOLL_CTL_ADD, listener->talk->listening, EPOLLIN);
	if (r >= 0)
		r = watch(listener, EPOLL_CTL_ADD, listener->talk->stop, EPOLLIN);
	while (r >= 0 && (!listener->is_to_stop || atomic_load(&listener->open) > 0)) {
		int n = epoll_wait(
			listener->epoll, events, EVENTS_MAX, listener->is_to_stop ? TICK_MS : -1);
		if (n < 0 && errno != EINTR)
			r = fail(-errno, "waiting for clients");
		for (int i = 0; r >= 0 && i < n; i++)
			r = handle(listener, events[i].data.fd);
	}
	/* An error of a task: one that could not be waited for again. */
	int done = mp_pool_wait(listener->pool, CREW_DEADLINE_NS);
	if (r >= 0 && done < 0)
		r = fail(done, "the pool: %s", mp_strerror(done));
	return trace(r);
}

static int serve(void *context, unsigned index)
{
	struct listener listener = {.talk = context};
	const struct crew *crew = &listener.talk->crew;
	int cpus[TALK_POOL_WORKERS];
	const struct mp_pool_options options = {
		.kind = MP_POOL_THREADS,
		.workers = TALK_POOL_WORKERS,
		.binding = MP_POOL_BIND_CPUS,
		.cpus = cpus,
	};

	(void)index;
	/* Seat 0 is the client's. */
	for (unsigned i = 0; i < TALK_POOL_WORKERS; i++)
		cpus[i] = crew->cpu_count > 1 ? crew->cpus[1 + i % (crew->cpu_count - 1)] : -1;
	listener.epoll = sys(epoll_create1(EPOLL_CLOEXEC));
	if (listener.epoll < 0)
		return trace(listener.epoll);
	listener.pool = mp_pool_new(&options);
	int r = listener.pool ? listen_to_all(&listener)
			      : fail(-errno, "a pool of threads: %s", mp_strerror(-errno));
	mp_pool_free(listener.pool);
	fd_close(&listener.epoll);
	return trace(r);
}

static int server_open(void *state, const struct load *load)
{
	return talk_open(state, load, serve, 1);
}

const struct scenario scenario_talk_thread_pool = {
	.name = "thread_pool",
	.summary = "a server that hands what is said to a pool of 4 threads (mp_pool)",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TALK,
	.state_bytes = sizeof(struct talk),
	.open = server_open,
	.run = talk_run,
	.close = talk_close,
};
