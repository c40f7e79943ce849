#pragma once
/*
 * Who is at the other side, and is he still there? For the mechanisms whose kernel object does not
 * tell: shared memory, message queues, semaphores. Each side signs a board in shared memory with
 * its pid and CPU when it attaches, and strikes itself out when it closes; one that was killed is
 * found by its pidfd. So a waiter sleeps in slices of PEER_SLICE_MS, and asks in between.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "os/shm.h"
#include "transport/transport.h"

/* A wait that was not answered looks for the peer this often: a death is seen within two slices,
 * and an idle side wakes 50 times a second. */
enum { PEER_SLICE_MS = 20 };

struct peer_board;

struct peer {
	struct shm board_memory;
	unsigned side, sides, receivers;
	int pidfds[TRANSPORT_SIDES_MAX]; /* 0: not looked up yet; else pidfd + 1 */
	bool signed_in;
};

int peer_open(struct peer *peer, const struct transport_options *options);
int peer_attach(struct peer *peer, unsigned side, bool threads);
void peer_close(struct peer *peer);

/* Whether nobody is left at the other end: for a receiver all senders, for a sender all receivers
 * (side 0, where there is one). False before they have signed in. A system call per peer: only
 * after a wait of a slice. What the peer sent before it went may still be there: look again before
 * saying -EPIPE. */
bool peer_is_gone(struct peer *peer);

/* The pid that a side signed with, 0 before. */
int peer_pid(const struct peer *peer, unsigned side);

/* Absolute end of the slice that starts now. */
int64_t peer_slice_end(void);
