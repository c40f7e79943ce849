#include "transport/queue_pair.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "mp/shared.h"

/* Of the region for messages that are large for the ring: so many of the largest fit. */
enum { LARGE_MESSAGES = 4 };

int queue_pair_probe(struct transport_limits *limits)
{
	void *memory = mp_shared_new(1);

	if (!memory) {
		snprintf(limits->reason, sizeof(limits->reason), "%s", mp_strerror(-errno));
		return -EOPNOTSUPP;
	}
	mp_shared_free(memory);
	return 0;
}

int queue_pair_open(struct queue_pair *pair, const struct queue_pair_kind *kind,
	const struct transport_options *options)
{
	struct mp_queue_options of_queue = {
		.capacity_bytes = options->capacity_bytes,
		.large_bytes = LARGE_MESSAGES * options->message_max_bytes,
	};

	pair->opener = getpid();
	pair->threads = options->threads;
	for (unsigned i = 0; i < 2; i++) {
		pair->queues[i] = kind->make(&of_queue);
		if (!pair->queues[i]) {
			int r = -errno;
			return fail(r, "%s: %s", kind->name, mp_strerror(r));
		}
	}
	return trace(peer_open(&pair->peer, options));
}

int queue_pair_attach(struct queue_pair *pair, const struct queue_pair_kind *kind, unsigned side)
{
	bool is_hub = transport_is_hub(side, pair->peer.receivers);

	pair->attached = true;
	pair->in = pair->queues[is_hub ? 0 : 1];
	pair->below_in = kind->below(pair->in);
	pair->out = kind->below(pair->queues[is_hub ? 1 : 0]);
	return trace(peer_attach(&pair->peer, side, pair->threads));
}

void queue_pair_close(struct queue_pair *pair, const struct queue_pair_kind *kind)
{
	/* A thread's copy shares the opener's mapping. */
	bool is_owner = pair->opener == getpid() && !(pair->threads && pair->attached);

	peer_close(&pair->peer);
	for (unsigned i = 0; i < 2; i++) {
		if (is_owner)
			kind->free(pair->queues[i]);
		pair->queues[i] = NULL;
	}
}

int queue_pair_sent(struct queue_pair *pair, int r)
{
	if (r >= 0)
		return 0;
	if (r != -ETIMEDOUT)
		return trace(r);
	return peer_is_gone(&pair->peer) ? trace(-EPIPE) : 1;
}

int queue_pair_received(struct queue_pair *pair, ssize_t r)
{
	if (r >= 0)
		return 0;
	if (r != -ETIMEDOUT)
		return trace((int)r);
	/* What the peer sent before it went is there by now. A slice may also have passed because
	 * another receiver was at work, so its end does not tell that there is nothing. */
	if (peer_is_gone(&pair->peer) && mp_queue_is_empty(pair->below_in))
		return trace(-EPIPE);
	return 1;
}

int queue_pair_wrong_size(const struct queue_pair_kind *kind, ssize_t size, size_t n)
{
	return fail(-EMSGSIZE, "%s: a message of %zd bytes, not of %zu", kind->name, size, n);
}

int queue_pair_send(void *state, const void *message, size_t n)
{
	struct queue_pair *pair = state;
	int r;

	do {
		r = queue_pair_sent(
			pair, mp_queue_put_for(pair->out, message, n, QUEUE_PAIR_SLICE_NS));
	} while (__builtin_expect(r > 0, false));
	return r;
}
