/* What else uses the CPUs now: this system's processes, another ipcmark, the host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ipcmark/doctor_check.h"
#include "ipcmark/lock.h"

/* Long enough for 20 ticks of a kernel with HZ = 100. */
enum { WATCH_MS = 200 };

/* The columns of /proc/stat's first line. */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, COLUMNS };

static bool stat_read(const struct doctor *doctor, long long ticks[COLUMNS])
{
	char text[512];

	if (!doctor_read(doctor, "/proc/stat", text, sizeof(text)))
		return false;
	char *at = text + strcspn(text, " ");
	for (unsigned i = 0; i < COLUMNS; i++) {
		char *end;
		ticks[i] = strtoll(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	return true;
}

struct shares {
	double busy, steal; /* per cent of all CPUs' time */
};

static struct shares shares_of(const long long before[COLUMNS], const long long after[COLUMNS])
{
	long long total = 0;

	for (unsigned i = 0; i < COLUMNS; i++)
		total += after[i] - before[i];
	if (total <= 0)
		return (struct shares){0};
	long long idle = after[IDLE] - before[IDLE] + after[IOWAIT] - before[IOWAIT];
	long long steal = after[STEAL] - before[STEAL];
	return (struct shares){.busy = 100.0 * (double)(total - idle - steal) / (double)total,
		.steal = 100.0 * (double)steal / (double)total};
}

static void check_stat(struct doctor *doctor)
{
	static const long long boot[COLUMNS];
	long long before[COLUMNS], after[COLUMNS];

	if (!stat_read(doctor, before))
		return;
	struct shares since_boot = shares_of(boot, before), now = since_boot;
	if (doctor_is_live(doctor)) {
		clock_sleep_until(clock_ns() + WATCH_MS * NS_PER_MS);
		if (stat_read(doctor, after))
			now = shares_of(before, after);
		bool busy = now.busy > 10;
		doctor_say(doctor, busy ? DOCTOR_WARNING : DOCTOR_OK, "busy",
			"the CPUs are %.0f %% busy just now", now.busy);
		if (busy)
			doctor_advise(doctor, "see top: stop what runs, or measure later");
	}
	bool stolen = now.steal > 1 || since_boot.steal > 1;
	doctor_say(doctor, stolen ? DOCTOR_WARNING : DOCTOR_OK, "steal",
		"the host has taken %.1f %% of the CPU time since boot%s", since_boot.steal,
		now.steal > 1 ? ", and does so now" : "");
	if (stolen)
		doctor_advise(doctor,
			"other guests run on your CPUs: more rounds help, dedicated CPUs cure");
}

static void check_load(struct doctor *doctor)
{
	char text[128], online[256];
	double load;
	unsigned running, cpus = 1;

	if (!doctor_read(doctor, "/proc/loadavg", text, sizeof(text)) ||
		sscanf(text, "%lf %*f %*f %u/", &load, &running) != 2)
		return;
	if (doctor_read(doctor, "/sys/devices/system/cpu/online", online, sizeof(online)))
		cpus = doctor_list_count(online);
	/* One of those that run is the one that reads this. */
	bool loaded = load > 0.5 || running > 2;
	doctor_say(doctor, loaded ? DOCTOR_WARNING : DOCTOR_OK, "load",
		"load average %.2f on %u CPUs, %u other thread%s ready to run", load, cpus,
		running > 0 ? running - 1 : 0, running == 2 ? "" : "s");
	if (loaded)
		doctor_advise(doctor, "wait until the machine is idle: other work moves figures by "
				      "more than mechanisms differ");
}

static void check_lock(struct doctor *doctor)
{
	char holder[LOCK_HOLDER_MAX];

	if (!doctor_is_live(doctor))
		return;
	if (!lock_is_held(holder)) {
		doctor_say(doctor, DOCTOR_OK, "ipcmark", "no other ipcmark measures now");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "ipcmark", "another ipcmark measures now: %s", holder);
	doctor_advise(doctor, "wait for it: ipcmark run --wait-lock");
}

static void check_memory(struct doctor *doctor)
{
	char text[DOCTOR_FILE_MAX];

	if (!doctor_read(doctor, "/proc/meminfo", text, sizeof(text)))
		return;
	const char *line = strstr(text, "MemAvailable:");
	long long available_kib = line ? strtoll(line + strlen("MemAvailable:"), NULL, 10) : 0;
	bool little = available_kib < 512 * 1024;
	doctor_say(doctor, little ? DOCTOR_WARNING : DOCTOR_OK, "memory", "%lld MiB available",
		available_kib / 1024);
	if (little)
		doctor_advise(doctor, "large messages between many senders may be refused or swap");
}

void doctor_check_load(struct doctor *doctor)
{
	check_load(doctor);
	check_stat(doctor);
	check_memory(doctor);
	check_lock(doctor);
}
