#pragma once
/*
 * A subject is one queue for messages of one size, and how each kind of process behaves with it:
 *
 *	produce, consume  a stream. Producers put until their time is over; the last one then puts
 *			  a sentinel per consumer, behind all that was put. Consumers take whatever
 *			  is next, so they share the work as they can.
 *	ping, pong	  a message there through queue 0 and back through queue 1, verified by
 *both. fill, drain	  for ever: one sleeps at queue 1, which is full, one at queue 0, which is
 *			  empty.
 *
 * open() runs before the processes are forked, and what it makes they inherit; the memory is
 * shared, zeroed, and at the same address in all of them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	PRODUCERS_MAX = 2,
	CONSUMERS_MAX = 2,
	GROUPS_MAX = 4096,
	BULK = 32, /* messages of a put_many or get_many */
	/* The slots of every queue that lets one choose. */
	SLOTS_SMALL = 1024,
	SLOTS_LARGE = 64,
	SMALL_BYTES = 64,
	LARGE_BYTES = 64 * 1024,
};

/* What a process has put or taken, to be compared at the end: nothing lost, nothing twice. */
struct tally {
	uint64_t put;                 /* by this producer */
	uint64_t next[PRODUCERS_MAX]; /* a producer's numbers only grow, at each consumer */
	uint64_t got[PRODUCERS_MAX], sum[PRODUCERS_MAX];
	bool is_wrong;
};

/* A process of a run. */
struct part {
	void *queues[2];
	unsigned index; /* of this producer */
	unsigned consumers;
	unsigned *producing; /* shared: producers that are not done yet */
	int64_t until_ns;    /* when a producer, or the caller, is to end */
	struct tally tally;
	/* Of the caller: ns each of groups of round trips; the latest overwrite the first. */
	double *groups;
	uint64_t group_count;
};

enum role { PRODUCE, CONSUME, PING, PONG, FILL, DRAIN, ROLES };

typedef void role_function(struct part *part);

struct subject {
	const char *name;    /* "boost mq" */
	const char *skipped; /* why it is not there; NULL: it is */
	size_t message_bytes;
	bool spins;   /* it has no way to sleep */
	bool is_lone; /* for one producer and one consumer */
	size_t memory_bytes;
	/* Before the processes exist. -EOPNOTSUPP with a message: this machine does not let it. */
	int (*open)(void *memory, void **ret_queues);
	void (*close)(void **queues); /* optional */
	role_function *roles[ROLES];
	const char *python; /* another program does it: the name for python_queue.py */
};

/* Each ended by one without a name. */
extern const struct subject subjects_ours[], subjects_simple[], subjects_posix_mq[],
	subjects_boost[], subjects_rigtorp[], subjects_python[];

#ifdef __cplusplus
}
#endif
