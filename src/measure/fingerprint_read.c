/*
 * Collects the fields from /proc, /sys and /etc. Each file is optional: containers hide many, and
 * a virtual machine has no frequency scaling to speak of.
 */
#include "measure/fingerprint.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

#include "base/cleanup.h"

enum { TEXT = FINGERPRINT_VALUE_MAX, PATH = 1024 };

struct reader {
	const char *root;
	struct fingerprint *fingerprint;
};

static void add(struct reader *reader, const char *name, const char *value)
{
	/* There is room for all fields: asserted where they are named. */
	fingerprint_add(reader->fingerprint, name, value && *value ? value : "unknown");
}

/* One blank for many, none at the ends: firmware pads its strings. */
static char *squeeze(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		bool blank = *in == ' ' || *in == '\t' || *in == '\n';
		if (!blank)
			*out++ = *in;
		else if (out > text && out[-1] != ' ')
			*out++ = ' ';
	}
	if (out > text && out[-1] == ' ')
		out--;
	*out = '\0';
	return text;
}

static FILE *open_at(const struct reader *reader, const char *path)
{
	char full[PATH];

	if (snprintf(full, sizeof(full), "%s%s", reader->root, path) >= (int)sizeof(full))
		return NULL;
	return fopen(full, "re");
}

/* The first line of a file; false when there is none. */
__attribute__((format(printf, 3, 4))) static bool read_line(
	const struct reader *reader, char text[TEXT], const char *format, ...)
{
	char path[PATH];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	_cleanup_(fclosep) FILE *file = open_at(reader, path);
	if (!file || !fgets(text, TEXT, file)) {
		text[0] = '\0';
		return false;
	}
	squeeze(text);
	return true;
}

static void add_file(struct reader *reader, const char *name, const char *path)
{
	char text[TEXT];

	read_line(reader, text, "%s", path);
	add(reader, name, text);
}

/* The value of "key : value" or "key=value" lines; the first one of that key. */
static bool read_key(
	const struct reader *reader, const char *path, const char *key, char text[TEXT])
{
	_cleanup_(fclosep) FILE *file = open_at(reader, path);
	_cleanup_(freep) char *line = NULL;
	size_t size = 0, length = strlen(key);

	text[0] = '\0';
	while (file && getline(&line, &size, file) > 0) {
		if (strncmp(line, key, length) != 0)
			continue;
		const char *value = line + length + strspn(line + length, " \t");
		if (*value != ':' && *value != '=')
			continue;
		snprintf(text, TEXT, "%s", value + 1);
		squeeze(text);
		return true;
	}
	return false;
}

static void add_cpu(struct reader *reader)
{
	static const char *const keys[2][3] = {
		{"cpu family", "model", "stepping"},
		{"CPU implementer", "CPU part", "CPU revision"},
	};
	char text[TEXT], parts[3][TEXT];

	if (!read_key(reader, "/proc/cpuinfo", "model name", text))
		read_key(reader, "/proc/cpuinfo", "Hardware", text);
	add(reader, "cpu_model", text);
	for (int kind = 0; kind < 2; kind++) {
		for (int i = 0; i < 3; i++)
			read_key(reader, "/proc/cpuinfo", keys[kind][i], parts[i]);
		if (parts[0][0])
			break;
	}
	text[0] = '\0';
	if (parts[0][0])
		snprintf(text, sizeof(text), "%.30s/%.30s/%.30s", parts[0], parts[1], parts[2]);
	add(reader, "cpu_id", text);
	read_key(reader, "/proc/cpuinfo", "microcode", text);
	add(reader, "microcode", text);
}

#if defined(__x86_64__)
/* Leaf 0x40000000 is the hypervisor's own; the signature is its name. */
static bool cpuid_hypervisor(char text[TEXT])
{
	static const struct {
		const char *signature, *name;
	} names[] = {
		{"KVMKVMKVM", "KVM"},
		{"Microsoft Hv", "Hyper-V"},
		{"VMwareVMware", "VMware"},
		{"XenVMMXenVMM", "Xen"},
		{"TCGTCGTCGTCG", "QEMU TCG"},
		{"VBoxVBoxVBox", "VirtualBox"},
		{"bhyve bhyve ", "bhyve"},
		{"ACRNACRNACRN", "ACRN"},
	};
	unsigned a, b, c, d;
	char signature[13] = "";

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31 & 1))
		return false;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(signature, &b, 4);
	memcpy(signature + 4, &c, 4);
	memcpy(signature + 8, &d, 4);
	snprintf(text, TEXT, "%s", signature);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].signature, signature) == 0)
			snprintf(text, TEXT, "%s", names[i].name);
	return true;
}
enum { CPUID_TELLS = true };
#else
static bool cpuid_hypervisor(char text[TEXT])
{
	text[0] = '\0';
	return false;
}
enum { CPUID_TELLS = false };
#endif

