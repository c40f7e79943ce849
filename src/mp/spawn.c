/*
 * The parent's side of MP_SPAWN: vfork, exec of this program, and the handoff that its
 * mp_freeze_support() finds (freeze.c).
 *
 * The child shares the parent's memory until it has exec'd, while the thread that made it waits: it
 * has its own stack and its own table of descriptors, and calls nothing but the kernel. The table
 * of arenas is locked from its copy to the exec, so that nobody closes one in between. All signals
 * are blocked, and stay so until mp_freeze_support() restores the caller's mask: no handler of the
 * parent's runs in the child.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/family.h"
#include "mp/handoff.h"
#include "mp/lifeline.h"
#include "mp/shared.h"

/* A sanitizer's notes about a thread are spoilt by a second one in the same memory. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SHARED_MEMORY 0
#endif
#elif defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SHARED_MEMORY 0
#endif
#ifndef SHARED_MEMORY
#define SHARED_MEMORY CLONE_VM
#endif

enum { STACK_BYTES = 32 << 10, ALIGNMENT = 64, VARIABLE_BYTES = 128 };

struct child {
	struct process_start *start;
	struct spawn_handoff *handoff;
	char **arguments, **environment;
};

/* Called for each loaded object; the program is the first. */
static int search_program(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct program_code *code = argument;

	(void)size;
	*code = (struct program_code){.base = info->dlpi_addr, .begin = UINTPTR_MAX};
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + header->p_vaddr;
		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
			continue;
		if (begin < code->begin)
			code->begin = begin;
		if (begin + header->p_memsz > code->end)
			code->end = begin + header->p_memsz;
	}
	return 1;
}

void program_find_code(struct program_code *ret_code)
{
	dl_iterate_phdr(search_program, ret_code);
}

/* Between vfork and exec. */
static int run_child(void *argument)
{
	struct child *child = argument;
	const struct mp_process_options *options = child->start->options;
	struct spawn_handoff *handoff = child->handoff;

	handoff->failed = "close_range";
	bool is_well = close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
	for (unsigned i = 0; is_well && i < handoff->arena_count; i++)
		is_well = fcntl(handoff->arenas[i].fd, F_SETFD, 0) == 0;
	for (unsigned i = 0; is_well && i < options->fd_count; i++) {
		handoff->failed = "a descriptor of the options";
		is_well = fcntl(options->fds[i], F_SETFD, 0) == 0;
	}
	if (is_well && handoff->lifeline_fd >= 0) {
		handoff->failed = "watching over a daemon";
		int r = lifeline_hold(handoff->lifeline_fd);
		errno = r < 0 ? -r : 0;
		is_well = r == 0 && fcntl(handoff->lifeline_fd, F_SETFD, 0) == 0;
	}
	if (is_well) {
		handoff->pid = getpid();
		handoff->failed = "exec of /proc/self/exe";
		execve("/proc/self/exe", child->arguments, child->environment);
	}
	handoff->error = errno;
	_exit(127);
}

/* vfork() whose child has a stack of its own: a function that returns twice has no safe locals. */
static int start_child(struct child *child, int *ret_pidfd)
{
	char stack[STACK_BYTES] __attribute__((aligned(16)));
	struct mp_process *process = child->start->process;
	pid_t pid = sys(clone(run_child, stack + sizeof(stack),
		SHARED_MEMORY | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, ret_pidfd));

	if (pid < 0)
		return fail(pid,
			"cannot start a process: %s (see 'ulimit -u', 'ulimit -n' and the "
			"cgroup's pids.max)",
			error_message(pid));
	if (child->handoff->error != 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(*ret_pidfd);
		return fail(-child->handoff->error, "cannot spawn %s: %s: %s", process->name,
			child->handoff->failed, strerror(child->handoff->error));
	}
	process->pid = pid;
	return 0;
}

static int check_argument(const struct process_start *start, uintptr_t *ret_offset)
{
	uintptr_t function = (uintptr_t)start->run;
	struct program_code code;

	program_find_code(&code);
	if (function < code.begin || function >= code.end)
		return fail(-EINVAL,
			"the function at %p cannot be spawned: it is not in the program itself (a "
			"library's may lie elsewhere in the child)",
			(void *)function);
	*ret_offset = function - code.base;
	if (start->argument && start->options->argument_bytes == 0 &&
		!mp_shared_contains(start->argument, 1))
		return fail(-EINVAL,
			"the argument at %p is not in shared memory, and argument_bytes is 0: the "
			"spawned process wouldn't see it",
			start->argument);
	return 0;
}

