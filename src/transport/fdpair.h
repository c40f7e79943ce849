#pragma once
/*
 * What every mechanism made of descriptors shares: per direction one end to write to and one to
 * read from. A byte stream needs only an open() that fills in the ends.
 */
#include <stdbool.h>

#include "transport/transport.h"

struct fdpair {
	/* The hub reads to_hub[0] and writes from_hub[1]; the others write to_hub[1] and read
	 * from_hub[0]. A duplex descriptor stands in two places: hub = {to_hub[0], from_hub[1]}. */
	int to_hub[2];
	int from_hub[2];
	int in, out;        /* this side's, after attach */
	unsigned receivers; /* sides at the hub's end */
	bool threads, attached;
};

/* All ends closed: the state before open() fills them in. */
void fdpair_init(struct fdpair *pair, const struct transport_options *options);

/* Fills in a duplex pair: one descriptor is the hub's, the other the senders'. */
void fdpair_set_duplex(struct fdpair *pair, const int ends[2]);

/* The members `attach`, `send`, `recv` and `close` of a byte stream. */
int fdpair_attach(void *pair, unsigned side);
int fdpair_send(void *pair, const void *message, size_t n);
int fdpair_recv(void *pair, void *message, size_t n);
void fdpair_close(void *pair);
