/*
 * posix_mq: two POSIX message queues, one each way, unlinked as soon as they are open. The kernel
 * keeps messages apart and sorts them by priority (here all have one), and one that finds a
 * sleeping receiver is handed to it directly. The limits are small: fs.mqueue.msgsize_max (8 KiB)
 * for a message, fs.mqueue.msg_max (10) for the queue, and 'ulimit -q' for all queues of a user.
 *
 * A queue does not tell when a peer dies, so calls have a deadline of a slice. mq_timedreceive()
 * wants an absolute one and looks at it only when it must wait: so the deadline is renewed when it
 * has passed, and the clock is not read on the timed path. It is of CLOCK_REALTIME, there is no
 * other; a clock that is set back by an hour defers the sight of a death by that.
 *
 * mq_receive() insists on a buffer of the queue's message size: smaller messages take a copy more.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "transport/peer.h"
#include "transport/sysctl.h"

struct posix_mq {
	struct peer peer;
	mqd_t queues[2]; /* to the hub, from it; plus 1, 0: none */
	mqd_t in, out;
	struct timespec slice_end; /* CLOCK_REALTIME */
	size_t message_max_bytes;
	char *bounce; /* of message_max_bytes; this side's */
	bool threads, attached;
};

/* What a queue of so many messages counts for against 'ulimit -q' (mq_overview(7)). */
static size_t cost(size_t messages, size_t message_bytes)
{
	return messages * (message_bytes + 128);
}

/* Bytes per queue: a channel has two. */
static size_t allowance(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MSGQUEUE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX / 2;
	return limit.rlim_cur / 2;
}

static int posix_mq_probe(struct transport_limits *limits)
{
	size_t size_max = sysctl_read("fs.mqueue.msgsize_max"), allowed = allowance();

	/* What does not exist is ENOENT, unless queues don't: then it is ENOSYS. */
	if (mq_open("/ipcmark-probe", O_RDONLY) == (mqd_t)-1 && errno != ENOENT) {
		snprintf(limits->reason, sizeof(limits->reason),
			"no POSIX message queues here: %s (CONFIG_POSIX_MQUEUE)",
			error_message(-errno));
		return -EOPNOTSUPP;
	}
	if (allowed < cost(1, 1)) {
		snprintf(limits->reason, sizeof(limits->reason),
			"'ulimit -q' leaves no room for a queue; raise it");
		return -EOPNOTSUPP;
	}
	if (size_max > 0 && size_max < limits->message_max_bytes) {
		limits->message_max_bytes = size_max;
		snprintf(limits->reason, sizeof(limits->reason),
			"fs.mqueue.msgsize_max; sysctl -w fs.mqueue.msgsize_max=N, and 'ulimit -q' "
			"of "
			"two queues");
	}
	if (cost(1, limits->message_max_bytes) > allowed) {
		limits->message_max_bytes = allowed - cost(1, 0);
		snprintf(limits->reason, sizeof(limits->reason),
			"two queues must fit into 'ulimit -q', %zu bytes", 2 * allowed);
	}
	return 0;
}

/* How many messages a queue holds: what was asked for, or as many as the limits allow. */
static long queue_length(const struct transport_options *options)
{
	size_t bytes = options->message_max_bytes, most = sysctl_read("fs.mqueue.msg_max");
	size_t fit = allowance() / cost(1, bytes);

	if (options->capacity_bytes)
		return (long)((options->capacity_bytes + bytes - 1) / bytes);
	if (most == 0)
		most = 10;
	return (long)(fit == 0 ? 1 : fit < most ? fit : most);
}

