/*
 * sysv_mq: two System V message queues, one each way. Messages have a type and are taken by type;
 * limits are kernel.msgmax (8 KiB) for a message and kernel.msgmnb (16 KiB) for a queue. A message
 * stands behind its type in one buffer, so both calls copy once more than the kernel does.
 *
 * msgsnd() and msgrcv() have no timeout, and a queue knows nothing of its users: none of them would
 * see a peer die, and the queue would outlive them all. Therefore a keeper (keeper.h) watches both
 * sides, and when one is gone
 *	- removes the queue that nobody reads any more: who sends, or sleeps in msgsnd(), gets
 *EIDRM;
 *	- puts a notice into the queue that nobody writes any more. A receiver asks for types up to
 *	  the notice's, lowest first, and messages have a lower one: it gets what was sent before.
 * The last to leave removes both; the keeper does when that one was killed. IPC_RMID cannot be
 * called earlier, it destroys at once. The calls themselves stay bare: no signal, no polling.
 *
 * Only when the keeper is killed together with all sides a queue is left: with the key 0, in
 * 'ipcs -q', for 'ipcrm -q ID'.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/keeper.h"
#include "os/shm.h"
#include "transport/transport.h"

enum { TYPE_MESSAGE = 1, TYPE_NOTICE = 2 };

/* Shared with the keeper, which is started first: no queue exists that it does not know. */
struct queues {
	_Atomic int ids[2]; /* to the hub, from it; plus 1, 0: none */
};

struct packet {
	long type;
	char text[];
};

struct sysv_mq {
	struct shm queues;
	struct keeper keeper;
	struct packet *packet; /* with room for message_max_bytes; this side's */
	size_t message_max_bytes;
	unsigned receivers;
	int in, out;
	bool threads, attached, has_ended;
};

static void queue_remove(struct queues *queues, unsigned party)
{
	int id = atomic_exchange(&queues->ids[party], 0);

	if (id)
		msgctl(id - 1, IPC_RMID, NULL);
}

/* In the keeper. queues->ids[party] is the queue that the party reads. */
static bool sysv_mq_duty(void *argument, unsigned gone)
{
	struct queues *queues = argument;
	struct packet notice = {.type = TYPE_NOTICE};
	bool done = true;

	for (unsigned party = 0; party < 2; party++) {
		unsigned survivor = 1 - party;
		if (!(gone & (1u << party)))
			continue;
		queue_remove(queues, party);
		/* A full queue takes the notice later. */
		if (!(gone & (1u << survivor)) &&
			msgsnd(atomic_load(&queues->ids[survivor]) - 1, &notice, 0, IPC_NOWAIT) < 0)
			done = errno != EAGAIN && errno != EINTR;
	}
	return done;
}

static int sysv_mq_probe(struct transport_limits *limits)
{
	struct msginfo info;

	if (msgctl(0, IPC_INFO, (struct msqid_ds *)&info) < 0) {
		snprintf(limits->reason, sizeof(limits->reason),
			"no System V message queues here: %s (CONFIG_SYSVIPC)",
			error_message(-errno));
		return -EOPNOTSUPP;
	}
	size_t most = (size_t)(info.msgmax < info.msgmnb ? info.msgmax : info.msgmnb);
	if (most < limits->message_max_bytes) {
		limits->message_max_bytes = most;
		snprintf(limits->reason, sizeof(limits->reason),
			"kernel.msgmax and kernel.msgmnb; sysctl -w kernel.msgmax=N "
			"kernel.msgmnb=N");
	}
	return 0;
}

static int queue_open(struct queues *queues, unsigned party, size_t capacity_bytes)
{
	struct msqid_ds about;
	int id = sys(msgget(IPC_PRIVATE, 0600));

	if (id < 0)
		return fail(id, "sysv_mq: no queue: %s (see kernel.msgmni and 'ipcs -q')",
			error_message(id));
	atomic_store(&queues->ids[party], id + 1);
	if (capacity_bytes == 0)
		return 0;
	int r = sys(msgctl(id, IPC_STAT, &about));
	about.msg_qbytes = capacity_bytes;
	if (r >= 0)
		r = sys(msgctl(id, IPC_SET, &about));
	return r < 0 ? fail(r, "sysv_mq: no queue of %zu bytes: %s; sysctl -w kernel.msgmnb=%zu",
			       capacity_bytes, error_message(r), capacity_bytes)
		     : 0;
}

