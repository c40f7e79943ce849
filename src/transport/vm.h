#pragma once
/*
 * What process_vm_readv and process_vm_writev have in common: a meeting. One side offers the
 * address and length of its own buffer on a board in shared memory and sleeps; the other side
 * comes, has the kernel copy between the two address spaces, and says "done". One copy, no buffer
 * in between, so neither returns before the copy is made. What is still on offer when a side dies
 * has not been sent.
 *
 * The copy needs the right to ptrace the other process. Under Yama (kernel.yama.ptrace_scope 1)
 * each side grants that to the opener's processes, from attach() to close().
 */
#include <stdbool.h>

#include "os/shm.h"
#include "transport/peer.h"
#include "transport/transport.h"

struct vm {
	struct peer peer;
	struct shm board;
	unsigned side;
	int opener;
	bool threads, granted;
};

/* Really copies, from a child. */
int vm_probe(struct transport_limits *limits);

int vm_open(void *state, const struct transport_options *options);
int vm_attach(void *state, unsigned side);

/* Offers a buffer in the direction to the hub or from it; returns when the other side has used it.
 * -EMSGSIZE when the receiver's n is not the sender's. */
int vm_offer(struct vm *vm, bool to_hub, void *buffer, size_t n);

/* Waits for an offer in that direction and reads it to buffer, or writes buffer to it. A sender
 * whose receiver wanted another size has lost the message, and is not told. */
int vm_read(struct vm *vm, bool to_hub, void *buffer, size_t n);
int vm_write(struct vm *vm, bool to_hub, void *buffer, size_t n);

void vm_close(void *state);
