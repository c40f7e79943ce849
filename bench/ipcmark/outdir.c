#include "ipcmark/outdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "os/fd.h"

/* What results need at least: a disk with less is full. */
enum { ROOM_BYTES = 64 << 10 };

static int directory_make(const char *path)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part) || !path[0])
		return fail(-EINVAL, "'%s' is not a name for a directory", path);
	for (char *slash = part + 1; slash; *slash++ = '/') {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(part, 0777) < 0 && errno != EEXIST)
			return fail(
				-errno, "cannot make the directory %s: %s", part, strerror(errno));
		if (!slash)
			break;
	}
	return 0;
}

/* Writes a file of the size that is needed at least and removes it again. */
static int directory_try(const char *path)
{
	char name[PATH_MAX];
	_cleanup_(freep) char *zeros = calloc(1, ROOM_BYTES);

	if (!zeros)
		return trace(-ENOMEM);
	if (snprintf(name, sizeof(name), "%s/.ipcmark-XXXXXX", path) >= (int)sizeof(name))
		return fail(-ENAMETOOLONG, "the path '%s' is too long", path);
	_cleanup_(fd_close) int fd = mkstemp(name);
	int r = fd < 0 ? -errno : fd_write_full(fd, zeros, ROOM_BYTES);
	if (fd >= 0)
		unlink(name);
	if (r < 0)
		return fail(r, "cannot write to the directory %s: %s (--out names another)", path,
			strerror(-r));
	return 0;
}

static bool has_results(const char *path)
{
	char name[PATH_MAX + 16];

	snprintf(name, sizeof(name), "%s/results.json", path);
	return access(name, F_OK) == 0;
}

/* out/ipcmark-DATE-TIME; with a number behind it when two start in one second. */
static int name_new(time_t now, char ret_path[PATH_MAX])
{
	struct tm tm;
	char stamp[32];

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	for (unsigned i = 1; i < 100; i++) {
		int n = snprintf(ret_path, PATH_MAX, "out/ipcmark-%s", stamp);
		if (i > 1)
			snprintf(ret_path + n, PATH_MAX - (size_t)n, "-%u", i);
		if (access(ret_path, F_OK) < 0)
			return 0;
	}
	return fail(-EEXIST, "there are too many directories named %s…", ret_path);
}

int outdir_open(const char *wanted, bool overwrite, time_t now, char ret_path[PATH_MAX])
{
	int r = 0;

	if (!wanted)
		r = name_new(now, ret_path);
	else if (snprintf(ret_path, PATH_MAX, "%s", wanted) >= PATH_MAX)
		r = fail(-ENAMETOOLONG, "the path '%s' is too long", wanted);
	if (r < 0)
		return trace(r);
	if (!overwrite && has_results(ret_path))
		return fail(-EEXIST,
			"%s holds results already (--overwrite replaces them, --out names another "
			"directory)",
			ret_path);
	r = directory_make(ret_path);
	if (r < 0)
		return trace(r);
	return trace(directory_try(ret_path));
}

int workdir_open(char ret_path[PATH_MAX])
{
	const char *tmp = getenv("TMPDIR");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/ipcmark-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
	if (!mkdtemp(path))
		return fail(-errno, "cannot make the directory %s: %s (TMPDIR names another place)",
			path, strerror(errno));
	memcpy(ret_path, path, sizeof(path));
	return 0;
}

void workdir_remove(char (*path)[PATH_MAX])
{
	int saved = errno;
	DIR *dir = (*path)[0] ? opendir(*path) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	if ((*path)[0])
		rmdir(*path);
	(*path)[0] = '\0';
	errno = saved;
}
