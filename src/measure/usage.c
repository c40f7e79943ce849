#include "measure/usage.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"

void usage_open(struct usage_meter *meter)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_MIGRATIONS,
	};
	int fd = sys(syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));

	meter->migrations_fd = fd < 0 ? -1 : fd;
}

void usage_close(struct usage_meter *meter)
{
	int saved = errno;

	if (meter->migrations_fd >= 0)
		close(meter->migrations_fd);
	meter->migrations_fd = -1;
	errno = saved;
}

static int64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * NS_PER_S + time.tv_usec * NS_PER_US;
}

void usage_read(const struct usage_meter *meter, struct usage *ret)
{
	struct rusage usage = {0};
	uint64_t migrations;
	bool counted = meter && meter->migrations_fd >= 0 &&
		       read(meter->migrations_fd, &migrations, sizeof(migrations)) ==
			       (ssize_t)sizeof(migrations);

	getrusage(RUSAGE_THREAD, &usage);
	*ret = (struct usage){
		.cpu_ns = clock_thread_cpu_ns(),
		.user_ns = timeval_ns(usage.ru_utime),
		.system_ns = timeval_ns(usage.ru_stime),
		.voluntary = usage.ru_nvcsw,
		.involuntary = usage.ru_nivcsw,
		.page_faults = usage.ru_minflt + usage.ru_majflt,
		.migrations = counted ? (int64_t)migrations : -1,
		.cpu = sched_getcpu(),
	};
}

static struct usage combine(const struct usage *a, const struct usage *b, int sign)
{
	bool counted = a->migrations >= 0 && b->migrations >= 0;

	return (struct usage){
		.cpu_ns = a->cpu_ns + sign * b->cpu_ns,
		.user_ns = a->user_ns + sign * b->user_ns,
		.system_ns = a->system_ns + sign * b->system_ns,
		.voluntary = a->voluntary + sign * b->voluntary,
		.involuntary = a->involuntary + sign * b->involuntary,
		.page_faults = a->page_faults + sign * b->page_faults,
		.migrations = counted ? a->migrations + sign * b->migrations : -1,
		.cpu = -1,
	};
}

struct usage usage_delta(const struct usage *after, const struct usage *before)
{
	struct usage delta = combine(after, before, -1);

	delta.cpu = after->cpu;
	return delta;
}

struct usage usage_sum(const struct usage *a, const struct usage *b)
{
	return combine(a, b, 1);
}
