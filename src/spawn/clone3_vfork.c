/*
 * clone3_vfork: the system call behind posix_spawn: the child shares the caller's memory
 * (CLONE_VM) on a stack of its own, has no handlers of signals (CLONE_CLEAR_SIGHAND, so that none
 * runs on that memory), and the caller stands still until the program is loaded (CLONE_VFORK).
 *
 * No C function can return on a new stack: the few instructions after the call are written out,
 * for x86-64 only.
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "os/fd.h"
#include "spawn/process.h"

/* CLONE_CLEAR_SIGHAND, the youngest part, is of 5.5. */
enum { STACK_BYTES = 16384 };

#if defined(__x86_64__)
static int clone3_vfork_probe(char reason[SPAWN_REASON_MAX])
{
	if (syscall(SYS_clone3, NULL, 0) < 0 && errno == EINVAL)
		return 0;
	snprintf(reason, SPAWN_REASON_MAX,
		"the kernel has no clone3 (before 5.5), or a filter of system calls forbids it");
	return -EOPNOTSUPP;
}

static long clone_and_exec(struct clone_args *arguments, const char *helper)
{
	long r;

	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "movq %[helper], %%rdi\n\t"
			 "callq *%[become]\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(r)
			 : "0"((long)SYS_clone3), "D"(arguments),
			 "S"(sizeof(*arguments)), [helper] "r"(helper), [become] "r"(spawn_exec)
			 : "rcx", "r11", "memory");
	return r;
}
#else
static int clone3_vfork_probe(char reason[SPAWN_REASON_MAX])
{
	snprintf(reason, SPAWN_REASON_MAX, "written for x86-64 only");
	return -EOPNOTSUPP;
}

static long clone_and_exec(struct clone_args *arguments, const char *helper)
{
	(void)arguments, (void)helper;
	return -EOPNOTSUPP;
}
#endif

static int clone3_vfork_run(void *state)
{
	const struct spawn_process *process = state;
	_Alignas(16) unsigned char stack[STACK_BYTES];
	int pidfd = -1;
	struct clone_args arguments = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack),
	};

	long pid = clone_and_exec(&arguments, process->helper);
	int r = pid < 0 ? fail((int)pid, "clone3: %s", error_message((int)pid))
			: spawn_reap_pidfd(pidfd);
	fd_close(&pidfd);
	return trace(r);
}

const struct spawn spawn_clone3_vfork = {
	.name = "clone3_vfork",
	.summary = "the bare system call as posix_spawn makes it, with a pidfd",
	.capabilities = SPAWN_PROCESS | SPAWN_EXEC,
	.state_bytes = sizeof(struct spawn_process),
	.probe = clone3_vfork_probe,
	.open = spawn_open_helper,
	.run = clone3_vfork_run,
	.close = spawn_close,
};
