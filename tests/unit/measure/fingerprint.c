#include "../../cmocka_prelude.h"
#include "measure/fingerprint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A machine in a directory: path and content, directories made on the way. */
static const char *const machine[][2] = {
	{"/proc/cpuinfo",
		"processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
		"model name\t: Intel(R)  Xeon(R)   8259CL @ 2.50GHz\nstepping\t: 7\n"
		"microcode\t: 0x5003801\n"},
	{"/proc/meminfo", "MemTotal:       32480112 kB\nMemFree: 1 kB\n"},
	{"/proc/thread-self/status", "Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t0-2,5\n"},
	{"/proc/self/cgroup", "0::/user/session\n"},
	{"/proc/sys/kernel/randomize_va_space", "2\n"},
	{"/sys/fs/cgroup/user/cpu.max", "150000 100000\n"},
	{"/sys/fs/cgroup/user/session/cpu.max", "400000 100000\n"},
	{"/sys/fs/cgroup/cpu.max", "max 100000\n"},
	{"/sys/devices/system/cpu/online", "0-7\n"},
	{"/sys/devices/system/cpu/isolated", "\n"},
	{"/sys/devices/system/cpu/smt/control", "on\n"},
	{"/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"},
	{"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"},
	{"/sys/devices/system/cpu/cpuidle/current_driver", "intel_idle\n"},
	{"/sys/devices/system/cpu/cpu0/cpuidle/state0/name", "POLL\n"},
	{"/sys/devices/system/cpu/cpu0/cpuidle/state0/disable", "0\n"},
	{"/sys/devices/system/cpu/cpu0/cpuidle/state1/name", "C1\n"},
	{"/sys/devices/system/cpu/cpu0/cpuidle/state1/disable", "1\n"},
	{"/sys/devices/system/cpu/vulnerabilities/meltdown", "Not affected\n"},
	{"/sys/devices/system/cpu/vulnerabilities/mds", "Vulnerable: no microcode\n"},
	{"/sys/devices/system/cpu/vulnerabilities/spectre_v2", "Mitigation: Retpolines\n"},
	{"/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
	{"/sys/class/dmi/id/sys_vendor", "Amazon EC2\n"},
	{"/sys/class/dmi/id/product_name", "c5.large\n"},
	{"/etc/os-release", "PRETTY_NAME=\"x\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"},
};
enum { FILES = sizeof(machine) / sizeof(machine[0]) };

static char root[] = "/tmp/ipcmark-fingerprint-XXXXXX";
static struct fingerprint print, other;

static void put(const char *path, const char *content)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	FILE *file = fopen(full, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static int make_machine(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	for (unsigned i = 0; i < FILES; i++)
		put(machine[i][0], machine[i][1]);
	return 0;
}

/* Files first, then each directory that has become empty. */
static int remove_machine(void **state)
{
	char full[512];

	(void)state;
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(full, sizeof(full), "%s%s", root, machine[i][0]);
		unlink(full);
	}
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(full, sizeof(full), "%s%s", root, machine[i][0]);
		for (char *slash; (slash = strrchr(full, '/')) && slash > full + 4;) {
			*slash = '\0';
			if (rmdir(full) < 0)
				break;
		}
	}
	return access(root, F_OK) == 0 ? -1 : 0;
}

static void reads_a_machine(void **state)
{
	static const char *const wanted[][2] = {
		{"cpu_model", "Intel(R) Xeon(R) 8259CL @ 2.50GHz"},
		{"cpu_id", "6/85/7"},
		{"microcode", "0x5003801"},
		{"memory_gib", "31"},
		{"product", "Amazon EC2 c5.large"},
		{"cpus_online", "0-7"},
		{"cpus_allowed", "0-2,5"},
		{"cpus_isolated", "none"},
		{"cpu_quota", "1.50 CPUs"},
		{"smt", "on"},
		{"boost", "off"},
		{"governor", "powersave"},
		{"idle_driver", "intel_idle"},
		{"idle_states", "POLL, C1 (off)"},
		{"thp", "madvise"},
		{"aslr", "2"},
		{"distribution", "Debian 12"},
		/* What isn't there. */
		{"numa_nodes", "unknown"},
		{"clocksource", "unknown"},
	};

	(void)state;
	fingerprint_read_at(root, &print);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const char *value = fingerprint_value(&print, wanted[i][0]);
		assert_non_null(value);
		assert_string_equal(value, wanted[i][1]);
	}
	assert_memory_equal(
		fingerprint_value(&print, "mitigations"), "1 mitigated, 1 vulnerable, ", 27);
	assert_null(fingerprint_value(&print, "bogomips"));
}

static void older_cgroups_limit_too(void **state)
{
	(void)state;
	put("/proc/self/cgroup", "3:cpu,cpuacct:/a/b\n1:name=systemd:/x\n");
	put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n");
	put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
	put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	fingerprint_read_at(root, &print);
	assert_string_equal(fingerprint_value(&print, "cpu_quota"), "0.50 CPUs");
	static const char *const made[] = {"/cpu/a/b/cpu.cfs_quota_us",
		"/cpu/a/b/cpu.cfs_period_us", "/cpu/cpu.cfs_quota_us", "/cpu/cpu.cfs_period_us",
		"/cpu/a/b", "/cpu/a", "/cpu"};
	for (unsigned i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		char full[512];
		snprintf(full, sizeof(full), "%s/sys/fs/cgroup%s", root, made[i]);
		assert_int_equal(remove(full), 0);
	}
	fingerprint_read_at(root, &print);
	assert_string_equal(fingerprint_value(&print, "cpu_quota"), "none");
}

/* Twice the same, and every field has a policy of its own: a name that the table doesn't know
 * would be IGNORE in silence. */
