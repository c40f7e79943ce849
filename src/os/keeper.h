#pragma once
/*
 * A keeper is a small process that does what a dead one no longer can: it tells the survivors of a
 * channel that their peer is gone, and removes from the system what has a name and no owner (System
 * V objects). It is for mechanisms whose kernel object neither ends with its users nor tells when
 * one of them dies.
 *
 * There are two parties, the hub (0) and the senders (1), as in a transport. Whoever belongs to a
 * party holds the write end of its pipe and nobody ever writes: when the last holder is gone,
 * however it went, the keeper, which holds the read ends, sees the hang-up. It sleeps until then,
 * and costs the channel nothing. It has a session of its own (no terminal's signal ends it), no
 * descriptors but those, and survives its parent, the opener; an opener that is still there reaps
 * it. Only a kill of everything at once, the keeper included, leaves objects behind.
 */
#include <stdbool.h>

#include "os/proc.h"

struct keeper {
	int held[2];    /* write ends plus 1, 0: not ours */
	int watched[2]; /* read ends plus 1 */
	struct proc proc;
	pid_t opener;
};

enum { KEEPER_HUB_GONE = 1 << 0, KEEPER_SENDERS_GONE = 1 << 1, KEEPER_ALL_GONE = 3 };

/* Starts the keeper. It calls duty(argument, gone) when a party has gone, with all that have, and
 * again every 20 ms while that returns false (not done yet); it ends after KEEPER_ALL_GONE. The
 * argument is a copy unless it is in shared memory; the duty may make system calls only. On return
 * it outlives the caller: what is made from then on is kept. */
int keeper_open(struct keeper *keeper, bool (*duty)(void *argument, unsigned gone), void *argument);

/* For a side that is a process: it belongs to one party from then on. */
void keeper_attach(struct keeper *keeper, unsigned side);

/* Leaves. True when nobody else is left: then the keeper has done its duty and has ended. An opener
 * that leaves before the others waits up to a second for them, to reap the keeper; after that init
 * will. Accepts the empty one, and twice. */
bool keeper_close(struct keeper *keeper);
