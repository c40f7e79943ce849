#pragma once
/*
 * The watchdog: sleeps until a phase has lasted too long or a side has died, says which side hangs
 * in which call, and ends it. The timed path knows nothing of it.
 *
 * It is a process of its own, not a thread: a second thread shares the table of descriptors, and
 * the kernel then counts references in every read() and write() (a pipe's round trip on one CPU
 * takes 4 to 5 % longer).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/family.h"

enum { WATCH_MESSAGE_MAX = 1024 };

struct watch;

struct watch_side {
	pid_t pid, tid;
};

/*
 * Starts it; before the channel is opened, or it would keep the channel's descriptors alive.
 * When a phase has passed its deadline, the sides that are processes are killed, which makes a
 * transport that sees death return; if the harness is still in the phase a second later,
 * emergency(context, message) is called in the watchdog's process (with a copy of the context, as
 * it is now), and then the harness is killed.
 */
int watch_start(struct watch **ret_watch, void (*emergency)(void *context, const char *message),
	void *context);

/* A phase of this name begins: the sides it has, and until when it may last. */
void watch_begin(struct watch *watch, const char *phase, const struct watch_side *sides,
	unsigned side_count, int64_t deadline_ns);

/* The phase has ended. Returns the message if the watchdog has stepped in, else NULL; valid until
 * watch_stop(). */
const char *watch_end(struct watch *watch);

/* Accepts NULL. */
void watch_stop(struct watch *watch);
