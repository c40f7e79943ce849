#include "mp/cpu.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "mp/process.h"

enum { CPUS_MAX = 1 << 20 };

/* A hierarchy of cgroups that may limit CPUs. */
struct hierarchy {
	bool is_v2;
	char mount[PATH_MAX]; /* where it is mounted, and which group is seen there */
	char root[PATH_MAX];
	char group[PATH_MAX]; /* this process's */
};

/* Whether a comma-separated list has the word. */
static bool list_has(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

static FILE *open_under(const char *root, const char *path)
{
	char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return fopen(full, "re");
}

/* /proc/self/cgroup: "0::/group" for version 2, "4:cpu,cpuacct:/group" for version 1. */
static bool find_group(const char *root, struct hierarchy *hierarchy)
{
	_cleanup_(fclosep) FILE *file = open_under(root, "/proc/self/cgroup");
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		char *controllers = strchr(line, ':');
		char *group = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!group)
			continue;
		*controllers++ = '\0';
		*group++ = '\0';
		if (hierarchy->is_v2 ? strcmp(line, "0") == 0 : list_has(controllers, "cpu")) {
			snprintf(hierarchy->group, sizeof(hierarchy->group), "%s", group);
			return true;
		}
	}
	return false;
}

/* /proc/self/mountinfo: "id parent device root mount options … - type source options". */
static bool find_mount(const char *root, struct hierarchy *hierarchy)
{
	_cleanup_(fclosep) FILE *file = open_under(root, "/proc/self/mountinfo");
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		char type[32], options[512];
		const char *end = strstr(line, " - ");
		if (!end || sscanf(end, " - %31s %*s %511s", type, options) != 2)
			continue;
		if (hierarchy->is_v2 ? strcmp(type, "cgroup2") != 0
				     : strcmp(type, "cgroup") != 0 || !list_has(options, "cpu"))
			continue;
		static_assert(PATH_MAX == 4096, "the widths below");
		if (sscanf(line, "%*s %*s %*s %4095s %4095s", hierarchy->root, hierarchy->mount) ==
			2)
			return true;
	}
	return false;
}

static bool read_numbers(
	const char *root, const char *directory, const char *name, int64_t *first, int64_t *second)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	_cleanup_(fclosep) FILE *file = open_under(root, path);
	/* "max 100000" gives none. */
	return file && fscanf(file, "%ld %ld", first, second) >= 1;
}

/* Of one group; 0: none. */
static unsigned quota_of(const char *root, const struct hierarchy *hierarchy, const char *directory)
{
	int64_t quota = -1, period = 0, unused;
	bool is_read;

	if (hierarchy->is_v2)
		is_read = read_numbers(root, directory, "cpu.max", &quota, &period);
	else
		is_read = read_numbers(root, directory, "cpu.cfs_quota_us", &quota, &unused) &&
			  read_numbers(root, directory, "cpu.cfs_period_us", &period, &unused);
	if (!is_read || quota <= 0 || period <= 0)
		return 0;
	int64_t cpus = (quota + period - 1) / period;
	return cpus > CPUS_MAX ? CPUS_MAX : (unsigned)cpus;
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The group's and those of all groups above it. */
static unsigned quota_of_hierarchy(const char *root, bool is_v2)
{
	_cleanup_(freep) struct hierarchy *hierarchy = calloc(1, sizeof(*hierarchy));
	char directory[2 * PATH_MAX];
	unsigned quota = 0;

	if (!hierarchy)
		return 0;
	hierarchy->is_v2 = is_v2;
	if (!find_group(root, hierarchy) || !find_mount(root, hierarchy))
		return 0;
	/* In a container the mount may begin at the group itself, or at one above. */
	const char *group = hierarchy->group;
	size_t length = strcmp(hierarchy->root, "/") == 0 ? 0 : strlen(hierarchy->root);
	if (strncmp(group, hierarchy->root, length) == 0)
		group += length;
	else
		group = "";
	snprintf(directory, sizeof(directory), "%s%s", hierarchy->mount, group);
	for (size_t top = strlen(hierarchy->mount);;) {
		quota = smaller(quota, quota_of(root, hierarchy, directory));
		char *last = strrchr(directory, '/');
		if (strlen(directory) <= top || !last)
			return quota;
		*last = '\0';
	}
}

unsigned cpu_quota(const char *root)
{
	return smaller(quota_of_hierarchy(root, true), quota_of_hierarchy(root, false));
}

/* The affinity, which the kernel keeps within the cpuset. */
static unsigned count_affinity(void)
{
	/* The kernel refuses a set that is smaller than its own. */
	for (size_t cpus = 1024; cpus <= CPUS_MAX; cpus *= 2) {
		cpu_set_t *set = CPU_ALLOC(cpus);
		if (!set)
			return 1;
		int r = sched_getaffinity(0, CPU_ALLOC_SIZE(cpus), set);
		int count = r == 0 ? CPU_COUNT_S(CPU_ALLOC_SIZE(cpus), set) : 0;
		bool is_small = r < 0 && errno == EINVAL;
		CPU_FREE(set);
		if (!is_small)
			return count > 0 ? (unsigned)count : 1;
	}
	return 1;
}

unsigned mp_cpu_count(void)
{
	return smaller(count_affinity(), cpu_quota(""));
}
