#pragma once
/*
 * What the queues of libmp share as transports: one each way, with any number of users at either
 * end.
 *
 * A queue goes on when one of its users dies, so it does not tell of that: a wait looks for the
 * peer every slice. What the dead one had put is delivered first; what it was putting never was.
 * Each process has a mapping of its own, so whoever closes takes nothing away from the others.
 */
#include "base/clock.h"
#include "mp/queue.h"
#include "transport/peer.h"
#include "transport/transport.h"

#define QUEUE_PAIR_SLICE_NS (PEER_SLICE_MS * NS_PER_MS)

struct queue_pair {
	void *queues[2]; /* to the hub, from it: as the kind makes them */
	void *in;        /* likewise */
	/* What lies below: a queue of any kind is put to, and asked for what it has, in one way. */
	struct mp_queue *out, *below_in;
	struct peer peer;
	pid_t opener;
	bool threads, attached;
};

/* What is different about a kind of queue. make() as mp_queue_new(). */
struct queue_pair_kind {
	const char *name;
	void *(*make)(const struct mp_queue_options *options);
	void (*free)(void *queue);
	struct mp_queue *(*below)(void *queue);
};

/* The member `probe`. */
int queue_pair_probe(struct transport_limits *limits);

int queue_pair_open(struct queue_pair *pair, const struct queue_pair_kind *kind,
	const struct transport_options *options);
int queue_pair_attach(struct queue_pair *pair, const struct queue_pair_kind *kind, unsigned side);
void queue_pair_close(struct queue_pair *pair, const struct queue_pair_kind *kind);

/* The member `send`. */
int queue_pair_send(void *pair, const void *message, size_t n);

/* Judges a get of a slice: 0, a message has come; 1: again; -EPIPE. */
int queue_pair_received(struct queue_pair *pair, ssize_t r);

/* The same of a put. */
int queue_pair_sent(struct queue_pair *pair, int r);

/* -EMSGSIZE, said. */
int queue_pair_wrong_size(const struct queue_pair_kind *kind, ssize_t size, size_t n);
