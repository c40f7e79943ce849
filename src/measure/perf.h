#pragma once
/*
 * Kernel and hardware counters of the calling thread (perf_event_open(2)).
 *
 * What the machine does not have or does not allow is absent, with a reason, and never 0. Where
 * only user space may be counted (perf_event_paranoid ≥ 2), the hardware counters count that and
 * say so; context switches and migrations, which happen in the kernel, are then absent.
 *
 * Counting is not free: an open counter makes every context switch dearer (a pipe's round trip on
 * one CPU of a virtual machine: from 9 to 12 µs with one, to 17 µs with all). So never beside a
 * timed part that waits; in a run of its own.
 *
 * A perf belongs to the thread that opened it: that thread starts, stops and closes it.
 */
#include <stdbool.h>
#include <stdint.h>

enum perf_counter {
	PERF_CONTEXT_SWITCHES,
	PERF_CPU_MIGRATIONS,
	PERF_PAGE_FAULTS,
	PERF_TASK_CLOCK_NS,
	PERF_CYCLES,
	PERF_INSTRUCTIONS,
	PERF_CACHE_MISSES,
	PERF_COUNTERS, /* how many there are */
};

#define PERF_SOFTWARE                                                                       \
	(1u << PERF_CONTEXT_SWITCHES | 1u << PERF_CPU_MIGRATIONS | 1u << PERF_PAGE_FAULTS | \
		1u << PERF_TASK_CLOCK_NS)
#define PERF_HARDWARE (1u << PERF_CYCLES | 1u << PERF_INSTRUCTIONS | 1u << PERF_CACHE_MISSES)
#define PERF_ALL (PERF_SOFTWARE | PERF_HARDWARE)

struct perf {
	int fds[PERF_COUNTERS];    /* -1: absent */
	int errors[PERF_COUNTERS]; /* why: a negative errno; 0 when it wasn't asked for */
	bool user_only[PERF_COUNTERS];
	/* What perf_start() found: value, time enabled, time running. A reset by the kernel would
	 * leave the times, and the counts of children that have ended. */
	uint64_t start[PERF_COUNTERS][3];
};

struct perf_value {
	bool present;
	bool user_only;  /* the kernel's part is missing */
	double coverage; /* share of the time it really counted; below 1 the value is scaled up */
	int64_t value;   /* since perf_start(); meaningless when absent */
	const char *reason; /* why it is absent, for people; NULL when present */
};

struct perf_values {
	struct perf_value counters[PERF_COUNTERS];
};

#define PERF_NULL                                     \
	{                                             \
		.fds = { -1, -1, -1, -1, -1, -1, -1 } \
	}

/*
 * Opens the counters of the mask for the calling thread, stopped; with `inherit` also for the
 * threads and processes that it makes later (their counts arrive when they end).
 * Returns how many are present, which may be 0; never fails.
 */
int perf_open(struct perf *perf, unsigned mask, bool inherit);

/* Starts all from 0; stops them. */
void perf_start(struct perf *perf);
void perf_stop(struct perf *perf);

/* Reads all, running or stopped. */
void perf_read(const struct perf *perf, struct perf_values *ret);

/* Accepts PERF_NULL and half-opened ones. Suits _cleanup_. */
void perf_close(struct perf *perf);

/* "context-switches", "cycles", … as perf(1) names them. */
const char *perf_name(enum perf_counter counter);
