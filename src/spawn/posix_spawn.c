/*
 * posix_spawn: libc's way to load another program. In glibc a clone() with CLONE_VFORK on a stack
 * of its own, signals blocked: as cheap as vfork, and safe. An error of exec comes back as the
 * call's.
 */
#include <spawn.h>

#include "base/error.h"
#include "spawn/process.h"

static int posix_spawn_run(void *state)
{
	const struct spawn_process *process = state;
	char *arguments[] = {(char *)process->helper, NULL}, *environment[] = {NULL};
	pid_t pid;

	int error = posix_spawn(&pid, process->helper, NULL, NULL, arguments, environment);
	if (error > 0)
		return fail(-error, "posix_spawn: %s: %s", process->helper, error_message(-error));
	return trace(spawn_reap(pid));
}

const struct spawn spawn_posix_spawn = {
	.name = "posix_spawn",
	.summary = "posix_spawn of a program that ends",
	.capabilities = SPAWN_PROCESS | SPAWN_EXEC,
	.state_bytes = sizeof(struct spawn_process),
	.open = spawn_open_helper,
	.run = posix_spawn_run,
	.close = spawn_close,
};
