#pragma once
/*
 * What the unix sockets that keep messages apart share (datagram and sequenced packet): one message
 * is one packet, whole or not at all. A packet must fit into the sender's buffer beside 32 bytes of
 * the kernel's, so that the largest is what net.core.wmem_max allows; the kernel wants most of it
 * in one piece of memory, and without such a piece send() fails with -ENOBUFS.
 *
 * A sequenced packet socket ends like a stream. A datagram socket whose peer is gone refuses to
 * send, but a receiver would wait for ever: it wakes every PEER_SLICE_MS (SO_RCVTIMEO, no call on
 * the timed path, but the kernel's timer on each wait) and looks for the peer.
 */
#include "transport/fdpair.h"
#include "transport/peer.h"

struct packet_pair {
	struct fdpair pair;
	struct peer peer; /* empty for sequenced packets */
};

/* probe() and open() for a socket type; the pair is connected by `make`. */
int packet_probe(int type, struct transport_limits *limits);
int packet_open(struct packet_pair *packet, const struct transport_options *options,
	int (*make)(struct fdpair *pair));

/* After packet_open(): the receivers wake to look for their peer. */
int packet_watch(struct packet_pair *packet, const struct transport_options *options);

/* The members of the same names. */
int packet_attach(void *packet, unsigned side);
int packet_send(void *packet, const void *message, size_t n);
int packet_recv(void *packet, void *message, size_t n);
void packet_close(void *packet);
