#pragma once
/*
 * The ticket office: buyers come at once, each looks whether a ticket is left, thinks for a moment,
 * and takes it. With a lock over all three nobody gets a ticket that is not there; without, those
 * who think at the same time take the same one. What differs between the offices is where the
 * stock is kept: struct stock.
 *
 * One iteration is a sale: all buyers have come and gone. With lock=on the outcome must be whole,
 * or the cell fails; with lock=off it is reported.
 */
#include "harness/scenario.h"
#include "mp/lock.h"
#include "mp/queue.h"
#include "scenario/crew.h"

struct ticket;

/* A buyer, in his own process or thread. */
struct buyer {
	struct ticket *ticket;
	int fd; /* of the stock's own use; -1 before enter */
};

struct stock {
	int (*open)(struct ticket *ticket); /* -errno */
	/* Before a sale: so many are there, numbered from 1. */
	int (*fill)(struct ticket *ticket, int64_t tickets);
	void (*close)(struct ticket *ticket); /* also after an open() that failed */
	/* Optional, for each buyer. */
	int (*arrive)(struct buyer *buyer);
	void (*leave)(struct buyer *buyer);
	/* The lock, from before look() to after take(). */
	int (*acquire)(struct buyer *buyer);
	int (*release)(struct buyer *buyer);
	/* How many are left; 0: sold out. */
	int64_t (*look)(struct buyer *buyer);
	/* Takes the ticket that look() has shown: its number. -EAGAIN: it is gone, though the buyer
	 * was told that he gets it. */
	int64_t (*take)(struct buyer *buyer, int64_t left);
};

/* The private state of the scenarios. */
struct ticket {
	const struct stock *stock;
	struct crew crew;
	struct ticket_board *board; /* shared: what was sold */
	size_t board_bytes;
	int64_t tickets;
	bool has_lock;
	/* What the stocks need. */
	struct mp_lock *lock;
	int64_t *value;
	struct mp_queue *queue;
	int fd;
};

/* open() of the scenarios, with their stock; run() and close(). */
int ticket_open(struct ticket *ticket, const struct load *load, const struct stock *stock);
int ticket_run(struct load *load);
void ticket_close(void *state);
