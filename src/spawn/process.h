#pragma once
/*
 * What the members that start processes share: which program is loaded, and how its end is judged.
 * The environment is empty in all of them, so that what is copied is the same.
 */
#include "spawn/spawn.h"

#include <stdint.h>
#include <sys/types.h>

struct spawn_process {
	const char *helper;
};

/* An open() that needs no program, and one that needs it: -ENOENT or -EACCES names it. */
int spawn_open_bare(void *state, const struct spawn_options *options);
int spawn_open_helper(void *state, const struct spawn_options *options);

void spawn_close(void *state);

/* For members that start this very program again: -EOPNOTSUPP unless its main() has called
 * spawn_main(), without which it would begin anew, and start itself without an end. */
int spawn_open_self(void *state, const struct spawn_options *options);

/* Becomes the helper; does not return. For a child that may share its parent's memory: it writes
 * nothing but its own stack. */
__attribute__((no_sanitize_address)) _Noreturn void spawn_exec(const char *helper);

/* Likewise: becomes this program, which ends in spawn_main(). */
__attribute__((no_sanitize_address)) _Noreturn void spawn_exec_self(void);

/* Waits for a child's end and judges it: 0, or -ECHILD with a message. */
int spawn_reap(pid_t pid);
int spawn_reap_pidfd(int pidfd);
