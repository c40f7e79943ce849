/*
 * mmap_file: futex_shm on a mapping of a real file, so that what differs is that the pages belong
 * to a file system: they are in the page cache, stores make them dirty, and the kernel accounts
 * for that, writes them back every few seconds (fsync is nobody's concern here) and makes the next
 * store to each of them fault again to learn that it is dirty once more. On a tmpfs none of that
 * happens, and the result should be futex_shm's.
 *
 * The file is in $TMPDIR, or else in /var/tmp, which unlike /tmp is rarely a tmpfs, or else in
 * /tmp. It never has a name (O_TMPFILE), or for a moment only where the file system cannot do
 * that. Its blocks are reserved, as a full disk would otherwise be a SIGBUS. A futex on such a page
 * works between processes: the kernel knows it by inode and offset.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "transport/slots.h"
#include "transport/token.h"

static const char *directory(void)
{
	const char *candidates[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};

	for (unsigned i = 0; i < 3; i++)
		if (candidates[i] && candidates[i][0] && access(candidates[i], W_OK | X_OK) == 0)
			return candidates[i];
	return NULL;
}

static int mmap_file_probe(struct transport_limits *limits)
{
	if (directory())
		return 0;
	snprintf(limits->reason, sizeof(limits->reason),
		"neither TMPDIR nor /var/tmp nor /tmp can be written: set TMPDIR");
	return -EOPNOTSUPP;
}

/* A file without a name in the directory: its descriptor. */
static int nameless(const char *in)
{
	char path[4096];
	int fd = sys(open(in, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));

	/* EISDIR comes from kernels, EOPNOTSUPP from file systems that do not know O_TMPFILE. */
	if (fd != -EISDIR && fd != -EOPNOTSUPP)
		return fd;
	if (snprintf(path, sizeof(path), "%s/ipcmark-XXXXXX", in) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = sys(mkostemp(path, O_CLOEXEC));
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int map_file(struct shm *shm, size_t size_bytes)
{
	const char *in = directory();

	if (!in)
		return fail(-ENOENT, "no directory for a file can be written: set TMPDIR");
	_cleanup_(fd_close) int fd = nameless(in);
	if (fd < 0)
		return fail(fd, "cannot make a file in %s: %s (TMPDIR names another place)", in,
			error_message(fd));
	int r = sys(fallocate(fd, 0, 0, (off_t)size_bytes));
	if (r < 0)
		return fail(r, "cannot reserve %zu bytes in %s: %s (TMPDIR names another place)",
			size_bytes, in, error_message(r));
	/* The pages are faulted in here, and not in the timed path. */
	void *data = fault_hit() ? MAP_FAILED
				 : mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_POPULATE, fd, 0);
	if (data == MAP_FAILED)
		return fail(-errno, "cannot map a file in %s: %s", in, error_message(-errno));
	*shm = (struct shm){.data = data, .size_bytes = size_bytes, .mapped_bytes = size_bytes};
	return 0;
}

static int mmap_file_take(void *state, unsigned token, int timeout_ms)
{
	return token_take(slots_cell(state, token), timeout_ms);
}

static int mmap_file_put(void *state, unsigned token)
{
	token_put(slots_cell(state, token));
	return 0;
}

static const struct slots_tokens mmap_file_tokens = {mmap_file_take, mmap_file_put};

static int mmap_file_open(void *state, const struct transport_options *options)
{
	struct slots *slots = state;
	int r = map_file(&slots->memory, slots_init(slots, options, &mmap_file_tokens));

	if (r >= 0)
		r = peer_open(&slots->peer, options);
	for (unsigned i = 0; i < SLOTS_TOKENS && r >= 0; i++)
		((struct token *)slots_cell(slots, i))->count = slots_initial(slots, i);
	return trace(r);
}

const struct transport transport_mmap_file = {
	SLOTS_MEMBERS,
	.name = "mmap_file",
	.summary = "slots in a mapped file, notified by a futex",
	.state_bytes = sizeof(struct slots),
	.probe = mmap_file_probe,
	.open = mmap_file_open,
	.close = slots_close,
};
