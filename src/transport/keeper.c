#include "transport/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "os/proc.h"

enum {
	RETRY_MS = 20,
	/* The keeper ends within microseconds of the last holder; this is for a loaded machine. */
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

__attribute__((noreturn)) static void keep(
	const int watched[2], bool (*duty)(void *, unsigned), void *argument)
{
	unsigned gone = 0;
	bool done = true;

	setsid();
	prctl(PR_SET_NAME, "ipcmark-keeper");
	close_others(watched);
	while (gone != KEEPER_ALL_GONE || !done) {
		unsigned now = look(watched, gone, done ? -1 : RETRY_MS);
		if (now != gone || !done)
			done = duty(argument, now);
		gone = now;
	}
	_exit(0);
}

/* Forks twice and tells the keeper's pid through a pipe: its parent ends at once, so that the
 * program has no child that it doesn't know of. */
static int start(const int watched[2], bool (*duty)(void *, unsigned), void *argument)
{
	int ends[2], r;
	pid_t keeper = -ECHILD, parent;

	r = sys(pipe2(ends, O_CLOEXEC));
	if (r < 0)
		return r;
	r = parent = sys(fork());
	if (parent == 0) {
		keeper = fork();
		if (keeper == 0)
			keep(watched, duty, argument);
		keeper = keeper < 0 ? -errno : keeper;
		_exit(write(ends[1], &keeper, sizeof(keeper)) == sizeof(keeper) ? 0 : 1);
	}
	fd_close(&ends[1]);
	if (r > 0) {
		while (read(ends[0], &keeper, sizeof(keeper)) < 0 && errno == EINTR)
			;
		while (waitpid(parent, NULL, 0) < 0 && errno == EINTR)
			;
		r = keeper;
	}
	fd_close(&ends[0]);
	return r;
}

int keeper_open(struct keeper *keeper, bool (*duty)(void *, unsigned), void *argument)
{
	int watched[2] = {-1, -1}, ends[2], r = 0;

	for (unsigned i = 0; i < 2 && r >= 0; i++) {
		r = sys(pipe2(ends, O_CLOEXEC));
		if (r >= 0) {
			watched[i] = ends[0];
			keeper->watched[i] = ends[0] + 1;
			keeper->held[i] = ends[1] + 1;
		}
	}
	if (r >= 0)
		r = start(watched, duty, argument);
	if (r >= 0)
		r = proc_pidfd(r);
	if (r < 0)
		return fail(r, "cannot start a keeper: %s (see 'ulimit -u' and 'ulimit -n')",
			error_message(r));
	keeper->pidfd = r + 1;
	return 0;
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

bool keeper_close(struct keeper *keeper)
{
	int watched[2] = {keeper->watched[0] - 1, keeper->watched[1] - 1};
	struct pollfd end = {.fd = keeper->pidfd - 1, .events = POLLIN};
	bool last = false;

	drop(&keeper->held[0]);
	drop(&keeper->held[1]);
	if (keeper->pidfd) {
		last = look(watched, 0, 0) == KEEPER_ALL_GONE;
		if (last)
			poll(&end, 1, END_LIMIT_MS);
	}
	drop(&keeper->watched[0]);
	drop(&keeper->watched[1]);
	drop(&keeper->pidfd);
	return last;
}
