#include "lock/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"

int file_probe(char reason[LOCK_REASON_MAX])
{
	if (access("/proc/self/fd", X_OK) == 0)
		return 0;
	snprintf(reason, LOCK_REASON_MAX,
		"no /proc/self/fd to open a file without a name again: mount /proc");
	return -EOPNOTSUPP;
}

int file_open(void *state, const struct lock_options *options)
{
	struct file *file = state;

	file->inherited = file->own = -1;
	int r = area_open(&file->area, options);
	if (r < 0)
		return trace(r);
	file->inherited = sys(memfd_create("ipcmark-lock", MFD_CLOEXEC));
	if (file->inherited < 0)
		return fail(file->inherited, "memfd_create: %s (see 'ulimit -n')",
			error_message(file->inherited));
	/* A record lock needs no byte there, but one is what programs lock. */
	return trace(sys(ftruncate(file->inherited, 1)));
}

int file_attach(void *state, unsigned side)
{
	struct file *file = state;
	char path[64];

	area_attach(state, side);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->inherited);
	file->own = sys(open(path, O_RDWR | O_CLOEXEC));
	return file->own < 0 ? fail(file->own, "cannot open %s: %s", path, error_message(file->own))
			     : 0;
}

void file_close(void *state)
{
	struct file *file = state;

	fd_close(&file->own);
	if (area_owns(&file->area))
		fd_close(&file->inherited);
	area_close(state);
}
