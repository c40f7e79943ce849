#include "transport/uring.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "transport/sysctl.h"

static int refuse(struct transport_limits *limits, const char *reason)
{
	snprintf(limits->reason, sizeof(limits->reason), "%s", reason);
	return -EOPNOTSUPP;
}

#ifdef HAVE_LIBURING

#include <liburing.h>

/* Of the completion of a failed uring_post(); a successful one leaves none. */
static const uint64_t failed_post = UINT64_MAX;

/* The flags that the kernel may not know, best first: DEFER_TASKRUN is of 6.1, SINGLE_ISSUER of
 * 6.0. */
static const unsigned own_flags[] = {
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER, 0};

static const char *why_no_ring(int r)
{
	switch (r) {
	case -ENOSYS:
		return "the kernel has no io_uring (before 5.1, or without CONFIG_IO_URING)";
	case -EPERM:
	case -EACCES:
		if (sysctl_read("kernel.io_uring_disabled") > 0)
			return "kernel.io_uring_disabled forbids it; sysctl -w "
			       "kernel.io_uring_disabled=0";
		return "a seccomp filter or a security module forbids io_uring_setup() (in a "
		       "container: another --security-opt seccomp=)";
	case -ENOMEM:
		return "the ring does not fit RLIMIT_MEMLOCK; raise 'ulimit -l'";
	default:
		return strerror(-r);
	}
}

int uring_probe(struct transport_limits *limits, enum uring_operation operation)
{
	struct io_uring ring;
	int r = io_uring_queue_init(2, &ring, 0);
	bool knows = false;

	if (r < 0)
		return refuse(limits, why_no_ring(r));
	struct io_uring_probe *probe = io_uring_get_probe_ring(&ring);
	if (probe && operation == URING_MESSAGE)
		knows = io_uring_opcode_supported(probe, IORING_OP_MSG_RING);
	else if (probe)
		knows = io_uring_opcode_supported(probe, IORING_OP_SEND) &&
			io_uring_opcode_supported(probe, IORING_OP_RECV);
	io_uring_free_probe(probe);
	io_uring_queue_exit(&ring);
	if (knows)
		return 0;
	return refuse(limits, operation == URING_MESSAGE
				      ? "the kernel's io_uring has no MSG_RING (it came with 5.18)"
				      : "the kernel's io_uring has no SEND and RECV (they came "
					"with 5.6)");
}

int uring_open(struct uring *uring, unsigned entries, bool is_own)
{
	int r;

	uring->ring = calloc(1, sizeof(*uring->ring));
	if (!uring->ring)
		return trace(-ENOMEM);
	/* liburing returns the error, and does not set errno. */
	for (unsigned i = is_own ? 0 : 2;; i++) {
		r = fault_hit() ? -errno : io_uring_queue_init(entries, uring->ring, own_flags[i]);
		if (r != -EINVAL || own_flags[i] == 0)
			break;
	}
	if (r < 0) {
		free(uring->ring);
		uring->ring = NULL;
		return fail(r, "cannot make a ring: %s", why_no_ring(r));
	}
	return 0;
}

/* Submits the one operation that was prepared and waits for its result. */
static int complete(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int r = io_uring_submit_and_wait(ring, 1);

	/* A signal may end the wait, not the operation. */
	while (r >= 0 || r == -EINTR) {
		r = io_uring_wait_cqe(ring, &cqe);
		if (r == 0) {
			r = cqe->res;
			io_uring_cqe_seen(ring, cqe);
			return r;
		}
	}
	return r;
}

/* MSG_WAITALL has the kernel go on after a part; a signal may still leave one. */
static int transfer(struct uring *uring, bool sends, int fd, unsigned char *at, size_t n)
{
	while (n > 0) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(uring->ring);
		if (sends)
			io_uring_prep_send(sqe, fd, at, n, MSG_NOSIGNAL | MSG_WAITALL);
		else
			io_uring_prep_recv(sqe, fd, at, n, MSG_WAITALL);
		int moved = complete(uring->ring);
		if (moved == 0 || moved == -ECONNRESET)
			return trace(-EPIPE);
		if (moved < 0 && moved != -EINTR && moved != -EAGAIN)
			return trace(moved);
		if (moved > 0) {
			at += moved;
			n -= (size_t)moved;
		}
	}
	return 0;
}

int uring_send(struct uring *uring, int fd, const void *buffer, size_t n)
{
	return transfer(uring, true, fd, (unsigned char *)buffer, n);
}

int uring_recv(struct uring *uring, int fd, void *buffer, size_t n)
{
	return transfer(uring, false, fd, buffer, n);
}

int uring_post(struct uring *uring, const struct uring *to, uint64_t value)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring->ring);
	int r;

	assert(value != failed_post);
	io_uring_prep_msg_ring(sqe, to->ring->ring_fd, 0, value, 0);
	sqe->user_data = failed_post;
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	do {
		r = io_uring_submit(uring->ring);
	} while (r == -EINTR || r == -EAGAIN);
	return r < 0 ? trace(r) : 0;
}

int uring_take(struct uring *uring, int timeout_ms, uint64_t *ret_value)
{
	struct __kernel_timespec timeout = {.tv_nsec = timeout_ms * NS_PER_MS};
	struct io_uring_cqe *cqe;
	int r = io_uring_peek_cqe(uring->ring, &cqe);

	if (r == -EAGAIN && timeout_ms > 0)
		r = io_uring_wait_cqe_timeout(uring->ring, &cqe, &timeout);
	if (r < 0)
		return r == -ETIME || r == -EAGAIN ? -ETIMEDOUT : r == -EINTR ? -EINTR : trace(r);
	uint64_t value = cqe->user_data;
	int result = cqe->res;
	io_uring_cqe_seen(uring->ring, cqe);
	if (value == failed_post)
		return fail(result, "cannot post to the other ring: %s", strerror(-result));
	*ret_value = value;
	return 0;
}

void uring_close(struct uring *uring)
{
	int saved = errno;

	if (uring->ring)
		io_uring_queue_exit(uring->ring);
	free(uring->ring);
	uring->ring = NULL;
	errno = saved;
}

#else

static int missing(void)
{
	return fail(-EOPNOTSUPP, "built without liburing");
}

int uring_probe(struct transport_limits *limits, enum uring_operation operation)
{
	(void)operation;
	return refuse(limits, "built without liburing: install liburing-dev and configure again");
}

int uring_open(struct uring *uring, unsigned entries, bool is_own)
{
	(void)uring, (void)entries, (void)is_own;
	return missing();
}

int uring_send(struct uring *uring, int fd, const void *buffer, size_t n)
{
	(void)uring, (void)fd, (void)buffer, (void)n;
	return missing();
}

int uring_recv(struct uring *uring, int fd, void *buffer, size_t n)
{
	(void)uring, (void)fd, (void)buffer, (void)n;
	return missing();
}

int uring_post(struct uring *uring, const struct uring *to, uint64_t value)
{
	(void)uring, (void)to, (void)value;
	return missing();
}

int uring_take(struct uring *uring, int timeout_ms, uint64_t *ret_value)
{
	(void)uring, (void)timeout_ms, (void)ret_value;
	return missing();
}

void uring_close(struct uring *uring)
{
	(void)uring;
}

#endif
