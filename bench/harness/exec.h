#pragma once
/*
 * What a side is: a process or a thread. A member is one file of bench/exec that exports one
 * `const struct exec_member exec_NAME`.
 */
#include <stdbool.h>
#include <stdint.h>
#include <pthread.h>

#include "os/proc.h"

/* One started side. Zeroed: not started. */
struct exec_side {
	bool started;
	struct proc proc;
	pthread_t thread;
	int (*run)(void *argument);
	void *argument;
	int r; /* of a thread */
};

struct exec_member {
	const char *name;
	bool threads;

	/* Calls run(argument) in a new side. */
	int (*start)(struct exec_side *side, int (*run)(void *argument), void *argument);

	/* Waits for its end. 0; -ETIMEDOUT; -ECHILD with a message when it did not end well. */
	int (*join)(struct exec_side *side, int64_t deadline_ns);

	/* Ends it by force where that is possible (a thread cannot be killed: the process has to
	 * end). Accepts one that has not started. */
	void (*kill)(struct exec_side *side);
};

/* By enum exec of cell.h. */
extern const struct exec_member *const execs[];
