#pragma once
/*
 * Child processes: they die with their parent, are reaped by pidfd (no race with reuse of the
 * pid), and leave no zombie.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc {
	pid_t pid; /* 0: empty */
	int pidfd; /* readable when the process has ended */
};

#define PROC_NULL ((struct proc){.pid = 0, .pidfd = -1})

/* Forks. The child runs run(argument), then _exit()s with what that returns (0…255, a negative
 * value is 255); it gets SIGKILL when its parent dies. stdio is flushed before. */
int proc_start(struct proc *proc, int (*run)(void *argument), void *argument);

/* Waits for the end and reaps. ret_status as waitpid() gives it. -ETIMEDOUT: still running. */
int proc_join(struct proc *proc, int64_t deadline_ns, int *ret_status);

/* SIGKILL and reap; accepts the empty one; keeps errno. A cleanup function. */
void proc_kill(struct proc *proc);

/* A descriptor that becomes readable when the process ends, for one that is not our child too.
 * -ESRCH: it has ended. */
int proc_pidfd(pid_t pid);

/* Whether the process behind a pidfd has ended. */
int proc_has_ended(int pidfd);

/* When the process began, in clock ticks since the boot: with its pid, a name that is never given
 * twice. 0: there is no such process, or it has ended (also if nobody has reaped it yet). */
uint64_t proc_birth(pid_t pid);

/* Whether the process that had this name is still there. System calls: not for a timed path. */
bool proc_is_alive(pid_t pid, uint64_t birth);