static int sysv_mq_open(void *state, const struct transport_options *options)
{
	struct sysv_mq *mq = state;
	size_t capacity = options->capacity_bytes;

	mq->threads = options->threads;
	mq->receivers = options->receivers;
	mq->message_max_bytes = options->message_max_bytes;
	if (capacity && capacity < mq->message_max_bytes)
		capacity = mq->message_max_bytes;
	int r = shm_open_anonymous(&mq->queues, sizeof(struct queues));
	if (r >= 0)
		r = keeper_open(&mq->keeper, sysv_mq_duty, mq->queues.data);
	for (unsigned party = 0; party < 2 && r >= 0; party++)
		r = queue_open(mq->queues.data, party, capacity);
	return trace(r);
}

static int sysv_mq_attach(void *state, unsigned side)
{
	struct sysv_mq *mq = state;
	struct queues *queues = mq->queues.data;
	bool is_hub = transport_is_hub(side, mq->receivers);

	mq->attached = true;
	mq->in = atomic_load(&queues->ids[is_hub ? 0 : 1]) - 1;
	mq->out = atomic_load(&queues->ids[is_hub ? 1 : 0]) - 1;
	if (mq->threads)
		shm_borrow(&mq->queues);
	else
		keeper_attach(&mq->keeper, is_hub ? 0 : 1);
	mq->packet = malloc(sizeof(*mq->packet) + mq->message_max_bytes);
	return mq->packet ? 0 : fail(-ENOMEM, "sysv_mq: no memory for a message");
}

/* EIDRM: removed while we slept; EINVAL: before the call. Our arguments are valid. */
static int queue_error(int error)
{
	return trace(error == EIDRM || error == EINVAL ? -EPIPE : -error);
}

static int sysv_mq_send(void *state, const void *message, size_t n)
{
	struct sysv_mq *mq = state;

	mq->packet->type = TYPE_MESSAGE;
	memcpy(mq->packet->text, message, n);
	while (msgsnd(mq->out, mq->packet, n, 0) < 0)
		if (errno != EINTR)
			return queue_error(errno);
	return 0;
}

static int sysv_mq_recv(void *state, void *message, size_t n)
{
	struct sysv_mq *mq = state;
	ssize_t got;

	if (mq->has_ended)
		return trace(-EPIPE);
	do {
		got = msgrcv(mq->in, mq->packet, mq->message_max_bytes, -TYPE_NOTICE, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return queue_error(errno);
	if (mq->packet->type == TYPE_NOTICE) {
		mq->has_ended = true;
		/* It is for each receiver. The queue is full or gone only if they need none. */
		if (mq->receivers > 1)
			(void)msgsnd(mq->in, mq->packet, 0, IPC_NOWAIT);
		return trace(-EPIPE);
	}
	if (got != (ssize_t)n)
		return fail(
			-EMSGSIZE, "a message of %zd bytes came where %zu were expected", got, n);
	memcpy(message, mq->packet->text, n);
	return 0;
}

static void sysv_mq_close(void *state)
{
	struct sysv_mq *mq = state;

	/* A thread's copy owns its buffer only. */
	if (!(mq->threads && mq->attached) && keeper_close(&mq->keeper)) {
		queue_remove(mq->queues.data, 0);
		queue_remove(mq->queues.data, 1);
	}
	free(mq->packet);
	mq->packet = NULL;
	shm_close(&mq->queues);
}

const struct transport transport_sysv_mq = {
	.name = "sysv_mq",
	.summary = "two System V message queues",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct sysv_mq),
	.probe = sysv_mq_probe,
	.open = sysv_mq_open,
	.attach = sysv_mq_attach,
	.send = sysv_mq_send,
	.recv = sysv_mq_recv,
	.close = sysv_mq_close,
};
