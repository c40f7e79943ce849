#pragma once
/*
 * What a spawned process gets from its parent: a piece of shared memory that says who it is, what
 * to run, and which arenas to map; and in which it answers.
 *
 * The environment tells where the piece lies: MP_SPAWN=fd:arena's address:arena's size:offset. The
 * child knows by the pid in it that it is meant, so the variable does no harm to a program that
 * inherits it by accident.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#include "mp/arena.h"
#include "mp/family.h"

#define HANDOFF_VARIABLE "MP_SPAWN"

enum handoff_state {
	HANDOFF_MADE,
	HANDOFF_RUNS,   /* the function was called */
	HANDOFF_FAILED, /* it could not be: error and message */
};

enum { HANDOFF_MESSAGE_MAX = 256 };

struct spawn_handoff {
	size_t size_bytes; /* of this struct: both sides are the same program */
	_Atomic int state;
	_Atomic pid_t pid;
	const char *failed; /* what did, before the exec: with a positive error */
	int error;
	char message[HANDOFF_MESSAGE_MAX];

	uintptr_t function_offset; /* from where the program was loaded */
	void *argument;
	sigset_t mask;
	int lifeline_fd;
	struct mp_process record; /* the parent's of the child */
	char parent_name[MP_PROCESS_NAME_MAX];

	unsigned arena_count;
	struct arena_view arenas[];
};

/* Where this program was loaded, and the first and last of its code. */
struct program_code {
	uintptr_t base, begin, end;
};

void program_find_code(struct program_code *ret_code);

/* Why a process that ended so has not run its function; 0: it has, or was killed before. */
int handoff_outcome(const struct spawn_handoff *handoff, int exit_code);

/* That as an error of the parent, with a message. */
int handoff_fail(const struct spawn_handoff *handoff, int r, const char *name);

/* Whether this process was spawned and hasn't called mp_freeze_support() yet. */
bool handoff_is_pending(void);
