/*
 * fifo: two named pipes, one each way. Once open it is the pipe's own code, of 64 KiB, with a name
 * that is looked up when it is opened; so it should measure like `pipe`, and where it does not, the
 * measurement is to blame. Both ends are opened in open(), the reader first and without blocking,
 * so that no end is ever O_RDWR (which would hide the death of a peer), and the names are unlinked
 * at once. Writes of up to PIPE_BUF are atomic. Fails where $TMPDIR cannot be written.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "transport/fdpair.h"
#include "transport/scratch.h"

static int fifo_make(const struct scratch *scratch, unsigned name, int ret_ends[2])
{
	char path[SCRATCH_PATH_MAX];
	int r = scratch_path(scratch, name, path, sizeof(path));

	if (r < 0)
		return trace(r);
	r = sys(mkfifo(path, 0600));
	/* A reader that does not block needs no writer, and then the writer finds a reader. */
	if (r >= 0)
		r = ret_ends[0] = sys(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	if (r >= 0)
		r = ret_ends[1] = sys(open(path, O_WRONLY | O_CLOEXEC));
	if (r >= 0)
		r = sys(fcntl(ret_ends[0], F_SETFL, 0));
	return r < 0 ? fail(r, "fifo: %s: %s", path, error_message(r)) : 0;
}

static int fifo_open(void *state, const struct transport_options *options)
{
	struct fdpair *pair = state;
	_cleanup_(scratch_close) struct scratch scratch = {.directory = ""};

	fdpair_init(pair, options);
	int r = scratch_open(&scratch);
	if (r >= 0)
		r = fifo_make(&scratch, 0, pair->to_hub);
	if (r >= 0)
		r = fifo_make(&scratch, 1, pair->from_hub);
	return trace(r);
}

const struct transport transport_fifo = {
	.name = "fifo",
	.summary = "two named pipes of 64 KiB",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_MANY_SENDERS |
			TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct fdpair),
	.shared_message_max_bytes = PIPE_BUF,
	.open = fifo_open,
	.attach = fdpair_attach,
	.send = fdpair_send,
	.recv = fdpair_recv,
	.close = fdpair_close,
};
