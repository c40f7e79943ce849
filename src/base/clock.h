#pragma once
/*
 * Time and deadlines. All times are int64_t nanoseconds of CLOCK_MONOTONIC: a double would round
 * them to 256 ns, and a wall clock steps. A deadline is an absolute time; every call that can
 * block takes one.
 */
#include <stdint.h>
#include <time.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

#define DEADLINE_NEVER INT64_MAX

static inline int64_t clock_of(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static inline int64_t clock_ns(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

/* CPU time of the calling thread, user and system, in ns. */
static inline int64_t clock_thread_cpu_ns(void)
{
	return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

static inline int64_t deadline_after_ms(int64_t timeout_ms)
{
	return timeout_ms < 0 ? DEADLINE_NEVER : clock_ns() + timeout_ms * NS_PER_MS;
}

/* What is left, 0 when it has passed; INT64_MAX for DEADLINE_NEVER. */
int64_t deadline_left_ns(int64_t deadline_ns);

/* For poll(): milliseconds, rounded up, -1 for DEADLINE_NEVER. */
int deadline_left_ms(int64_t deadline_ns);

/* Sleeps until the absolute time, through EINTR. */
void clock_sleep_until(int64_t time_ns);

struct timespec timespec_of(int64_t ns);
