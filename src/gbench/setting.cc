/*
 * The settings that are a number or a switch: time, iterations, threads, reports.
 */
#include "binding.h"

#include <cinttypes>
#include <cmath>
#include <cstdarg>
#include <cstdio>

using gbench::check_handle;
using gbench::refuse;

int gb_unit(struct gb_bench *b, enum gb_unit unit)
{
	const int r = check_handle(b, "unit");
	if (r < 0)
		return r;
	if (unit < GB_NS || unit > GB_S)
		return refuse(b, -EINVAL, "unit: %d is none", static_cast<int>(unit));
	b->native->Unit(gbench::native_unit(unit));
	return 0;
}

int gb_min_time(struct gb_bench *b, double seconds)
{
	const int r = check_handle(b, "min_time");
	if (r < 0)
		return r;
	if (!std::isfinite(seconds) || seconds <= 0)
		return refuse(b, -EINVAL, "min_time: %g s; it must be more than 0", seconds);
	if (b->iterations)
		return refuse(b, -EINVAL,
			"min_time: there is a fixed number of iterations; set one or the other");
	b->native->MinTime(seconds);
	b->min_time = seconds;
	return 0;
}

int gb_min_warmup_time(struct gb_bench *b, double seconds)
{
	const int r = check_handle(b, "min_warmup_time");
	if (r < 0)
		return r;
	if (!std::isfinite(seconds) || seconds < 0)
		return refuse(b, -EINVAL, "min_warmup_time: %g s; it must be 0 or more", seconds);
	if (b->iterations)
		return refuse(b, -EINVAL,
			"min_warmup_time: there is a fixed number of iterations; "
			"set one or the other");
	b->native->MinWarmUpTime(seconds);
	b->min_warmup_time = seconds;
	return 0;
}

int gb_iterations(struct gb_bench *b, int64_t iterations)
{
	const int r = check_handle(b, "iterations");
	if (r < 0)
		return r;
	if (iterations < 1)
		return refuse(
			b, -EINVAL, "iterations: %" PRId64 "; it must be at least 1", iterations);
	if (b->min_time > 0 || b->min_warmup_time > 0)
		return refuse(
			b, -EINVAL, "iterations: there is a minimum time; set one or the other");
	b->native->Iterations(iterations);
	b->iterations = iterations;
	return 0;
}

int gb_repetitions(struct gb_bench *b, int repetitions)
{
	const int r = check_handle(b, "repetitions");
	if (r < 0)
		return r;
	if (repetitions < 1)
		return refuse(b, -EINVAL, "repetitions: %d; it must be at least 1", repetitions);
	b->native->Repetitions(repetitions);
	return 0;
}

int gb_report_aggregates_only(struct gb_bench *b, bool on)
{
	const int r = check_handle(b, "report_aggregates_only");
	if (r < 0)
		return r;
	b->native->ReportAggregatesOnly(on);
	return 0;
}

int gb_display_aggregates_only(struct gb_bench *b, bool on)
{
	const int r = check_handle(b, "display_aggregates_only");
	if (r < 0)
		return r;
	b->native->DisplayAggregatesOnly(on);
	return 0;
}

int gb_use_real_time(struct gb_bench *b)
{
	const int r = check_handle(b, "use_real_time");
	if (r < 0)
		return r;
	if (b->manual_time)
		return refuse(b, -EINVAL, "use_real_time: it uses manual time already");
	b->native->UseRealTime();
	b->real_time = true;
	return 0;
}

int gb_use_manual_time(struct gb_bench *b)
{
	const int r = check_handle(b, "use_manual_time");
	if (r < 0)
		return r;
	if (b->real_time)
		return refuse(b, -EINVAL, "use_manual_time: it uses real time already");
	b->native->UseManualTime();
	b->manual_time = true;
	return 0;
}

int gb_measure_process_cpu_time(struct gb_bench *b)
{
	const int r = check_handle(b, "measure_process_cpu_time");
	if (r < 0)
		return r;
	b->native->MeasureProcessCPUTime();
	return 0;
}

int gb_threads(struct gb_bench *b, int threads)
{
	return gb_dense_thread_range(b, threads, threads, 1);
}

namespace
{
int check_threads(struct gb_bench *b, const char *setting, int lo, int hi)
{
	const int r = check_handle(b, setting);
	if (r < 0)
		return r;
	if (lo < 1 || hi > GB_THREADS_MAX)
		return refuse(b, -EINVAL, "%s: %d threads; it must be 1 to %d", setting,
			lo < 1 ? lo : hi, GB_THREADS_MAX);
	if (lo > hi)
		return refuse(b, -EINVAL, "%s: from %d to %d; swap them", setting, lo, hi);
	return 0;
}
} // namespace

int gb_thread_range(struct gb_bench *b, int lo, int hi)
{
	const int r = check_threads(b, "thread_range", lo, hi);
	if (r < 0)
		return r;
	return gbench::guard("gb_thread_range", [&] {
		b->native->ThreadRange(lo, hi);
		return 0;
	});
}

int gb_dense_thread_range(struct gb_bench *b, int lo, int hi, int stride)
{
	const int r = check_threads(b, "threads", lo, hi);
	if (r < 0)
		return r;
	if (stride < 1 || stride > GB_THREADS_MAX)
		return refuse(b, -EINVAL, "threads: a stride of %d; it must be 1 to %d", stride,
			GB_THREADS_MAX);
	return gbench::guard("gb_dense_thread_range", [&] {
		b->native->DenseThreadRange(lo, hi, stride);
		return 0;
	});
}

int gb_thread_per_cpu(struct gb_bench *b)
{
	const int r = check_handle(b, "thread_per_cpu");
	if (r < 0)
		return r;
	return gbench::guard("gb_thread_per_cpu", [&] {
		b->native->ThreadPerCpu();
		return 0;
	});
}
