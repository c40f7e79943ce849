/*
 * mp_joinable_queue: libmp's queue of tasks (mp/joinable_queue.h): a receiver says of each message
 * that it is done. That is measured with it; nobody waits in join(). A message is copied in and
 * out. The death of a peer: queue_pair.h.
 */
#include "mp/joinable_queue.h"

#include "base/error.h"
#include "transport/queue_pair.h"

static void *make(const struct mp_queue_options *options)
{
	return mp_joinable_queue_new(options);
}

static void free_queue(void *queue)
{
	mp_joinable_queue_free(queue);
}

static struct mp_queue *below(void *queue)
{
	return mp_joinable_queue_queue(queue);
}

static const struct queue_pair_kind kind = {"mp_joinable_queue", make, free_queue, below};

static int mp_joinable_queue_open(void *state, const struct transport_options *options)
{
	return queue_pair_open(state, &kind, options);
}

static int mp_joinable_queue_attach(void *state, unsigned side)
{
	return queue_pair_attach(state, &kind, side);
}

static int mp_joinable_queue_recv(void *state, void *message, size_t n)
{
	struct queue_pair *pair = state;
	ssize_t got;
	int r;

	do {
		got = mp_joinable_queue_get_for(pair->in, message, n, QUEUE_PAIR_SLICE_NS);
		r = queue_pair_received(pair, got);
	} while (__builtin_expect(r > 0, false));
	if (r < 0)
		return r;
	r = mp_joinable_queue_task_done(pair->in);
	if (r < 0)
		return trace(r);
	return got == (ssize_t)n ? 0 : queue_pair_wrong_size(&kind, got, n);
}

static void mp_joinable_queue_close(void *state)
{
	queue_pair_close(state, &kind);
}

const struct transport transport_mp_joinable_queue = {
	.name = "mp_joinable_queue",
	.summary = "libmp's queue that knows when all tasks are done",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct queue_pair),
	.probe = queue_pair_probe,
	.open = mp_joinable_queue_open,
	.attach = mp_joinable_queue_attach,
	.send = queue_pair_send,
	.recv = mp_joinable_queue_recv,
	.close = mp_joinable_queue_close,
};
