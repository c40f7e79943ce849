#include "measure/usage.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* se.nr_migrations; kernels without CONFIG_SCHED_DEBUG have no such file. */
static int64_t read_migrations(void)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/thread-self/sched", "re");
	char line[128];
	long long migrations;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "se.nr_migrations : %lld", &migrations) == 1)
			return migrations;
	return -1;
}

static int64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * NS_PER_S + time.tv_usec * NS_PER_US;
}

void usage_read(struct usage *ret)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_THREAD, &usage);
	*ret = (struct usage){
		.cpu_ns = clock_thread_cpu_ns(),
		.user_ns = timeval_ns(usage.ru_utime),
		.system_ns = timeval_ns(usage.ru_stime),
		.voluntary = usage.ru_nvcsw,
		.involuntary = usage.ru_nivcsw,
		.page_faults = usage.ru_minflt + usage.ru_majflt,
		.migrations = read_migrations(),
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
