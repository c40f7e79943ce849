/* Settings of the kernel that change figures or forbid mechanisms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipcmark/doctor_check.h"

static void check_aslr(struct doctor *doctor)
{
	int64_t value;

	if (!doctor_read_number(doctor, "/proc/sys/kernel/randomize_va_space", &value))
		return;
	if (value > 0) {
		doctor_say(doctor, DOCTOR_OK, "aslr",
			"on: each process run has another memory layout, and none is favoured");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "aslr",
		"off: all runs share one memory layout, which may favour one mechanism by chance");
	doctor_advise(doctor, "sysctl -w kernel.randomize_va_space=2; not under setarch -R");
}

static void check_thp(struct doctor *doctor)
{
	char text[128], *chosen;

	if (!doctor_read(
		    doctor, "/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text)) ||
		!(chosen = strchr(text, '[')))
		return;
	chosen[strcspn(chosen, "]")] = '\0';
	if (strcmp(++chosen, "always") != 0) {
		doctor_say(doctor, DOCTOR_OK, "huge pages", "transparent huge pages: %s", chosen);
		return;
	}
	doctor_say(doctor, DOCTOR_NOTE, "huge pages",
		"transparent huge pages: always; large buffers may or may not get them, and the "
		"background work is not accounted to anybody");
	doctor_advise(doctor, "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
}

static void check_uring(struct doctor *doctor)
{
	int64_t value;

	if (!doctor_read_number(doctor, "/proc/sys/kernel/io_uring_disabled", &value)) {
		doctor_say(doctor, DOCTOR_OK, "io_uring", "this kernel has no switch for it");
		return;
	}
	if (value == 0) {
		doctor_say(doctor, DOCTOR_OK, "io_uring", "permitted");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "io_uring", "%s: the io_uring mechanisms are skipped",
		value == 1 ? "only for members of kernel.io_uring_group" : "forbidden");
	doctor_advise(doctor, "sysctl -w kernel.io_uring_disabled=0");
}

static void check_ptrace(struct doctor *doctor)
{
	int64_t value;

	if (!doctor_read_number(doctor, "/proc/sys/kernel/yama/ptrace_scope", &value) ||
		value < 2) {
		doctor_say(doctor, DOCTOR_OK, "ptrace",
			"a process may read the memory of its child's: process_vm_* can run");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "ptrace",
		"kernel.yama.ptrace_scope = %d: process_vm_readv and process_vm_writev need "
		"privileges",
		(int)value);
	doctor_advise(doctor, "run as root, or sysctl -w kernel.yama.ptrace_scope=1");
}

static void check_perf(struct doctor *doctor)
{
	int64_t value;

	if (!doctor_read_number(doctor, "/proc/sys/kernel/perf_event_paranoid", &value)) {
		doctor_say(doctor, DOCTOR_NOTE, "perf",
			"no performance events: migrations are not "
			"counted");
		return;
	}
	if (value <= 1 || (doctor_is_live(doctor) && geteuid() == 0)) {
		doctor_say(doctor, DOCTOR_OK, "perf", "events can be counted (paranoid = %d)",
			(int)value);
		return;
	}
	doctor_say(doctor, DOCTOR_NOTE, "perf",
		"kernel.perf_event_paranoid = %d: events in the kernel are not counted",
		(int)value);
	doctor_advise(doctor, "sysctl -w kernel.perf_event_paranoid=1");
}

static void check_slack(struct doctor *doctor)
{
	int64_t slack_ns;

	if (!doctor_read_number(doctor, "/proc/self/timerslack_ns", &slack_ns))
		return;
	if (slack_ns <= 50000) {
		doctor_say(doctor, DOCTOR_OK, "timer slack", "%lld ns", (long long)slack_ns);
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "timer slack",
		"%lld ns: sleeps end late, which moves the wakeup cells", (long long)slack_ns);
	doctor_advise(doctor, "start from a shell whose slack is 50000 ns, the kernel's default");
}

static bool is_in_path(const char *name)
{
	char file[4096];
	const char *path = getenv("PATH");

	for (const char *at = path; at && *at;) {
		size_t n = strcspn(at, ":");
		snprintf(file, sizeof(file), "%.*s/%s", (int)n, at, name);
		if (access(file, X_OK) == 0)
			return true;
		at += n + (at[n] == ':');
	}
	return false;
}

static void check_gnuplot(struct doctor *doctor)
{
	if (!doctor_is_live(doctor))
		return;
	if (is_in_path("gnuplot")) {
		doctor_say(doctor, DOCTOR_OK, "gnuplot", "installed");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "gnuplot",
		"not installed: reports have no plots, only their data and scripts");
	doctor_advise(doctor, "apt install gnuplot-nox, then: ipcmark plot DIR");
}

void doctor_check_kernel(struct doctor *doctor)
{
	check_aslr(doctor);
	check_thp(doctor);
	check_uring(doctor);
	check_ptrace(doctor);
	check_perf(doctor);
	check_slack(doctor);
	check_gnuplot(doctor);
}
