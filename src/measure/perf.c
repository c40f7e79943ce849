#include "measure/perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"

static const struct {
	const char *name;
	uint32_t type;
	uint64_t config;
	/* Whether its events happen in user space, so that counting only that makes sense. */
	bool user_meaningful;
} events[PERF_COUNTERS] = {
	[PERF_CONTEXT_SWITCHES] = {"context-switches", PERF_TYPE_SOFTWARE,
		PERF_COUNT_SW_CONTEXT_SWITCHES, false},
	[PERF_CPU_MIGRATIONS] = {"cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS,
		false},
	[PERF_PAGE_FAULTS] = {"page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, true},
	[PERF_TASK_CLOCK_NS] = {"task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, false},
	[PERF_CYCLES] = {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, true},
	[PERF_INSTRUCTIONS] = {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS,
		true},
	[PERF_CACHE_MISSES] = {"cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES,
		true},
};

static int open_event(enum perf_counter counter, bool inherit, bool user_only)
{
	struct perf_event_attr attr = {
		.type = events[counter].type,
		.size = sizeof(attr),
		.config = events[counter].config,
		.disabled = 1,
		.inherit = inherit,
		.exclude_kernel = user_only,
		.exclude_hv = user_only,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	return sys(syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

int perf_open(struct perf *perf, unsigned mask, bool inherit)
{
	int present = 0;

	*perf = (struct perf)PERF_NULL;
	for (int i = 0; i < PERF_COUNTERS; i++) {
		if (!(mask >> i & 1))
			continue;
		int r = open_event((enum perf_counter)i, inherit, false);
		if ((r == -EACCES || r == -EPERM) && events[i].user_meaningful) {
			r = open_event((enum perf_counter)i, inherit, true);
			perf->user_only[i] = r >= 0;
		}
		perf->fds[i] = r < 0 ? -1 : r;
		perf->errors[i] = r < 0 ? r : 0;
		present += r >= 0;
	}
	return present;
}

enum { VALUE, ENABLED, RUNNING, RAW };

static bool read_raw(int fd, uint64_t raw[RAW])
{
	size_t size = RAW * sizeof(raw[0]);

	return fd >= 0 && read(fd, raw, size) == (ssize_t)size;
}

void perf_start(struct perf *perf)
{
	for (int i = 0; i < PERF_COUNTERS; i++)
		if (!read_raw(perf->fds[i], perf->start[i]))
			memset(perf->start[i], 0, sizeof(perf->start[i]));
	for (int i = 0; i < PERF_COUNTERS; i++)
		if (perf->fds[i] >= 0)
			ioctl(perf->fds[i], PERF_EVENT_IOC_ENABLE, 0);
}

void perf_stop(struct perf *perf)
{
	for (int i = 0; i < PERF_COUNTERS; i++)
		if (perf->fds[i] >= 0)
			ioctl(perf->fds[i], PERF_EVENT_IOC_DISABLE, 0);
}

static const char *reason_of(int error)
{
	switch (-error) {
	case 0:
		return "not asked for";
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
		return "this machine has no such counter (most virtual machines hide the CPU's)";
	case EACCES:
	case EPERM:
		return "not permitted: lower kernel.perf_event_paranoid to 1, or grant CAP_PERFMON";
	case ENOSYS:
		return "this kernel, or the container's seccomp filter, has no perf_event_open";
	case EMFILE:
	case ENFILE:
		return "too many open files: raise ulimit -n";
	default:
		return "the kernel refused to open it";
	}
}

static struct perf_value read_one(int fd, const uint64_t start[RAW])
{
	uint64_t raw[RAW];

	if (!read_raw(fd, raw))
		return (struct perf_value){.reason = "the kernel gave no value"};
	for (int i = 0; i < RAW; i++)
		raw[i] -= start[i];
	if (raw[ENABLED] && !raw[RUNNING])
		return (struct perf_value){
			.reason = "it never ran: other users hold the CPU's counters"};
	struct perf_value value = {.present = true, .coverage = 1, .value = (int64_t)raw[VALUE]};
	if (raw[RUNNING] < raw[ENABLED]) {
		value.coverage = (double)raw[RUNNING] / (double)raw[ENABLED];
		value.value = (int64_t)((double)raw[VALUE] / value.coverage);
	}
	return value;
}

void perf_read(const struct perf *perf, struct perf_values *ret)
{
	for (int i = 0; i < PERF_COUNTERS; i++) {
		struct perf_value *value = &ret->counters[i];
		if (perf->fds[i] < 0)
			*value = (struct perf_value){.reason = reason_of(perf->errors[i])};
		else
			*value = read_one(perf->fds[i], perf->start[i]);
		value->user_only = perf->user_only[i];
	}
}

void perf_close(struct perf *perf)
{
	int saved = errno;

	for (int i = 0; i < PERF_COUNTERS; i++)
		if (perf->fds[i] >= 0)
			close(perf->fds[i]);
	*perf = (struct perf)PERF_NULL;
	errno = saved;
}

const char *perf_name(enum perf_counter counter)
{
	return events[counter].name;
}
