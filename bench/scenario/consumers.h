#pragma once
/*
 * One producer, the caller, and many consumers. How they end:
 *
 *	end=sentinel	behind the last item the producer puts one sentinel for each consumer, which
 *			ends when it gets one
 *	end=join	consumers say of each item that it is done, and never end by themselves: the
 *			producer waits until all is done, and then ends them
 *
 * Every item must be consumed exactly once: by count, and by the sums of two functions of them. One
 * iteration is an item. What differs between the scenarios is the queue.
 */
#include "harness/scenario.h"
#include "mp/joinable_queue.h"
#include "scenario/crew.h"

struct consumers;

/* Items are numbers from 1. Each waits for at most timeout_ns: -ETIMEDOUT. */
struct consumers_queue {
	int (*open)(struct consumers *consumers);
	void (*close)(struct consumers *consumers); /* also after an open() that failed */
	int (*put)(struct consumers *consumers, uint64_t item, int64_t timeout_ns);
	int (*get)(struct consumers *consumers, uint64_t *ret_item, int64_t timeout_ns);
	/* Optional: an item that was got is done; waits until all are. */
	int (*task_done)(struct consumers *consumers);
	int (*join)(struct consumers *consumers, int64_t timeout_ns);
};

/* What one consumer got, on a cache line of its own. */
struct tally {
	_Alignas(64) uint64_t count;
	uint64_t sum, mixed;
};

/* What all see. */
struct consumers_board {
	_Atomic bool stop;
	struct tally tallies[CREW_MAX];
};

/* The private state. */
struct consumers {
	const struct consumers_queue *queue;
	struct consumers_board *board; /* shared */
	unsigned count;
	bool joins; /* end=join */
	struct crew crew;
	/* What the queues need. */
	struct mp_queue *mp_queue;
	struct mp_joinable_queue *joinable;
	int fds[2];
};

/* open() of the scenarios, with their queue; run() and close(). */
int consumers_open(
	struct consumers *consumers, const struct load *load, const struct consumers_queue *queue);
int consumers_run(struct load *load);
void consumers_close(void *state);
