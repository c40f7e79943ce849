/*
 * thread: a side is a thread of the harness. It shares memory and descriptors with the others, so
 * it works on a copy of the channel's state that owns nothing shared. A thread that hangs cannot be
 * ended: the harness must.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "harness/exec.h"

static void *thread_main(void *argument)
{
	struct exec_side *side = argument;

	side->r = side->run(side->argument);
	return NULL;
}

static int thread_start(struct exec_side *side, int (*run)(void *argument), void *argument)
{
	side->run = run;
	side->argument = argument;
	int r = -pthread_create(&side->thread, NULL, thread_main, side);
	if (r < 0)
		return fail(r,
			"cannot start a thread: %s (see 'ulimit -u' and the cgroup's "
			"pids.max)",
			error_message(r));
	side->started = true;
	return 0;
}

static int thread_join(struct exec_side *side, int64_t deadline_ns)
{
	struct timespec limit = timespec_of(
		deadline_ns == DEADLINE_NEVER ? clock_ns() + 3600 * NS_PER_S : deadline_ns);

	int r = -pthread_clockjoin_np(side->thread, NULL, CLOCK_MONOTONIC, &limit);
	if (r < 0)
		return trace(r);
	side->started = false;
	return side->r < 0 ? fail(-ECHILD, "a thread ended with an error") : 0;
}

static void thread_kill(struct exec_side *side)
{
	(void)side;
}

const struct exec_member exec_thread = {
	.name = "thread",
	.threads = true,
	.start = thread_start,
	.join = thread_join,
	.kill = thread_kill,
};
