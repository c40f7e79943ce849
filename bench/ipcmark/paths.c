#include "ipcmark/paths.h"

#include <dirent.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum { NAMES_MAX = 512 };

/* Relative to the directory of the executable: in the build tree, in the installed one. */
static const char *const harness_dirs[] = {"..", "../" IPCMARK_LIBEXECDIR "/ipcmark", ".", NULL};
static const char *const suite_dirs[] = {".", "../" IPCMARK_DATADIR "/ipcmark/suites", NULL};

/* ret_dir has room for PATH_MAX. */
static int executable_dir(char *ret_dir)
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

static int join(char ret_path[PATH_MAX], const char *dir, const char *below, const char *name)
{
	int n = snprintf(ret_path, PATH_MAX, "%s%s%s%s%s", dir, below[0] ? "/" : "", below,
		name[0] ? "/" : "", name);

	return n < PATH_MAX ? 0 : fail(-ENAMETOOLONG, "the path '%s/%s' is too long", dir, below);
}

/* The first of $variable or else the dirs in which the file is; -ENOENT without a message. */
static int find(const char *variable, const char *const *dirs, const char *name, int mode,
	char ret_path[PATH_MAX])
{
	const char *override = getenv(variable);
	char dir[PATH_MAX];

	if (override) {
		int r = join(ret_path, override, "", name);
		if (r < 0)
			return trace(r);
		return access(ret_path, mode) < 0 ? -ENOENT : 0;
	}
	int r = executable_dir(dir);
	for (; r == 0 && *dirs; dirs++) {
		r = join(ret_path, dir, *dirs, name);
		if (r == 0 && access(ret_path, mode) == 0)
			return 0;
	}
	return r < 0 ? trace(r) : -ENOENT;
}

int paths_find_harness(const char *name, char ret_path[PATH_MAX])
{
	const char *override = getenv("IPCMARK_HARNESS_DIR");
	int r = find("IPCMARK_HARNESS_DIR", harness_dirs, name, X_OK, ret_path);

	if (r != -ENOENT)
		return trace(r);
	if (override)
		return fail(r, "no harness '%s' in IPCMARK_HARNESS_DIR=%s", name, override);
	return fail(r,
		"cannot find the harness '%s' beside the executable nor in ../" IPCMARK_LIBEXECDIR
		"/ipcmark (set IPCMARK_HARNESS_DIR to its directory)",
		name);
}

/* Appends the names of the suites of a directory. */
static void suites_list(const char *dir, char names[NAMES_MAX])
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		size_t length = strlen(entry->d_name), at = strlen(names);
		if (length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0)
			snprintf(names + at, NAMES_MAX - at, "%s%.*s", at ? ", " : "",
				(int)length - 4, entry->d_name);
	}
	if (stream)
		closedir(stream);
}

int paths_find_suite(const char *name, char ret_path[PATH_MAX])
{
	const char *override = getenv("IPCMARK_SUITES");
	char file[NAME_MAX + 1], dir[PATH_MAX], below[PATH_MAX], names[NAMES_MAX] = "";

	snprintf(file, sizeof(file), "%s.ini", name);
	int r = find("IPCMARK_SUITES", suite_dirs, file, R_OK, ret_path);
	if (r != -ENOENT)
		return trace(r);
	if (override)
		suites_list(override, names);
	else if (executable_dir(dir) == 0)
		for (unsigned i = 0; suite_dirs[i]; i++)
			if (join(below, dir, suite_dirs[i], "") == 0)
				suites_list(below, names);
	return fail(r,
		"there is no suite '%s' (there is: %s); for a file of your own give its path", name,
		names[0] ? names : "none");
}
