#pragma once
/*
 * The watchdog: a thread of the harness that sleeps until a phase has lasted too long or a side has
 * died, says which side hangs in which call, and ends it. The timed path knows nothing of it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "transport/transport.h"

enum { WATCH_MESSAGE_MAX = 1024 };

struct watch;

/* What can be told of a side, and how to end it. */
struct watch_side {
	pid_t pid, tid;
	int pidfd; /* -1: a thread of this process */
};

/*
 * Starts it. When a phase has passed its deadline, the sides are killed (processes), which makes a
 * transport that sees death return; if the harness is still in the phase WATCH_GRACE_MS later,
 * emergency(context, message) is called in the watchdog's thread and must not return.
 */
int watch_start(struct watch **ret_watch, void (*emergency)(void *context, const char *message),
	void *context);

/* A phase of this name begins: the sides it has, and until when it may last. */
void watch_begin(struct watch *watch, const char *phase, const struct watch_side *sides,
	unsigned side_count, int64_t deadline_ns);

/* The phase has ended. Returns the message if the watchdog has stepped in, else NULL. */
const char *watch_end(struct watch *watch);

/* Accepts NULL. */
void watch_stop(struct watch *watch);