static int queue_open(const struct transport_options *options, mqd_t *ret_queue)
{
	struct mq_attr attributes = {
		.mq_maxmsg = queue_length(options),
		.mq_msgsize = (long)options->message_max_bytes,
	};
	char name[64];

	/* Somebody else's of that name would be an error, not ours. */
	snprintf(name, sizeof(name), "/ipcmark-%d-%llx", getpid(), (long long)clock_ns());
	int queue = sys(
		mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)0600, &attributes));
	if (queue < 0)
		return fail(queue,
			"posix_mq: no queue of %ld messages of %ld bytes: %s (see 'ulimit -q', and "
			"the sysctls fs.mqueue.msg_max, msgsize_max and queues_max)",
			attributes.mq_maxmsg, attributes.mq_msgsize, strerror(-queue));
	mq_unlink(name);
	*ret_queue = queue + 1;
	return 0;
}

static int posix_mq_open(void *state, const struct transport_options *options)
{
	struct posix_mq *mq = state;

	mq->threads = options->threads;
	mq->message_max_bytes = options->message_max_bytes;
	int r = queue_open(options, &mq->queues[0]);
	if (r >= 0)
		r = queue_open(options, &mq->queues[1]);
	if (r >= 0)
		r = peer_open(&mq->peer, options);
	return trace(r);
}

static int posix_mq_attach(void *state, unsigned side)
{
	struct posix_mq *mq = state;

	bool is_hub = transport_is_hub(side, mq->peer.receivers);

	mq->attached = true;
	mq->in = mq->queues[is_hub ? 0 : 1] - 1;
	mq->out = mq->queues[is_hub ? 1 : 0] - 1;
	mq->bounce = malloc(mq->message_max_bytes);
	if (!mq->bounce)
		return fail(-ENOMEM, "posix_mq: no memory for a message");
	return trace(peer_attach(&mq->peer, side, mq->threads));
}

static void renew_slice(struct posix_mq *mq)
{
	mq->slice_end = timespec_of(clock_of(CLOCK_REALTIME) + PEER_SLICE_MS * NS_PER_MS);
}

static int posix_mq_send(void *state, const void *message, size_t n)
{
	struct posix_mq *mq = state;

	while (mq_timedsend(mq->out, message, n, 0, &mq->slice_end) < 0) {
		if (errno == ETIMEDOUT) {
			if (peer_is_gone(&mq->peer))
				return trace(-EPIPE);
			renew_slice(mq);
		} else if (errno != EINTR) {
			return trace(-errno);
		}
	}
	return 0;
}

static int posix_mq_recv(void *state, void *message, size_t n)
{
	struct posix_mq *mq = state;
	bool whole = n == mq->message_max_bytes, gone = false;
	char *buffer = whole ? message : mq->bounce;

	for (;;) {
		ssize_t got = mq_timedreceive(
			mq->in, buffer, mq->message_max_bytes, NULL, &mq->slice_end);
		if (got == (ssize_t)n) {
			if (!whole)
				memcpy(message, buffer, n);
			return 0;
		}
		if (got >= 0)
			return fail(-EMSGSIZE,
				"a message of %zd bytes came where %zu were expected", got, n);
		if (errno == ETIMEDOUT) {
			/* What it sent before it went is there by now: one more look, which does
			 * not wait because the slice is over. */
			if (gone)
				return trace(-EPIPE);
			gone = peer_is_gone(&mq->peer);
			if (!gone)
				renew_slice(mq);
		} else if (errno != EINTR) {
			return trace(-errno);
		}
	}
}

static void posix_mq_close(void *state)
{
	struct posix_mq *mq = state;

	for (unsigned i = 0; i < 2; i++) {
		/* A thread's copy does not own them. */
		if (mq->queues[i] > 0 && !(mq->threads && mq->attached))
			mq_close(mq->queues[i] - 1);
		mq->queues[i] = 0;
	}
	free(mq->bounce);
	mq->bounce = NULL;
	peer_close(&mq->peer);
}

const struct transport transport_posix_mq = {
	.name = "posix_mq",
	.summary = "two POSIX message queues",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct posix_mq),
	.probe = posix_mq_probe,
	.open = posix_mq_open,
	.attach = posix_mq_attach,
	.send = posix_mq_send,
	.recv = posix_mq_recv,
	.close = posix_mq_close,
};
