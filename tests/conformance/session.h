#pragma once
/*
 * A conversation: the check's own process (or thread) opens a channel and is one of its sides; the
 * others are forked, or threads.
 */
#include <pthread.h>

#include "conformance.h"
#include "os/proc.h"
#include "pattern.h"

/* What a side works with: its own view of the channel, and buffers for one message each way. */
struct side {
	struct cell *cell;
	struct channel *channel;
	unsigned side;
	size_t buffer_bytes;
	unsigned char *out, *in; /* `in` has a canary behind the message */
	struct pattern_key sent; /* the next message that say() sends */
	struct ledger heard;     /* what hear() has received */
	const void *argument;
};

typedef void side_function(struct side *side);

struct session {
	struct cell *cell;
	struct transport_options options;
	struct channel opener;
	struct channel copies[TRANSPORT_SIDES_MAX]; /* threads: one each; processes: unused */
	struct side mine;
	side_function *others;
	const void *argument;
	int fds_before, started;
	int memory_fds_before; /* libmp's, among them */
	pid_t parent;
	struct proc procs[TRANSPORT_SIDES_MAX];
	pthread_t threads[TRANSPORT_SIDES_MAX];
};

/* Opens, starts the other sides (they run others(), with .argument), attaches as `side`. On
 * failure there is a finding, and the session is over. */
bool session_start(struct session *session, struct cell *cell,
	const struct transport_options *options, unsigned side, side_function *others,
	const void *argument);

/* Closes and waits for the other sides, which must end by themselves; with findings, processes are
 * killed and threads left (the check's process ends anyway). Audits descriptors and mappings. */
void session_end(struct session *session);

/* SIGKILL to a side that is a process, and reaps it. */
void session_kill(struct session *session, unsigned side);

/* Both sides tell each other their thread: it must be another one, in another process or in this
 * one, as the exec says. Ledgers expect that thread from then on. */
void hello(struct side *side, unsigned peer);

/* Sends the next message of n bytes; receives one and books it. False, with a finding, when the
 * call fails. */
bool say(struct side *side, size_t n, bool last);
bool hear(struct side *side, size_t n);

/* As above, but only the value of the call, which the caller judges. */
int try_say(struct side *side, size_t n);
int try_hear(struct side *side, size_t n);

/* Whether `in` was written beyond the n bytes of a message. */
void side_check_canary(struct side *side, size_t n);

/* Waits until a thread sleeps in the kernel and does not get on, or for 100 ms: the spinning ones
 * never sleep. For the supervisor and for sides. */
void wait_until_stuck(struct board *board, unsigned side);