static void add_machine(struct reader *reader)
{
	char text[TEXT], vendor[TEXT / 2] = "", line[TEXT];

	if (!cpuid_hypervisor(text) && !read_line(reader, text, "/sys/hypervisor/type"))
		snprintf(text, sizeof(text), "%s", CPUID_TELLS ? "none" : "unknown");
	add(reader, "hypervisor", text);
	if (read_line(reader, line, "/sys/class/dmi/id/sys_vendor"))
		snprintf(vendor, sizeof(vendor), "%.60s ", line);
	read_line(reader, line, "/sys/class/dmi/id/product_name");
	snprintf(text, sizeof(text), "%s%.60s", vendor, line);
	add(reader, "product", squeeze(text));
	text[0] = '\0';
	if (read_key(reader, "/proc/meminfo", "MemTotal", line))
		/* Rounded, for what the kernel keeps for itself differs from boot to boot. */
		snprintf(text, sizeof(text), "%.0f", strtod(line, NULL) / (1024 * 1024));
	add(reader, "memory_gib", text);
}

static void add_boost(struct reader *reader)
{
	char text[TEXT];

	if (read_line(reader, text, "/sys/devices/system/cpu/intel_pstate/no_turbo"))
		add(reader, "boost", text[0] == '0' ? "on" : "off");
	else if (read_line(reader, text, "/sys/devices/system/cpu/cpufreq/boost"))
		add(reader, "boost", text[0] == '1' ? "on" : "off");
	else
		add(reader, "boost", NULL);
}

static void add_idle_states(struct reader *reader)
{
	char text[TEXT] = "", name[TEXT], disabled[TEXT];
	size_t used = 0;

	for (int i = 0; used + 1 < sizeof(text); i++) {
		const char *base = "/sys/devices/system/cpu/cpu0/cpuidle/state";
		if (!read_line(reader, name, "%s%d/name", base, i))
			break;
		read_line(reader, disabled, "%s%d/disable", base, i);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%s", i ? ", " : "",
			name, disabled[0] == '1' ? " (off)" : "");
	}
	add(reader, "idle_states", text);
}

