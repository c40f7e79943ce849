/*
 * Calibration: a pair of (counter, clock) readings at each end of a window. A reading of the clock
 * stands between two of the counter; of many tries the one with the narrowest bracket is kept, and
 * the widths of the two brackets over the length of the window bound the error of the frequency.
 */
#include "measure/cycles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { TRIES = 64, BATCHES = 15, BATCH_READS = 100, STEPS = 200 };

/* Long enough for an error of some ppm where a clock read takes 25 ns; every process pays it. */
#define WINDOW_NS (3 * NS_PER_MS)

struct cycles_state cycles_state = {.ps_per_tick_q32 = UINT64_C(1000) << 32};

static struct cycles_info info;

#if defined(__x86_64__)
static bool flag_in(const char *flags, const char *flag)
{
	size_t length = strlen(flag);

	for (const char *at = flags; (at = strstr(at, flag)); at += length)
		if (at[-1] == ' ' && (at[length] == ' ' || at[length] == '\n'))
			return true;
	return false;
}

/* The kernel takes a TSC that it found to drift or to differ between CPUs off this list. */
static bool kernel_trusts_tsc(void)
{
	_cleanup_(fclosep) FILE *file =
		fopen("/sys/devices/system/clocksource/clocksource0/available_clocksource", "re");
	char names[256] = " ";

	if (!file || !fgets(names + 1, sizeof(names) - 1, file))
		return true;
	return flag_in(names, "tsc");
}

/* NULL when the TSC runs at one rate in every P-, T- and C-state, else what is missing. */
static const char *counter_defect(void)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/cpuinfo", "re");
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;

	if (!kernel_trusts_tsc())
		return "the kernel does not trust the TSC (it is not in available_clocksource)";
	while (file && getline(&line, &size, file) > 0) {
		if (strncmp(line, "flags", 5) != 0)
			continue;
		if (!flag_in(line, "constant_tsc"))
			return "the TSC changes its rate with the CPU's (no constant_tsc)";
		if (!flag_in(line, "nonstop_tsc"))
			return "the TSC may stop in idle states (no nonstop_tsc)";
		return NULL;
	}
	return "/proc/cpuinfo does not say whether the TSC is steady";
}
static const char counter_name[] = "tsc";
#elif defined(__aarch64__)
static const char *counter_defect(void)
{
	return NULL; /* The architecture demands a steady system counter. */
}
static const char counter_name[] = "cntvct";
#else
static const char *counter_defect(void)
{
	return "no counter is known for this architecture";
}
static const char counter_name[] = "";
#endif

struct reading {
	uint64_t ticks, width;
	int64_t ns;
};

static struct reading read_both(void)
{
	struct reading best = {.width = UINT64_MAX};

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = cycles_now_ordered();
		int64_t ns = clock_ns();
		uint64_t width = cycles_now_ordered() - before;
		if (width < best.width)
			best = (struct reading){before + width / 2, width, ns};
	}
	return best;
}

static void calibrate(void)
{
	struct reading start = read_both(), end;

	while (clock_ns() - start.ns < WINDOW_NS)
		;
	end = read_both();
	double ns = (double)(end.ns - start.ns);
	double ticks = (double)(end.ticks - start.ticks);
	cycles_state.ps_per_tick_q32 = (uint64_t)(ns * 1e3 / ticks * 0x1p32);
	info.frequency_hz = ticks / ns * 1e9;
	/* Half a bracket at either end. */
	info.frequency_error = (double)(start.width + end.width) / 2 / ticks;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static double read_cost_ns(bool ordered)
{
	uint64_t batches[BATCHES];

	for (int i = 0; i < BATCHES; i++) {
		uint64_t start = cycles_now_ordered();
		for (int j = 0; j < BATCH_READS; j++) {
			uint64_t ticks = ordered ? cycles_now_ordered() : cycles_now();
			__asm__ volatile("" ::"r"(ticks));
		}
		batches[i] = cycles_now_ordered() - start;
	}
	qsort(batches, BATCHES, sizeof(batches[0]), compare);
	return cycles_to_ns(batches[BATCHES / 2]) / BATCH_READS;
}

static double smallest_step_ns(void)
{
	uint64_t smallest = UINT64_MAX;

	for (int i = 0; i < STEPS; i++) {
		uint64_t start = cycles_now(), next;
		while ((next = cycles_now()) == start)
			;
		/* Another CPU's counter may be a little behind: no step. */
		if (next > start && next - start < smallest)
			smallest = next - start;
	}
	return cycles_to_ns(smallest);
}

void cycles_init(void)
{
	if (info.source)
		return;
	info.reason = counter_defect();
	info.source = info.reason ? "clock_gettime" : counter_name;
	cycles_state.counter = !info.reason;
	if (cycles_state.counter)
		calibrate();
	else
		info.frequency_hz = 1e9;
	info.read_ns = read_cost_ns(false);
	info.read_ordered_ns = read_cost_ns(true);
	info.resolution_ns = smallest_step_ns();
}

const struct cycles_info *cycles_info(void)
{
	return &info;
}
