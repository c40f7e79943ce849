#include "ipcmark/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "harness/beside.h"

enum { NAMES_MAX = 512 };

/* Relative to the directory of the executable: in the build tree, in the installed one. */
static const char *const harness_dirs[] = {"..", "../" IPCMARK_LIBEXECDIR "/ipcmark", ".", NULL};
static const char *const suite_dirs[] = {".", "../" IPCMARK_DATADIR "/ipcmark/suites", NULL};

int paths_find_harness(const char *name, char ret_path[PATH_MAX])
{
	const char *override = getenv("IPCMARK_HARNESS_DIR");
	int r = beside_find("IPCMARK_HARNESS_DIR", harness_dirs, name, X_OK, ret_path);

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
	int r = beside_find("IPCMARK_SUITES", suite_dirs, file, R_OK, ret_path);
	if (r != -ENOENT)
		return trace(r);
	if (override)
		suites_list(override, names);
	else if (beside_dir(dir) == 0)
		for (unsigned i = 0; suite_dirs[i]; i++)
			if (beside_join(below, dir, suite_dirs[i], "") == 0)
				suites_list(below, names);
	return fail(r,
		"there is no suite '%s' (there is: %s); for a file of your own give its path", name,
		names[0] ? names : "none");
}
