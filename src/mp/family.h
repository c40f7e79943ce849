#pragma once
/*
 * The inside of process.h: what a process knows of itself, its parent and its children.
 *
 * The records of children are a list under one lock. Nobody reaps a child without that lock, and
 * nobody signals one by its pid without it, so the pid is the child's. A new process forgets the
 * list: it closes the descriptors in it and leaves the records to their users.
 *
 * Lock order: the family's lock, then the arena's (mp/arena.h).
 */
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "mp/process.h"

struct spawn_handoff;

struct mp_process {
	pid_t pid;
	pid_t owner;       /* whose child it is; 0: this process itself, or its parent */
	_Atomic int pidfd; /* -1: not opened yet, or there was no descriptor left */
	bool is_used;      /* not from the heap */
	bool is_daemon;
	bool is_released;      /* whoever reaps it frees it */
	_Atomic bool is_ended; /* then the next two are final */
	int exit_code;
	int error;                     /* why there is no exit code */
	struct spawn_handoff *handoff; /* of a spawned one, in shared memory */
	struct mp_process *next, *previous;
	char name[MP_PROCESS_NAME_MAX];
};

/* A start, and what of it the new process needs. */
struct process_start {
	struct mp_process *process;
	int (*run)(void *argument);
	void *argument;
	const struct mp_process_options *options;
	int lifeline_fd; /* what ends a daemon; -1 */
	sigset_t mask;   /* the caller's: all signals are blocked during a start */
};

/* The ways to start: set pid on success, and pidfd if they can. */
int process_fork(struct process_start *start);
int process_clone(struct process_start *start);
int process_spawn(struct process_start *start);

/* In the new process, which knows who it is: runs the function, and ends the children that must not
 * outlive it. Its exit status. */
int process_run(const struct process_start *start);

/* Before a fork and at the end of its child. */
void process_flush(void);

/* _exit(). */
_Noreturn void process_leave(int status);

/* Once per program: handlers of fork and exit. */
int family_prepare(void);

void family_enter(void);
void family_leave(void);

/* In a child that libc's fork handlers did not run in; the parent had locked before. */
void family_forked(void);

/* Who a new process is: what its parent has written down of it. */
void family_become(const struct mp_process *record, const char parent_name[MP_PROCESS_NAME_MAX]);

/* Of a child to be; NULL without memory. family_free() takes it back. */
struct mp_process *family_record_new(void);

void family_add(struct mp_process *process);

/* Takes the exit code if the child has ended: 0, or -EAGAIN. Locked. */
int family_reap(struct mp_process *process);

/* Reaps and frees those that nobody has a handle of any more. */
void family_sweep(void);

/* Kills the daemons, and waits for all. */
void family_finish(void);

/* Opens process->pidfd unless it is open; of the parent, too. 0, -ESRCH when it has ended. */
int family_watch(struct mp_process *process);

/* 1, 2, 3 … of the children of this process. */
unsigned family_next_number(void);

/* Not locked. */
void family_free(struct mp_process *process);
