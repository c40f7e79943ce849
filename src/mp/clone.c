/*
 * A process by clone3, in which libc is as after its own fork().
 *
 * Of what fork() does, a process with one thread needs this: the kernel writes the child's thread
 * id where libc keeps it (PR_GET_TID_ADDRESS tells where), and the robust list is emptied and
 * registered. The rest of fork() is about locks that other threads hold, and about its handlers:
 * ours are called here. With more threads, or under a sanitizer, which must know of every fork, it
 * is fork().
 *
 * The child sends no SIGCHLD, so neither a handler nor a wait() of the program meets it, and
 * ignoring SIGCHLD doesn't lose its exit code.
 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "mp/arena.h"
#include "mp/family.h"
#include "mp/latch.h"
#include "mp/thread.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer) || \
	__has_feature(address_sanitizer)
#define CLONE_IS_FORK 1
#endif
#elif defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CLONE_IS_FORK 1
#endif
#ifndef CLONE_IS_FORK
#define CLONE_IS_FORK 0
#endif

/* Where libc keeps this thread's id; NULL when the kernel doesn't tell. */
static pid_t *thread_id_place(void)
{
	pid_t *place = NULL;

	if (prctl(PR_GET_TID_ADDRESS, &place) < 0 || !place || *place != gettid())
		return NULL;
	return place;
}

static void mend_robust_list(struct mp_robust_head_ *head)
{
	head->list = &head->list;
	head->pending = NULL;
	kernel_call(SYS_set_robust_list, (long)head, sizeof(*head), 0, 0);
	/* A thread that has never used a lock is spared a page. */
	if (mp_thread_.tid != 0)
		mp_thread_reset_();
}

int process_clone(struct process_start *start)
{
	struct mp_process *process = start->process;
	char parent_name[MP_PROCESS_NAME_MAX];
	pid_t *place = CLONE_IS_FORK || !__libc_single_threaded ? NULL : thread_id_place();
	int pidfd = -1;

	if (!place)
		return trace(process_fork(start));
	struct clone_args arguments = {
		.flags = CLONE_PIDFD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID,
		.pidfd = (uintptr_t)&pidfd,
		.child_tid = (uintptr_t)place};
	memcpy(parent_name, mp_current_process()->name, sizeof(parent_name));
	process_flush();
	struct mp_robust_head_ *head = NULL;
	size_t head_bytes;
	kernel_call(SYS_get_robust_list, 0, (long)&head, (long)&head_bytes, 0);
	family_enter();
	arena_lock();
	long pid = fault_hit() ? -errno
			       : kernel_call(SYS_clone3, (long)&arguments, sizeof(arguments), 0, 0);
	if (pid == 0) {
		mend_robust_list(head);
		arena_forked();
		family_forked();
		family_become(process, parent_name);
		int status = process_run(start);
		process_flush();
		process_leave(status);
	}
	arena_unlock();
	family_leave();
	if (pid < 0)
		return fail((int)pid,
			"cannot clone: %s (see 'ulimit -u', 'ulimit -n' and the cgroup's pids.max)",
			strerror((int)-pid));
	process->pid = (pid_t)pid;
	process->pidfd = pidfd;
	return 0;
}
