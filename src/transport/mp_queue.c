/*
 * mp_queue: libmp's queue (mp/queue.h). A message is copied in by its sender and out by its
 * receiver, or built and read in place (borrow, peek). The kernel is needed only to sleep, and for
 * the memory of messages that are larger than half of the ring. The death of a peer: queue_pair.h.
 */
#include "transport/queue_pair.h"

static void *make(const struct mp_queue_options *options)
{
	return mp_queue_new(options);
}

static void free_queue(void *queue)
{
	mp_queue_free(queue);
}

static struct mp_queue *below(void *queue)
{
	return queue;
}

static const struct queue_pair_kind kind = {"mp_queue", make, free_queue, below};

static int mp_queue_open(void *state, const struct transport_options *options)
{
	return queue_pair_open(state, &kind, options);
}

static int mp_queue_attach(void *state, unsigned side)
{
	return queue_pair_attach(state, &kind, side);
}

static int mp_queue_recv(void *state, void *message, size_t n)
{
	struct queue_pair *pair = state;
	ssize_t got;
	int r;

	do {
		got = mp_queue_get_for(pair->in, message, n, QUEUE_PAIR_SLICE_NS);
		r = queue_pair_received(pair, got);
	} while (__builtin_expect(r > 0, false));
	if (r == 0 && got != (ssize_t)n)
		r = queue_pair_wrong_size(&kind, got, n);
	return r;
}

static int borrow(void *state, size_t n, void **ret_message)
{
	struct queue_pair *pair = state;
	int r;

	do {
		r = queue_pair_sent(
			pair, mp_queue_borrow(pair->out, n, QUEUE_PAIR_SLICE_NS, ret_message));
	} while (r > 0);
	return r;
}

static int commit(void *state, size_t n)
{
	(void)n;
	mp_queue_commit(((struct queue_pair *)state)->out);
	return 0;
}

static int peek(void *state, size_t n, const void **ret_message)
{
	struct queue_pair *pair = state;
	ssize_t got;
	int r;

	do {
		got = mp_queue_peek(pair->in, QUEUE_PAIR_SLICE_NS, ret_message);
		r = queue_pair_received(pair, got);
	} while (r > 0);
	if (r == 0 && got != (ssize_t)n) {
		mp_queue_leave(pair->in);
		r = queue_pair_wrong_size(&kind, got, n);
	}
	return r;
}

static int release(void *state, size_t n)
{
	(void)n;
	mp_queue_release(((struct queue_pair *)state)->in);
	return 0;
}

static void mp_queue_close_pair(void *state)
{
	queue_pair_close(state, &kind);
}

const struct transport transport_mp_queue = {
	.name = "mp_queue",
	.summary = "libmp's queue",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES |
			TRANSPORT_MANY_SENDERS | TRANSPORT_MANY_RECEIVERS | TRANSPORT_SEES_DEATH |
			TRANSPORT_BORROW,
	.state_bytes = sizeof(struct queue_pair),
	.probe = queue_pair_probe,
	.open = mp_queue_open,
	.attach = mp_queue_attach,
	.send = queue_pair_send,
	.recv = mp_queue_recv,
	.borrow = borrow,
	.commit = commit,
	.peek = peek,
	.release = release,
	.close = mp_queue_close_pair,
};