/* "[always] madvise never" means always. */
static void add_chosen(struct reader *reader, const char *name, const char *path)
{
	char text[TEXT];

	read_line(reader, text, "%s", path);
	char *start = strchr(text, '['), *end = start ? strchr(start, ']') : NULL;
	if (end)
		*end = '\0';
	add(reader, name, end ? start + 1 : text);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* How many of the known holes are open or closed, and a digest of the exact texts. Those that the
 * CPU does not have are left out: every kernel knows some more of them. */
static void add_mitigations(struct reader *reader)
{
	const char *directory = "/sys/devices/system/cpu/vulnerabilities";
	char path[PATH], text[TEXT];
	struct dirent **entries = NULL;
	unsigned vulnerable = 0, mitigated = 0;
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	snprintf(path, sizeof(path), "%s%s", reader->root, directory);
	int count = scandir(path, &entries, is_file, compare_names);
	for (int i = 0; i < count; i++) {
		_cleanup_(freep) struct dirent *entry = entries[i];
		if (!read_line(reader, text, "%s/%s", directory, entry->d_name) ||
			strcmp(text, "Not affected") == 0)
			continue;
		*(strncmp(text, "Vulnerable", 10) == 0 ? &vulnerable : &mitigated) += 1;
		const char *parts[] = {entry->d_name, text};
		for (int part = 0; part < 2; part++)
			for (const char *at = parts[part]; *at; at++)
				digest = (digest ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	}
	free(entries);
	text[0] = '\0';
	if (count > 0)
		snprintf(text, sizeof(text), "%u mitigated, %u vulnerable, %08x", mitigated,
			vulnerable, (unsigned)(digest ^ digest >> 32));
	add(reader, "mitigations", text);
}

static void add_kernel(struct reader *reader)
{
	struct utsname name;
	const char *preemption = "none or voluntary";

	if (uname(&name) < 0)
		memset(&name, 0, sizeof(name));
	add(reader, "arch", name.machine);
	add(reader, "kernel_release", name.release);
	add(reader, "kernel_version", name.version);
	if (strstr(name.version, "PREEMPT_RT"))
		preemption = "rt";
	else if (strstr(name.version, "PREEMPT_DYNAMIC"))
		preemption = "dynamic";
	else if (strstr(name.version, "PREEMPT"))
		preemption = "full";
	add(reader, "kernel_preemption", preemption);
}

static void add_software(struct reader *reader)
{
	char text[2 * TEXT], name[TEXT], version[TEXT];

#if defined(__GLIBC__)
	snprintf(text, sizeof(text), "glibc %s", gnu_get_libc_version());
	add(reader, "libc", text);
#else
	add(reader, "libc", NULL);
#endif
	read_key(reader, "/etc/os-release", "NAME", name);
	read_key(reader, "/etc/os-release", "VERSION_ID", version);
	snprintf(text, sizeof(text), "%s %s", name, version);
	/* "Debian GNU/Linux" 12 is called Debian 12. */
	char *out = text, *suffix = strstr(text, " GNU/Linux");
	if (suffix)
		memmove(suffix, suffix + 10, strlen(suffix + 10) + 1);
	for (const char *in = text; *in; in++)
		if (*in != '"')
			*out++ = *in;
	*out = '\0';
	add(reader, "distribution", squeeze(text));
}

/* The share of a CPU that one group allows, of either version; < 0 where it sets no limit. */
static double group_quota(const struct reader *reader, const char *group)
{
	char text[TEXT], period[TEXT];
	double quota, per;

	if (read_line(reader, text, "%s/cpu.max", group))
		return sscanf(text, "%lf %lf", &quota, &per) == 2 && per > 0 ? quota / per : -1;
	if (read_line(reader, text, "%s/cpu.cfs_quota_us", group) &&
		read_line(reader, period, "%s/cpu.cfs_period_us", group) &&
		strtod(period, NULL) > 0 && strtod(text, NULL) > 0)
		return strtod(text, NULL) / strtod(period, NULL);
	return -1;
}

/* Every group above limits too; in a container the path may begin above what is mounted here. */
static double path_quota(const struct reader *reader, const char *mount, const char *path)
{
	char group[PATH];
	double least = -1;

	snprintf(group, sizeof(group), "%s%s", mount, path);
	for (;;) {
		double quota = group_quota(reader, group);
		if (quota >= 0 && (least < 0 || quota < least))
			least = quota;
		char *slash = strrchr(group, '/');
		if (!slash || strlen(group) <= strlen(mount))
			return least;
		*slash = '\0';
	}
}

static void add_quota(struct reader *reader)
{
	_cleanup_(fclosep) FILE *file = open_at(reader, "/proc/self/cgroup");
	_cleanup_(freep) char *line = NULL;
	char text[TEXT] = "none", controllers[TEXT], path[PATH / 2];
	size_t size = 0;
	double least = -1;

	while (file && getline(&line, &size, file) > 0) {
		controllers[0] = '\0';
		if (sscanf(line, "%*[^:]:%127[^:]:%511s", controllers, path) != 2 &&
			sscanf(line, "%*[^:]::%511s", path) != 1)
			continue;
		bool v2 = controllers[0] == '\0';
		if (!v2 && strcmp(controllers, "cpu") != 0 && strncmp(controllers, "cpu,", 4) != 0)
			continue;
		double quota =
			path_quota(reader, v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu", path);
		if (quota >= 0 && (least < 0 || quota < least))
			least = quota;
	}
	if (least >= 0)
		snprintf(text, sizeof(text), "%.2f CPUs", least);
	add(reader, "cpu_quota", text);
}

static void add_cpus(struct reader *reader)
{
	char text[TEXT];

	add_file(reader, "cpus_online", "/sys/devices/system/cpu/online");
	read_key(reader, "/proc/thread-self/status", "Cpus_allowed_list", text);
	add(reader, "cpus_allowed", text);
	read_line(reader, text, "/sys/devices/system/cpu/isolated");
	add(reader, "cpus_isolated", text[0] ? text : "none");
	add_file(reader, "smt", "/sys/devices/system/cpu/smt/control");
	add_file(reader, "numa_nodes", "/sys/devices/system/node/online");
}

void fingerprint_read_at(const char *root, struct fingerprint *ret)
{
	const char *cpu = "/sys/devices/system/cpu";
	struct reader reader = {.root = root, .fingerprint = ret};
	char path[PATH];

	ret->count = 0;
	add_kernel(&reader);
	add_cpu(&reader);
	add_machine(&reader);
	add_cpus(&reader);
	add_quota(&reader);
	snprintf(path, sizeof(path), "%s/cpu0/cpufreq/scaling_governor", cpu);
	add_file(&reader, "governor", path);
	add_boost(&reader);
	snprintf(path, sizeof(path), "%s/cpuidle/current_driver", cpu);
	add_file(&reader, "idle_driver", path);
	snprintf(path, sizeof(path), "%s/cpuidle/current_governor_ro", cpu);
	add_file(&reader, "idle_governor", path);
	add_idle_states(&reader);
	add_file(&reader, "clocksource",
		"/sys/devices/system/clocksource/clocksource0/current_clocksource");
	add_mitigations(&reader);
	add_chosen(&reader, "thp", "/sys/kernel/mm/transparent_hugepage/enabled");
	add_file(&reader, "aslr", "/proc/sys/kernel/randomize_va_space");
	add_file(&reader, "numa_balancing", "/proc/sys/kernel/numa_balancing");
	add_software(&reader);
}

void fingerprint_read(struct fingerprint *ret)
{
	fingerprint_read_at("", ret);
}
