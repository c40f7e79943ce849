#include "harness/beside.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

int beside_dir(char *ret_dir)
{
	assert(ret_dir);
	ssize_t n = readlink("/proc/self/exe", ret_dir, PATH_MAX - 1);

	if (n < 0)
		return fail(-errno, "cannot read /proc/self/exe: %s (is /proc mounted?)",
			strerror(errno));
	ret_dir[n] = '\0';
	*strrchr(ret_dir, '/') = '\0';
	return 0;
}

int beside_join(char ret_path[PATH_MAX], const char *dir, const char *below, const char *name)
{
	int n = snprintf(ret_path, PATH_MAX, "%s%s%s%s%s", dir, below[0] ? "/" : "", below,
		name[0] ? "/" : "", name);

	return n < PATH_MAX ? 0 : fail(-ENAMETOOLONG, "the path '%s/%s' is too long", dir, below);
}

int beside_find(const char *variable, const char *const *dirs, const char *name, int mode,
	char ret_path[PATH_MAX])
{
	const char *override = getenv(variable);
	char dir[PATH_MAX];

	if (override) {
		int r = beside_join(ret_path, override, "", name);
		if (r < 0)
			return trace(r);
		return access(ret_path, mode) < 0 ? -ENOENT : 0;
	}
	int r = beside_dir(dir);
	for (; r == 0 && *dirs; dirs++) {
		r = beside_join(ret_path, dir, *dirs, name);
		if (r == 0 && access(ret_path, mode) == 0)
			return 0;
	}
	return r < 0 ? trace(r) : -ENOENT;
}
