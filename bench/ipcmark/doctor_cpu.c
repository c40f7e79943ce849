/* The CPUs: how fast they run, how deep they sleep, and, under a hypervisor, where they are. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ipcmark/doctor_check.h"
#include "measure/cycles.h"
#include "measure/probe.h"
#include "os/idle.h"
#include "topo/topo.h"

enum { PROBES = 5 };

static void check_governor(struct doctor *doctor)
{
	char governor[64];

	if (!doctor_read(doctor, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor,
		    sizeof(governor))) {
		doctor_say(doctor, DOCTOR_NOTE, "governor",
			"the kernel does not control the CPU frequency (usual in a virtual "
			"machine): the host may change it unseen");
		return;
	}
	if (strcmp(governor, "performance") == 0) {
		doctor_say(doctor, DOCTOR_OK, "governor", "performance");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "governor",
		"'%s': the frequency follows the load, so a cell that waits runs on a slower CPU",
		governor);
	doctor_advise(doctor, "cpupower frequency-set -g performance");
}

static void check_turbo(struct doctor *doctor)
{
	static const char intel[] = "/sys/devices/system/cpu/intel_pstate/no_turbo";
	static const char boost[] = "/sys/devices/system/cpu/cpufreq/boost";
	int64_t value;
	const char *path = intel, *off = "1";
	bool on;

	if (doctor_read_number(doctor, intel, &value)) {
		on = value == 0;
	} else if (doctor_read_number(doctor, boost, &value)) {
		on = value != 0;
		path = boost;
		off = "0";
	} else {
		doctor_say(doctor, DOCTOR_NOTE, "turbo",
			"not told by the kernel: the frequency may depend on what other CPUs do");
		return;
	}
	if (!on) {
		doctor_say(doctor, DOCTOR_OK, "turbo", "off");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "turbo",
		"on: the frequency depends on temperature and on what other CPUs do");
	doctor_advise(doctor, "echo %s > %s", off, path);
}

static void check_idle(struct doctor *doctor)
{
	char driver[64] = "", governor[64] = "";
	const char *reason = "no permission";
	bool can_hold = doctor_is_live(doctor) ? idle_can_hold(&reason)
					       : doctor_has(doctor, "/dev/cpu_dma_latency");

	doctor_read(
		doctor, "/sys/devices/system/cpu/cpuidle/current_driver", driver, sizeof(driver));
	doctor_read(doctor, "/sys/devices/system/cpu/cpuidle/current_governor", governor,
		sizeof(governor));
	if (!doctor_is_live(doctor) && !can_hold)
		reason = "this system has no /dev/cpu_dma_latency";
	if (can_hold) {
		doctor_say(doctor, DOCTOR_OK, "idle",
			"idle states can be held off (driver %s, governor %s): cells run with "
			"idle=held unless they say idle=free",
			driver[0] ? driver : "none", governor[0] ? governor : "none");
		doctor_advise(doctor,
			"idle=held compares mechanisms; idle=free is what an idle machine really "
			"gives: waking a sleeping CPU is then part of the figure");
		return;
	}
	doctor_say(doctor, DOCTOR_WARNING, "idle",
		"CPUs cannot be held out of idle states (%s): cells between two CPUs run with "
		"idle=free and include the time to wake a sleeping CPU",
		reason);
	doctor_advise(doctor, "run as root, or: chmod o+w /dev/cpu_dma_latency");
}

static void check_smt(struct doctor *doctor)
{
	int64_t active;

	if (!doctor_read_number(doctor, "/sys/devices/system/cpu/smt/active", &active)) {
		doctor_say(doctor, DOCTOR_NOTE, "smt", "not told by the kernel");
	} else if (active) {
		doctor_say(doctor, DOCTOR_NOTE, "smt",
			"on: what runs on a core's other hyperthread slows a cell down");
		doctor_advise(doctor, "leave it, and keep the machine idle; or echo off > "
				      "/sys/devices/system/cpu/smt/control");
	} else {
		doctor_say(doctor, DOCTOR_OK, "smt", "off, or there is none to see");
	}
}

/* Where a hypervisor has put two CPUs, looked at some times. */
static void check_moving(struct doctor *doctor, const char *hypervisor)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	unsigned seen[PROBE_STATES] = {0};
	struct probe_result result;
	char states[128] = "";
	unsigned kinds = 0;

	if (!doctor_is_live(doctor) || topo_load(&topo) < 0 || topo_cpu_count(topo) < 2) {
		doctor_say(doctor, DOCTOR_NOTE, "hypervisor",
			"%s: it moves virtual CPUs and takes time from them", hypervisor);
		return;
	}
	for (unsigned i = 0; i < PROBES; i++)
		if (probe_run(topo_cpu(topo, 0), topo_cpu(topo, 1), &result) == 0)
			seen[result.state]++;
	for (unsigned state = 0; state < PROBE_STATES; state++) {
		size_t at = strlen(states);
		if (!seen[state])
			continue;
		kinds++;
		snprintf(states + at, sizeof(states) - at, "%s%s %u×", at ? ", " : "",
			probe_state_name((enum probe_state)state), seen[state]);
	}
	doctor_say(doctor, kinds > 1 || seen[PROBE_BUSY] ? DOCTOR_WARNING : DOCTOR_NOTE,
		"hypervisor", "%s moves virtual CPUs: CPUs %d and %d probed %d times: %s",
		hypervisor, topo_cpu(topo, 0), topo_cpu(topo, 1), PROBES, states);
	doctor_advise(doctor, "every run is probed before and after; runs of different states are "
			      "kept apart. Pin the virtual CPUs on the host if you can");
}

static void check_hypervisor(struct doctor *doctor)
{
	char text[DOCTOR_FILE_MAX], name[64];

	if (!doctor_read(doctor, "/proc/cpuinfo", text, sizeof(text)))
		return;
	if (!strstr(text, " hypervisor")) {
		doctor_say(doctor, DOCTOR_OK, "hypervisor", "none seen");
		return;
	}
	if (!doctor_read(doctor, "/sys/class/dmi/id/sys_vendor", name, sizeof(name)) &&
		!doctor_read(doctor, "/sys/hypervisor/type", name, sizeof(name)))
		snprintf(name, sizeof(name), "a hypervisor");
	check_moving(doctor, name);
}

static void check_clock(struct doctor *doctor)
{
	char source[64];

	if (!doctor_read(doctor, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		    source, sizeof(source)))
		snprintf(source, sizeof(source), "unknown");
	if (strcmp(source, "hpet") == 0 || strcmp(source, "acpi_pm") == 0) {
		doctor_say(doctor, DOCTOR_WARNING, "clock",
			"the kernel's clock source is %s: reading the time takes microseconds",
			source);
		doctor_advise(doctor, "see dmesg for why the TSC was given up");
		return;
	}
	if (!doctor_is_live(doctor)) {
		doctor_say(doctor, DOCTOR_OK, "clock", "clock source %s", source);
		return;
	}
	cycles_init();
	const struct cycles_info *info = cycles_info();
	doctor_say(doctor, info->reason ? DOCTOR_NOTE : DOCTOR_OK, "clock",
		"timed by %s (%.1f ns a read); the kernel's clock source is %s%s%s", info->source,
		info->read_ns, source, info->reason ? "; " : "", info->reason ? info->reason : "");
}

void doctor_check_cpu(struct doctor *doctor)
{
	check_governor(doctor);
	check_turbo(doctor);
	check_idle(doctor);
	check_smt(doctor);
	check_hypervisor(doctor);
	check_clock(doctor);
}
