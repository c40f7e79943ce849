/*
 * What a transport can leave behind under a name: files in /dev/shm and TMPDIR, POSIX and System V
 * message queues, semaphores and shared memory.
 *
 * As root the suite lives in IPC and mount namespaces of its own, so that nothing else's objects
 * are seen; elsewhere the names before and after a check are compared.
 */
#include "conformance.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

enum { OTHERS_LIMIT_MS = 500 };

static char tmpdir[256], mqdir[300];

/* A file of one check is no finding of the next. */
static void sweep(void)
{
	char path[600];
	struct dirent *entry;
	DIR *directory = opendir(tmpdir);

	while (directory && (entry = readdir(directory)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", tmpdir, entry->d_name);
		unlink(path);
	}
	if (directory)
		closedir(directory);
}

/* Best effort: what fails leaves the place as it is. */
static void own_namespaces(void)
{
	if (unshare(CLONE_NEWIPC | CLONE_NEWNS) < 0)
		return;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	if (mount("none", "/dev/shm", "tmpfs", 0, NULL) < 0)
		return;
	snprintf(mqdir, sizeof(mqdir), "%.200s.mq", tmpdir);
	if (mkdir(mqdir, 0700) == 0 && mount("none", mqdir, "mqueue", 0, NULL) == 0)
		return;
	rmdir(mqdir);
	mqdir[0] = '\0';
}

int audit_open(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(tmpdir, sizeof(tmpdir), "%.200s/ipcmark-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(tmpdir)) {
		int r = fail(-errno, "cannot make a directory in %s: %s", base ? base : "/tmp",
			error_message(-errno));
		tmpdir[0] = '\0';
		return r;
	}
	setenv("TMPDIR", tmpdir, 1);
	own_namespaces();
	return 0;
}

void audit_close(void)
{
	if (mqdir[0]) {
		umount2(mqdir, MNT_DETACH);
		rmdir(mqdir);
	}
	if (tmpdir[0])
		sweep();
	if (tmpdir[0])
		rmdir(tmpdir);
	tmpdir[0] = mqdir[0] = '\0';
}

static void list_directory(FILE *out, const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			fprintf(out, "%s/%s\n", path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

/* The first two columns are key and identifier; the others change with use. */
static void list_sysv(FILE *out, const char *kind)
{
	char path[64], line[512];
	int identifier;

	snprintf(path, sizeof(path), "/proc/sysvipc/%s", kind);
	_cleanup_(fclosep) FILE *in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "%*d %d", &identifier) == 1)
			fprintf(out, "System V %s %d\n", kind, identifier);
}

char *audit_snapshot(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	list_directory(out, "/dev/shm");
	list_directory(out, tmpdir);
	list_directory(out, mqdir[0] ? mqdir : "/dev/mqueue");
	list_sysv(out, "msg");
	list_sysv(out, "sem");
	list_sysv(out, "shm");
	fclose(out);
	return text;
}

static bool has_line(const char *text, const char *line, size_t n)
{
	for (const char *at = text; at && (at = strstr(at, line)) != NULL; at += n)
		if (at == text || at[-1] == '\n')
			return true;
	return false;
}

/* How many lines of `after` are not in `before`; each is a finding if there is a board. */
static unsigned compare(struct board *board, const char *before, const char *after)
{
	unsigned count = 0;
	char line[512];

	for (const char *at = after; at && *at;) {
		size_t n = strcspn(at, "\n") + 1;
		snprintf(line, sizeof(line), "%.*s", (int)n, at);
		at += n;
		if (has_line(before, line, n))
			continue;
		count++;
		if (board)
			board_found(board, "leak", "left behind: %.*s", (int)n - 1, line);
	}
	return count;
}

void audit_compare(struct board *board, const char *before)
{
	_cleanup_(freep) char *after = audit_snapshot();

	/* What another program made meanwhile goes away by itself; a leak stays. */
	for (int64_t end = deadline_after_ms(OTHERS_LIMIT_MS);
		compare(NULL, before, after) > 0 && clock_ns() < end;) {
		clock_sleep_until(clock_ns() + 10 * NS_PER_MS);
		free(after);
		after = audit_snapshot();
	}
	/* A check that failed or hung could not tidy up. */
	if (atomic_load(&board->finding_count) == 0)
		compare(board, before, after);
	sweep();
}
