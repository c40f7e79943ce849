#include "base/clock.h"

#include <errno.h>
#include <limits.h>

int64_t deadline_left_ns(int64_t deadline_ns)
{
	if (deadline_ns == DEADLINE_NEVER)
		return INT64_MAX;
	int64_t left = deadline_ns - clock_ns();
	return left > 0 ? left : 0;
}

int deadline_left_ms(int64_t deadline_ns)
{
	if (deadline_ns == DEADLINE_NEVER)
		return -1;
	int64_t ms = (deadline_left_ns(deadline_ns) + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

void clock_sleep_until(int64_t time_ns)
{
	struct timespec t = timespec_of(time_ns);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}
