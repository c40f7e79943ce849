#include "transport/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"

int scratch_open(struct scratch *scratch)
{
	const char *parent = getenv("TMPDIR");
	char path[SCRATCH_PATH_MAX];

	if (!parent || !parent[0])
		parent = "/tmp";
	int n = snprintf(path, sizeof(path), "%s/ipcmark-XXXXXX", parent);
	if (n < 0 || (size_t)n >= sizeof(path))
		return fail(-ENAMETOOLONG, "the path in TMPDIR is too long: set a shorter one");
	int r = sys(mkdtemp(path) ? 0 : -1);
	if (r < 0)
		return fail(r,
			"cannot make a directory in %s: %s (set TMPDIR to one that can be "
			"written)",
			parent, error_message(r));
	snprintf(scratch->directory, sizeof(scratch->directory), "%s", path);
	return 0;
}

int scratch_path(const struct scratch *scratch, unsigned name, char *ret_path, size_t size)
{
	int n = snprintf(ret_path, size, "%s/%u", scratch->directory, name);

	if (n < 0 || (size_t)n >= size)
		return fail(-ENAMETOOLONG,
			"the path %s/%u has more than %zu bytes: set a shorter "
			"TMPDIR",
			scratch->directory, name, size - 1);
	return 0;
}

void scratch_close(struct scratch *scratch)
{
	int saved = errno;
	char path[SCRATCH_PATH_MAX];

	if (scratch->directory[0]) {
		for (unsigned name = 0; name < 2; name++)
			if (scratch_path(scratch, name, path, sizeof(path)) == 0)
				unlink(path);
		rmdir(scratch->directory);
	}
	scratch->directory[0] = '\0';
	errno = saved;
}
