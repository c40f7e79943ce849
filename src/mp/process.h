#pragma once
/*
 * Processes: multiprocessing.Process.
 *
 * mp_process_start() starts one that runs a function with an argument and ends with what the
 * function returns. Everything is told by pidfd and by the records of this process: nobody else is
 * signalled when a pid is used again, and nothing stays a zombie, unless the program waits for
 * "any" child or ignores SIGCHLD (then the exit code is lost, -ECHILD).
 *
 * The ways to start one:
 *
 *	MP_FORK	  libc's fork(): the child has a copy of everything, other threads excepted. Its
 *cost grows with the parent's memory. MP_SPAWN  vfork and exec of this very program, whose main()
 *must call mp_freeze_support() first of all. The child has nothing of its parent's but the
 *argument, shared memory (mp/shared.h) at the same addresses, the descriptors named in the options,
 *		  and 0 to 2. Its cost doesn't depend on the parent's size.
 *	MP_CLONE3 as MP_FORK, but by a bare clone3: without the fork handlers of others
 *		  (pthread_atfork), without SIGCHLD, and no wait() of the program sees it. Only a
 *		  process with one thread can do that and have a child in which libc works, so in
 *		  any other one it is MP_FORK.
 *
 * A daemon ends when its parent process ends, in whatever way, by SIGKILL and from the kernel; not
 * when the thread that started it ends. It may not start processes. When a process ends by exit()
 * or by returning from its function, its daemons are killed, and all others are waited for, as in
 * Python; what ends otherwise (a signal, _exit()) leaves its non-daemons alone.
 *
 * A process may be used by all threads of the one that started it. In a child it is the record of
 * a stranger: -ECHILD.
 */
#include <sys/types.h>

#include "mp/base.h"

enum mp_start_method {
	MP_FORK,
	MP_SPAWN,
	MP_CLONE3,
};

enum { MP_PROCESS_NAME_MAX = 64 };

struct mp_process;

struct mp_process_options {
	const char *name; /* NULL: "Process-1", "Process-1:1" of its first child; cut at 63 bytes */
	enum mp_start_method start_method;
	bool is_daemon;

	/* MP_SPAWN: so many bytes at `argument` are copied, and the function gets the copy. 0: the
	 * argument is NULL or points into shared memory. */
	size_t argument_bytes;

	/* MP_SPAWN: these stay open in the child, with the same numbers. */
	const int *fds;
	unsigned fd_count;
};

/*
 * Starts a process that calls run(argument) and ends with what that returns: 0 to 255, anything
 * else is 255. stdout and stderr are flushed before and at the end; what other streams hold is
 * copied with the rest of memory, and dropped at the end. A forked child leaves by _exit().
 * options NULL: a fork that is no daemon.
 *
 * -EPERM: a daemon may have no children; or this is a spawned process whose main() has not called
 * mp_freeze_support(). -EINVAL: MP_SPAWN of a function outside of the program itself, or with an
 * argument that the child wouldn't see. -EAGAIN, -ENOMEM, -EMFILE: mp_strerror() names the limit.
 */
MP_API int mp_process_start(int (*run)(void *argument), void *argument,
	const struct mp_process_options *options, struct mp_process **ret_process);

/*
 * First in main() of a program that uses MP_SPAWN: returns, having done nothing, in the program
 * that a user started; in a spawned process it runs the function and exits.
 */
MP_API void mp_freeze_support(void);

/*
 * Waits for the end. 0 and the exit code: what run() returned, or negative, the signal that killed
 * it. -EAGAIN, -ETIMEDOUT: still running. -ECHILD: not a child of this process, or somebody else
 * took the exit code. -ENOEXEC: a spawned program ended without having called mp_freeze_support();
 * other errors: the spawned process could not run the function. ret_exit_code may be NULL.
 */
MP_API int mp_process_join(struct mp_process *process, int64_t timeout_ns, int *ret_exit_code);

/* As mp_process_join() with a timeout of 0: -EAGAIN is Python's None. */
MP_API int mp_process_exit_code(struct mp_process *process, int *ret_exit_code);

MP_API bool mp_process_is_alive(struct mp_process *process);

/* SIGTERM, SIGKILL; 0 also when it has ended. */
MP_API int mp_process_terminate(struct mp_process *process);
MP_API int mp_process_kill(struct mp_process *process);

MP_API pid_t mp_process_pid(const struct mp_process *process);
MP_API const char *mp_process_name(const struct mp_process *process);
MP_API bool mp_process_is_daemon(const struct mp_process *process);

/* Python's sentinel: becomes readable when the process ends; open until mp_process_free(). -1 when
 * there was no descriptor left. */
MP_API int mp_process_fd(const struct mp_process *process);

/* Accepts NULL; keeps errno. What still runs goes on, is reaped after its end, and waited for at
 * exit as before. */
MP_API void mp_process_free(struct mp_process *process);

/* This process; its name is "MainProcess" if libmp didn't start it. Not to be freed. */
MP_API struct mp_process *mp_current_process(void);

/* Who started this process with libmp, or NULL. It may be asked for pid, name, is_alive and, with
 * ret_exit_code NULL, joined. Not to be freed. */
MP_API struct mp_process *mp_parent_process(void);

/* The children that run, the oldest first: writes up to `max` and returns how many there are.
 * Reaps those that have ended. */
MP_API unsigned mp_active_children(struct mp_process **ret_children, unsigned max);

/* How many CPUs this process may really use: those of its affinity (the cpuset included), at most
 * what the cgroups' quotas allow, rounded up. At least 1. */
MP_API unsigned mp_cpu_count(void);
