#include "os/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

enum {
	RETRY_MS = 20,
	/* The keeper ends within microseconds of the last holder; this is for a loaded machine, and
	 * for an opener that leaves first. */
	END_LIMIT_MS = 1000,
};

/* Which parties have no holder left, after at most timeout_ms. */
static unsigned look(const int watched[2], unsigned known, int timeout_ms)
{
	struct pollfd fds[2];
	unsigned gone = known;

	for (unsigned i = 0; i < 2; i++)
		fds[i] = (struct pollfd){.fd = known & (1u << i) ? -1 : watched[i]};
	if (poll(fds, 2, timeout_ms) > 0)
		for (unsigned i = 0; i < 2; i++)
			if (fds[i].revents & POLLHUP)
				gone |= 1u << i;
	return gone;
}

/* All but these two, whatever the program has open: else the keeper would hold it open. */
static void close_others(const int keep[2])
{
	unsigned low = (unsigned)(keep[0] < keep[1] ? keep[0] : keep[1]);
	unsigned high = (unsigned)(keep[0] < keep[1] ? keep[1] : keep[0]);

	if (low > 0)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, UINT_MAX, 0);
}

struct job {
	const int *watched;
	int ready; /* a pipe's write end */
	bool (*duty)(void *argument, unsigned gone);
	void *argument;
};

static int keep(void *argument)
{
	struct job *job = argument;
	unsigned gone = 0;
	bool done = true;

	/* Children of ours die with us; this one must not. */
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_SET_NAME, "ipcmark-keeper");
	setsid();
	if (fd_write_full(job->ready, "", 1) < 0)
		_exit(255);
	close_others(job->watched);
	while (gone != KEEPER_ALL_GONE || !done) {
		unsigned now = look(job->watched, gone, done ? -1 : RETRY_MS);
		if (now != gone || !done)
			done = job->duty(job->argument, now);
		gone = now;
	}
	_exit(0);
}

int keeper_open(struct keeper *keeper, bool (*duty)(void *, unsigned), void *argument)
{
	int watched[2] = {-1, -1}, ends[2] = {-1, -1};
	int r = sys(pipe2(ends, O_CLOEXEC));
	_cleanup_(fd_close) int is_ready = ends[0];
	_cleanup_(fd_close) int ready = ends[1];
	struct job job = {watched, ready, duty, argument};
	char byte;

	for (unsigned i = 0; i < 2 && r >= 0; i++) {
		r = sys(pipe2(ends, O_CLOEXEC));
		if (r >= 0) {
			watched[i] = ends[0];
			keeper->watched[i] = ends[0] + 1;
			keeper->held[i] = ends[1] + 1;
		}
	}
	if (r < 0)
		return fail(r, "cannot start a keeper: %s (see 'ulimit -n')", error_message(r));
	keeper->opener = getpid();
	r = proc_start(&keeper->proc, keep, &job);
	if (r < 0)
		return trace(r);
	/* Before it has run it dies with us, and on a busy machine that can be long after the
	 * channel is in use. */
	fd_close(&ready);
	r = fd_read_full(is_ready, &byte, 1);
	return r < 0 ? fail(r, "the keeper has died at once") : 0;
}

static void drop(int *fd_plus_one)
{
	int fd = *fd_plus_one - 1;

	fd_close(&fd);
	*fd_plus_one = 0;
}

void keeper_attach(struct keeper *keeper, unsigned side)
{
	drop(&keeper->held[side == 0 ? 1 : 0]);
}

/* Until the keeper has ended, which it does when all have left. */
static void wait_for_end(struct keeper *keeper, bool last)
{
	struct pollfd end = {.fd = keeper->proc.pidfd, .events = POLLIN};
	int status;

	if (keeper->opener == getpid())
		proc_join(&keeper->proc, deadline_after_ms(END_LIMIT_MS), &status);
	else if (last)
		poll(&end, 1, END_LIMIT_MS);
}

bool keeper_close(struct keeper *keeper)
{
	int watched[2] = {keeper->watched[0] - 1, keeper->watched[1] - 1};
	bool last = false;

	drop(&keeper->held[0]);
	drop(&keeper->held[1]);
	if (keeper->proc.pid) {
		last = look(watched, 0, 0) == KEEPER_ALL_GONE;
		wait_for_end(keeper, last);
		/* Others may have left in the meantime. */
		last = last || look(watched, 0, 0) == KEEPER_ALL_GONE;
	}
	if (keeper->proc.pid)
		fd_close(&keeper->proc.pidfd);
	keeper->proc = PROC_NULL;
	drop(&keeper->watched[0]);
	drop(&keeper->watched[1]);
	return last;
}
