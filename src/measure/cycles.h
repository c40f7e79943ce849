#pragma once
/*
 * The cycle counter as a clock for timed loops.
 *
 * The counter (x86-64: TSC, arm64: CNTVCT) is used where it runs at one rate in every state of the
 * CPU; elsewhere the same calls read CLOCK_MONOTONIC, and cycles_describe() says why. Values of
 * one machine compare across its CPUs and processes, as those of the clock do; they mean nothing
 * on another machine or after a boot.
 *
 * cycles_init() once per process, before the first thread; the rest may be called by any thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

struct cycles_info {
	const char *source;     /* "tsc", "cntvct" or "clock_gettime" */
	const char *reason;     /* why it is clock_gettime; NULL otherwise */
	double frequency_hz;    /* against CLOCK_MONOTONIC, so as slewed by NTP at that time */
	double frequency_error; /* bound of its relative error (1e-6 = 1 ppm) */
	double read_ns;         /* cost of one cycles_now() in a row of them, median */
	double read_ordered_ns; /* cost of one cycles_now_ordered(), likewise */
	double resolution_ns;   /* smallest step seen between two reads that differ */
};

/*
 * Chooses the source and calibrates it, in about 4 ms of CPU time; further calls return at once.
 * Cannot fail: without a usable counter the clock takes its place.
 */
void cycles_init(void);

/* What cycles_init() found; it must have run. */
const struct cycles_info *cycles_info(void);

/* State of the inline functions; written by cycles_init() only. */
extern struct cycles_state {
	bool counter;
	uint64_t ps_per_tick_q32; /* picoseconds per tick, 32 fractional bits */
} cycles_state;

static inline uint64_t cycles_clock_(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * Ticks. The CPU may move the read by some tens of instructions, in either direction: good around
 * batches of a microsecond and more.
 */
static inline uint64_t cycles_now(void)
{
#if defined(__x86_64__)
	if (__builtin_expect(cycles_state.counter, 1))
		return __rdtsc();
#elif defined(__aarch64__)
	if (__builtin_expect(cycles_state.counter, 1)) {
		uint64_t ticks;
		__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
		return ticks;
	}
#endif
	return cycles_clock_();
}

/* Ticks, read after all that stands before and before all that stands after it: for single
 * operations. Stores may still sit in the store buffer. */
static inline uint64_t cycles_now_ordered(void)
{
#if defined(__x86_64__)
	_mm_lfence();
	uint64_t ticks = cycles_now();
	_mm_lfence();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
	uint64_t ticks = cycles_now();
	__asm__ volatile("isb" ::: "memory");
#else
	uint64_t ticks = cycles_now();
#endif
	return ticks;
}

/* A difference of ticks as picoseconds, exact to the frequency's error; up to 100 days. */
static inline int64_t cycles_to_ps(uint64_t ticks)
{
	return (int64_t)(((unsigned __int128)ticks * cycles_state.ps_per_tick_q32) >> 32);
}

/* A difference of ticks as nanoseconds, with fractions. Not for time stamps. */
static inline double cycles_to_ns(uint64_t ticks)
{
	return (double)cycles_to_ps(ticks) / 1e3;
}
