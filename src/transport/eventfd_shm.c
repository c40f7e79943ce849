/*
 * eventfd_shm: a ring of slots in shared memory each way (slots.h), notified by eventfds, one for
 * each token. A put adds 1 to the counter by write(2), always a system call: the kernel knows
 * whether somebody sleeps, we do not. A read(2) takes the whole counter, so a receiver that was
 * late pays two system calls for all that piled up: poll() for the sleep that ends, read() for the
 * count.
 *
 * An eventfd has no ends: no EOF says that the peer is gone, so poll() sleeps in slices and the
 * board is asked in between. Four descriptors a channel (see 'ulimit -n').
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "transport/slots.h"

struct eventfd_shm {
	struct slots slots;
	int fds[SLOTS_TOKENS];
	uint64_t taken[SLOTS_TOKENS]; /* read from the eventfd, and not used yet */
};

static int eventfd_shm_take(void *state, unsigned token, int timeout_ms)
{
	struct eventfd_shm *e = state;
	struct pollfd poll_fd = {.fd = e->fds[token], .events = POLLIN};

	if (e->taken[token] == 0) {
		int r = poll(&poll_fd, 1, timeout_ms);
		if (r == 0)
			return -ETIMEDOUT;
		if (r < 0 || read(e->fds[token], &e->taken[token], sizeof(uint64_t)) < 0)
			return errno == EINTR ? -EINTR : trace(-errno);
	}
	e->taken[token]--;
	return 0;
}

static int eventfd_shm_put(void *state, unsigned token)
{
	struct eventfd_shm *e = state;
	uint64_t one = 1;

	/* It would block at 2^64 - 1 only, so no signal can interrupt it. */
	return write(e->fds[token], &one, sizeof(one)) < 0 ? trace(-errno) : 0;
}

static const struct slots_tokens eventfd_shm_tokens = {eventfd_shm_take, eventfd_shm_put};

static int eventfd_shm_open(void *state, const struct transport_options *options)
{
	struct eventfd_shm *e = state;

	for (unsigned i = 0; i < SLOTS_TOKENS; i++)
		e->fds[i] = -1;
	int r = slots_open(&e->slots, options, &eventfd_shm_tokens);
	if (r < 0)
		return trace(r);
	for (unsigned i = 0; i < SLOTS_TOKENS; i++) {
		e->fds[i] = sys(eventfd(slots_initial(&e->slots, i), EFD_CLOEXEC));
		if (e->fds[i] < 0)
			return fail(e->fds[i], "eventfd: %s (see 'ulimit -n')",
				error_message(e->fds[i]));
	}
	return 0;
}

static void eventfd_shm_close(void *state)
{
	struct eventfd_shm *e = state;

	if (slots_owns(&e->slots))
		for (unsigned i = 0; i < SLOTS_TOKENS; i++)
			fd_close(&e->fds[i]);
	slots_close(&e->slots);
}

const struct transport transport_eventfd_shm = {
	SLOTS_MEMBERS,
	.name = "eventfd_shm",
	.summary = "slots in shared memory, notified by eventfds",
	.state_bytes = sizeof(struct eventfd_shm),
	.open = eventfd_shm_open,
	.close = eventfd_shm_close,
};
