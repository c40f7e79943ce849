/*
 * pipe_token: a byte in a pipe is the lock: who has read it holds it, and writes it back. So did
 * programs (and `make -j` still does) before anything else was shared between processes. A pipe for
 * each side is its signal. Who dies inside takes the byte along.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "lock/area.h"
#include "os/fd.h"

/* Its ends; both are open in every side. */
struct ends {
	int out, in;
};

struct pipes {
	struct area area;
	struct ends lock;
	struct ends signals[LOCK_SIDES_MAX];
};

static int open_one(struct ends *ends)
{
	int fds[2];
	int r = sys(pipe2(fds, O_CLOEXEC));

	if (r < 0)
		return fail(r, "pipe2: %s (see 'ulimit -n')", error_message(r));
	*ends = (struct ends){.out = fds[0], .in = fds[1]};
	return 0;
}

static inline int take(const struct ends *ends)
{
	char token;

	return fd_read_full(ends->out, &token, 1);
}

static inline int give(const struct ends *ends)
{
	char token = 0;

	return fd_write_full(ends->in, &token, 1);
}

static int pipe_token_open(void *state, const struct lock_options *options)
{
	struct pipes *pipes = state;

	pipes->lock = (struct ends){-1, -1};
	for (unsigned i = 0; i < LOCK_SIDES_MAX; i++)
		pipes->signals[i] = (struct ends){-1, -1};
	int r = area_open(&pipes->area, options);
	if (r >= 0)
		r = open_one(&pipes->lock);
	if (r >= 0)
		r = give(&pipes->lock);
	for (unsigned i = 0; i < options->sides && r >= 0; i++)
		r = open_one(&pipes->signals[i]);
	return trace(r);
}

static int pipe_token_acquire(void *state)
{
	const struct pipes *pipes = state;

	return take(&pipes->lock);
}

static int pipe_token_release(void *state)
{
	const struct pipes *pipes = state;

	return give(&pipes->lock);
}

static int pipe_token_post(void *state, unsigned to)
{
	const struct pipes *pipes = state;

	return give(&pipes->signals[to]);
}

static int pipe_token_wait(void *state)
{
	const struct pipes *pipes = state;

	return take(&pipes->signals[pipes->area.side]);
}

static int pipe_token_add(void *state, int64_t n)
{
	return area_add(pipe_token_acquire, pipe_token_release, state, area_lock(state), n);
}

static int pipe_token_value(void *state, int64_t *ret_value)
{
	return area_value(
		pipe_token_acquire, pipe_token_release, state, area_lock(state), ret_value);
}

static void close_one(struct ends *ends)
{
	fd_close(&ends->out);
	fd_close(&ends->in);
}

static void pipe_token_close(void *state)
{
	struct pipes *pipes = state;

	if (area_owns(&pipes->area)) {
		close_one(&pipes->lock);
		for (unsigned i = 0; i < LOCK_SIDES_MAX; i++)
			close_one(&pipes->signals[i]);
	}
	area_close(state);
}

const struct lock lock_pipe_token = {
	.name = "pipe_token",
	.summary = "a byte in a pipe",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_COUNTER,
	.state_bytes = sizeof(struct pipes),
	.open = pipe_token_open,
	.attach = area_attach,
	.acquire = pipe_token_acquire,
	.release = pipe_token_release,
	.post = pipe_token_post,
	.wait = pipe_token_wait,
	.add = pipe_token_add,
	.value = pipe_token_value,
	.close = pipe_token_close,
};