/* The arenas are locked on success: the list in the handoff is true for so long. */
static int make_handoff(
	const struct process_start *start, uintptr_t offset, struct spawn_handoff **ret_handoff)
{
	const struct mp_process *self = mp_current_process();
	size_t bytes = start->options->argument_bytes;
	void *piece;

	arena_lock();
	/* The handoff itself may need one more. */
	size_t head =
		sizeof(struct spawn_handoff) + (arena_count() + 1) * sizeof(struct arena_view);
	head = (head + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	int r = arena_piece_new(head + bytes, &piece);
	if (r < 0) {
		arena_unlock();
		return trace(r);
	}
	struct spawn_handoff *handoff = piece;
	handoff->size_bytes = sizeof(*handoff);
	handoff->function_offset = offset;
	handoff->argument = start->argument;
	if (bytes > 0) {
		handoff->argument = (char *)piece + head;
		memcpy(handoff->argument, start->argument, bytes);
	}
	handoff->mask = start->mask;
	handoff->record = *start->process;
	handoff->lifeline_fd = start->lifeline_fd;
	memcpy(handoff->parent_name, self->name, sizeof(handoff->parent_name));
	handoff->arena_count = arena_count();
	arena_list(handoff->arenas, handoff->arena_count);
	*ret_handoff = handoff;
	return 0;
}

/* The environment and where the handoff is. The strings stay their owners'. */
static int make_environment(
	const struct spawn_handoff *handoff, char variable[VARIABLE_BYTES], char ***ret_environment)
{
	size_t count = 0;
	const struct arena_view *arena = handoff->arenas;

	while ((uintptr_t)handoff - (uintptr_t)arena->address >= arena->size_bytes)
		arena++;
	snprintf(variable, VARIABLE_BYTES, HANDOFF_VARIABLE "=%d:%zx:%zx:%zx", arena->fd,
		(size_t)(uintptr_t)arena->address, arena->size_bytes,
		(size_t)((uintptr_t)handoff - (uintptr_t)arena->address));
	while (environ && environ[count])
		count++;
	char **environment = fault_hit() ? NULL : calloc(count + 2, sizeof(*environment));
	if (!environment)
		return fail(-ENOMEM, "no memory for the environment of a process");
	environment[0] = variable;
	if (count > 0)
		memcpy(environment + 1, environ, count * sizeof(*environment));
	*ret_environment = environment;
	return 0;
}

int process_spawn(struct process_start *start)
{
	_cleanup_(freep) char **environment = NULL;
	char variable[VARIABLE_BYTES];
	char *arguments[] = {program_invocation_name, NULL};
	uintptr_t offset = 0;
	int pidfd = -1;

	int r = check_argument(start, &offset);
	if (r < 0)
		return trace(r);
	struct child child = {.start = start, .arguments = arguments};
	r = make_handoff(start, offset, &child.handoff);
	if (r < 0)
		return trace(r);
	r = make_environment(child.handoff, variable, &environment);
	if (r == 0) {
		child.environment = environment;
		r = start_child(&child, &pidfd);
	}
	arena_unlock();
	if (r < 0) {
		mp_shared_free(child.handoff);
		return trace(r);
	}
	start->process->handoff = child.handoff;
	start->process->pidfd = pidfd;
	return 0;
}

int handoff_outcome(const struct spawn_handoff *handoff, int exit_code)
{
	if (handoff->state == HANDOFF_FAILED)
		return handoff->error;
	return handoff->state == HANDOFF_MADE && exit_code >= 0 ? -ENOEXEC : 0;
}

int handoff_fail(const struct spawn_handoff *handoff, int r, const char *name)
{
	if (handoff->state == HANDOFF_FAILED)
		return fail(r, "%s: %s", name, handoff->message);
	return fail(r,
		"%s ended without having run its function: main() must call "
		"mp_freeze_support() before anything else",
		name);
}