static void this_machine_is_itself(void **state)
{
	char text[FINGERPRINT_SUMMARY_MAX];
	unsigned ignored = 0;

	(void)state;
	fingerprint_read(&print);
	fingerprint_read(&other);
	assert_int_equal(fingerprint_compare(&print, &other), FINGERPRINT_IGNORE);
	assert_true(fingerprint_hash(&print) == fingerprint_hash(&other));
	assert_true(print.count > 20 && print.count < FINGERPRINT_FIELDS_MAX);
	for (unsigned i = 0; i < print.count; i++) {
		ignored += print.fields[i].policy == FINGERPRINT_IGNORE;
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(print.fields[i].name, print.fields[j].name);
	}
	assert_int_equal(ignored, 1);
	fingerprint_summary(&print, text);
	assert_non_null(strstr(text, "CPU"));
	assert_non_null(strstr(text, "Linux "));
}

static void fill(struct fingerprint *into, const char *cpu, const char *kernel, const char *version)
{
	into->count = 0;
	fingerprint_add(into, "cpu_model", cpu);
	fingerprint_add(into, "cpus_allowed", "0-2,5");
	fingerprint_add(into, "hypervisor", "KVM");
	fingerprint_add(into, "kernel_release", kernel);
	fingerprint_add(into, "kernel_version", version);
	fingerprint_add(into, "distribution", "Debian 12");
}

static void differences_have_a_policy(void **state)
{
	struct fingerprint_difference difference;
	unsigned at = 0;

	(void)state;
	fill(&print, "EPYC", "6.1", "#1");
	fill(&other, "EPYC", "6.1", "#2");
	assert_int_equal(fingerprint_compare(&print, &other), FINGERPRINT_IGNORE);
	assert_true(fingerprint_next_difference(&print, &other, &at, &difference));
	assert_string_equal(difference.name, "kernel_version");
	assert_string_equal(difference.value_a, "#1");
	assert_string_equal(difference.value_b, "#2");
	assert_false(fingerprint_next_difference(&print, &other, &at, &difference));

	fill(&other, "EPYC", "6.2", "#1");
	assert_int_equal(fingerprint_compare(&print, &other), FINGERPRINT_WARN);
	assert_true(fingerprint_hash(&print) == fingerprint_hash(&other));
	fill(&other, "Xeon", "6.2", "#1");
	assert_int_equal(fingerprint_compare(&print, &other), FINGERPRINT_REFUSE);
	assert_true(fingerprint_hash(&print) != fingerprint_hash(&other));
}

static void a_missing_field_only_warns(void **state)
{
	struct fingerprint_difference difference;
	unsigned at = 0;

	(void)state;
	fill(&print, "EPYC", "6.1", "#1");
	fill(&other, "EPYC", "6.1", "#1");
	fingerprint_add(&other, "smt", "on");
	assert_int_equal(fingerprint_compare(&print, &other), FINGERPRINT_WARN);
	assert_int_equal(fingerprint_compare(&other, &print), FINGERPRINT_WARN);
	assert_true(fingerprint_next_difference(&print, &other, &at, &difference));
	assert_string_equal(difference.name, "smt");
	assert_null(difference.value_a);
	assert_string_equal(difference.value_b, "on");
}

static void the_hash_is_stable(void **state)
{
	(void)state;
	print.count = other.count = 0;
	fingerprint_add(&print, "smt", "on");
	fingerprint_add(&print, "arch", "x86_64");
	fingerprint_add(&other, "arch", "x86_64");
	fingerprint_add(&other, "smt", "on");
	fingerprint_add(&other, "later_invention", "1");
	assert_true(fingerprint_hash(&print) == fingerprint_hash(&other));
	/* def f(*ts): FNV-1a, 64 bits, over the bytes of each t and a zero;
	 * (f('smt', 'on') + f('arch', 'x86_64')) % 2**64 */
	assert_true(fingerprint_hash(&print) == UINT64_C(0xfca05e903cc9beaa));
}

static void summarises(void **state)
{
	char text[FINGERPRINT_SUMMARY_MAX];

	(void)state;
	fill(&print, "AMD EPYC", "6.18.44", "#1");
	assert_string_equal(fingerprint_summary(&print, text),
		"AMD EPYC, 4 CPUs, KVM guest, Linux 6.18.44, Debian 12");
	print.count = 0;
	fingerprint_add(&print, "cpus_allowed", "3");
	fingerprint_add(&print, "hypervisor", "none");
	assert_string_equal(fingerprint_summary(&print, text),
		"unknown CPU, 1 CPU, no hypervisor, Linux of "
		"unknown release, unknown distribution");
}

static void long_and_many_fields_fit(void **state)
{
	char text[2 * FINGERPRINT_VALUE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	print.count = 0;
	for (unsigned i = 0; i < FINGERPRINT_FIELDS_MAX; i++)
		assert_int_equal(fingerprint_add(&print, text, text), 0);
	assert_int_equal(fingerprint_add(&print, "smt", "on"), -ENOSPC);
	assert_int_equal(strlen(print.fields[0].value), FINGERPRINT_VALUE_MAX - 1);
	assert_int_equal(strlen(print.fields[0].name), FINGERPRINT_NAME_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_machine),
		cmocka_unit_test(older_cgroups_limit_too),
		cmocka_unit_test(this_machine_is_itself),
		cmocka_unit_test(differences_have_a_policy),
		cmocka_unit_test(a_missing_field_only_warns),
		cmocka_unit_test(the_hash_is_stable),
		cmocka_unit_test(summarises),
		cmocka_unit_test(long_and_many_fields_fit),
	};
	return cmocka_run_group_tests(tests, make_machine, remove_machine);
}
