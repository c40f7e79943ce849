/* What the control group and the cpuset leave to this process. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipcmark/doctor_check.h"

/* The group of a controller from /proc/self/cgroup: "" is version 2. False: not in there. */
static bool cgroup_path(
	const struct doctor *doctor, const char *controller, char *path, size_t size)
{
	char text[DOCTOR_FILE_MAX], *rest = text;

	if (!doctor_read(doctor, "/proc/self/cgroup", text, sizeof(text)))
		return false;
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *names = strchr(line, ':');
		char *group = names ? strchr(names + 1, ':') : NULL;
		if (!group)
			continue;
		*group++ = '\0';
		names++;
		bool found = !controller[0] && !names[0];
		/* Version 1: several controllers may share a hierarchy. */
		for (char *name; !found && controller[0] && (name = strsep(&names, ","));)
			found = strcmp(name, controller) == 0;
		if (found) {
			snprintf(path, size, "%s", strcmp(group, "/") == 0 ? "" : group);
			return true;
		}
	}
	return false;
}

/* "QUOTA PERIOD" of version 2, or the two files of version 1: the share in CPUs, 0 for none. Also
 * the root of the hierarchy is looked at: in a container it is the container's own group. */
static double quota_cpus(const struct doctor *doctor)
{
	char path[1024] = "", file[PATH_MAX], text[128];
	int64_t quota, period;

	for (unsigned root = 0; root < 2; root++) {
		if (!root && !cgroup_path(doctor, "", path, sizeof(path)))
			continue;
		snprintf(file, sizeof(file), "/sys/fs/cgroup%s/cpu.max", root ? "" : path);
		if (doctor_read(doctor, file, text, sizeof(text)) &&
			sscanf(text, "%ld %ld", &quota, &period) == 2 && period > 0)
			return (double)quota / (double)period;
	}
	for (unsigned root = 0; root < 2; root++) {
		if (!root && !cgroup_path(doctor, "cpu", path, sizeof(path)))
			continue;
		const char *group = root ? "" : path;
		snprintf(file, sizeof(file), "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group);
		if (!doctor_read_number(doctor, file, &quota) || quota <= 0)
			continue;
		snprintf(file, sizeof(file), "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", group);
		if (doctor_read_number(doctor, file, &period) && period > 0)
			return (double)quota / (double)period;
	}
	return 0;
}

static void check_quota(struct doctor *doctor)
{
	double cpus = quota_cpus(doctor);

	if (cpus <= 0) {
		doctor_say(doctor, DOCTOR_OK, "cpu quota", "none");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "cpu quota",
		"the control group may use %.2f CPUs: when that is used up, all its processes stop "
		"for the rest of the period",
		cpus);
	doctor_advise(doctor, "run outside of it (docker run without --cpus; systemd: CPUQuota=)");
}

static void check_memory(struct doctor *doctor)
{
	enum { ENOUGH_MIB = 512 };
	char path[1024] = "", file[PATH_MAX];
	int64_t bytes = 0;
	bool found = false;

	if (cgroup_path(doctor, "", path, sizeof(path))) {
		snprintf(file, sizeof(file), "/sys/fs/cgroup%s/memory.max", path);
		found = doctor_read_number(doctor, file, &bytes);
	}
	if (!found && cgroup_path(doctor, "memory", path, sizeof(path))) {
		snprintf(file, sizeof(file), "/sys/fs/cgroup/memory%s/memory.limit_in_bytes", path);
		found = doctor_read_number(doctor, file, &bytes);
	}
	/* Version 1 says "no limit" with a number near 2^63. */
	if (!found || bytes >= INT64_MAX / 2) {
		doctor_say(doctor, DOCTOR_OK, "cgroup memory", "no limit");
		return;
	}
	bool little = bytes >> 20 < ENOUGH_MIB;
	doctor_say(doctor, little ? DOCTOR_WARNING : DOCTOR_OK, "cgroup memory",
		"limited to %lld MiB", (long long)(bytes >> 20));
	if (little)
		doctor_advise(doctor, "raise memory.max: large messages of many senders need more");
}

static void check_cpuset(struct doctor *doctor)
{
	char online[256] = "", text[DOCTOR_FILE_MAX], allowed[256] = "";

	doctor_read(doctor, "/sys/devices/system/cpu/online", online, sizeof(online));
	if (!doctor_read(doctor, "/proc/self/status", text, sizeof(text)))
		return;
	const char *line = strstr(text, "Cpus_allowed_list:");
	if (!line || sscanf(line, "Cpus_allowed_list: %255s", allowed) != 1)
		return;
	unsigned may = doctor_list_count(allowed), are = doctor_list_count(online);
	if (may == 1) {
		doctor_say(doctor, DOCTOR_WARNING, "cpuset",
			"only CPU %s may be used: no cell between two CPUs can run", allowed);
		doctor_advise(doctor, "taskset and the cpuset of the control group decide; start "
				      "ipcmark where it may use two CPUs");
	} else if (may < are) {
		doctor_say(doctor, DOCTOR_NOTE, "cpuset",
			"CPUs %s of %s may be used: the others' work is not seen but shares caches",
			allowed, online);
	} else {
		doctor_say(doctor, DOCTOR_OK, "cpuset", "all CPUs may be used (%s)", allowed);
	}
}

void doctor_check_cgroup(struct doctor *doctor)
{
	check_quota(doctor);
	check_memory(doctor);
	check_cpuset(doctor);
}
