/*
 * gb_run, and the reporters in C that it is given.
 *
 * A reporter is called through an adapter that shows each library object as a plain struct. The
 * strings in it live as long as the callback.
 */
#include "binding.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <ostream>
#include <unistd.h>

using gbench::fail;

struct gb_output {
	benchmark::BenchmarkReporter *reporter;
};

namespace
{
std::atomic<bool> running{false};

std::mutex exception_lock;
std::string exception_first;

/* One report with the strings that its view points to. */
struct report_box {
	struct gb_report view;
	std::string name, message;
	std::vector<struct gb_report_counter> counters;
};

void fill_memory(struct gb_report *view, const benchmark::BenchmarkReporter::Run &run)
{
	view->total_allocated_bytes = view->net_heap_growth_bytes = INT64_MAX;
	if (run.run_type != benchmark::BenchmarkReporter::Run::RT_Iteration)
		return;
	const auto *memory = gbench::compat::memory_of(run, gbench::compat::prefer());
	if (!memory)
		return;
	view->has_memory = true;
	view->allocs_per_iteration = run.allocs_per_iter;
	view->allocs = memory->num_allocs;
	view->max_bytes_used = memory->max_bytes_used;
	view->total_allocated_bytes = memory->total_allocated_bytes;
	view->net_heap_growth_bytes = memory->net_heap_growth;
}

void fill_name(struct gb_report *view, const benchmark::BenchmarkName &name)
{
	view->name_function = name.function_name.c_str();
	view->name_args = name.args.c_str();
	view->name_min_time = name.min_time.c_str();
	view->name_min_warmup_time = name.min_warmup_time.c_str();
	view->name_iterations = name.iterations.c_str();
	view->name_repetitions = name.repetitions.c_str();
	view->name_time_type = name.time_type.c_str();
	view->name_threads = name.threads.c_str();
}

/* As the library's own reporters print them. */
void fill_times(struct gb_report *view, const benchmark::BenchmarkReporter::Run &run)
{
	const bool is_fraction = view->run_type == GB_RUN_AGGREGATE &&
				 view->aggregate_unit == GB_STATISTIC_PERCENTAGE && !run.report_rms;
	view->accumulated_real_s = run.real_accumulated_time;
	view->accumulated_cpu_s = run.cpu_accumulated_time;
	view->time_real = is_fraction ? run.real_accumulated_time : run.GetAdjustedRealTime();
	view->time_cpu = is_fraction ? run.cpu_accumulated_time : run.GetAdjustedCPUTime();
}

enum gb_big_o big_o_of(benchmark::BigO o)
{
	using namespace benchmark;
	static const BigO native[] = {oNone, o1, oN, oNSquared, oNCubed, oLogN, oNLogN, oAuto};
	for (size_t i = 0; i < sizeof native / sizeof *native; i++)
		if (native[i] == o)
			return static_cast<enum gb_big_o>(i);
	return GB_O_FUNCTION;
}

void fill(report_box *box, const benchmark::BenchmarkReporter::Run &run)
{
	using Run = benchmark::BenchmarkReporter::Run;
	struct gb_report *view = &box->view;
	const auto outcome = gbench::compat::outcome_of(run, gbench::compat::prefer());
	*view = {};
	box->name = run.benchmark_name();
	box->message = outcome.message;
	view->size = sizeof *view;
	view->name = box->name.c_str();
	fill_name(view, run.run_name);
	view->family_index = run.family_index;
	view->instance_index = run.per_family_instance_index;
	view->run_type = run.run_type == Run::RT_Aggregate ? GB_RUN_AGGREGATE : GB_RUN_ITERATION;
	view->aggregate_name = run.aggregate_name.c_str();
	view->aggregate_unit = run.aggregate_unit == benchmark::kPercentage
				       ? GB_STATISTIC_PERCENTAGE
				       : GB_STATISTIC_TIME;
	view->label = run.report_label.c_str();
	view->has_error = outcome.has_error;
	view->is_skipped = outcome.is_skipped;
	view->message = box->message.c_str();
	view->iterations = run.iterations;
	view->threads = run.threads;
	view->repetition_index = run.repetition_index;
	view->repetitions = run.repetitions;
	view->unit = gbench::unit_of(run.time_unit);
	view->is_big_o = run.report_big_o;
	view->is_rms = run.report_rms;
	view->complexity = big_o_of(run.complexity);
	view->complexity_n = run.complexity_n;
	fill_times(view, run);
	fill_memory(view, run);
	for (const auto &c : run.counters)
		box->counters.push_back(
			{c.first.c_str(), c.second.value, gbench::counter_flags_of(c.second.flags),
				c.second.oneK == 1024 ? 1024 : 1000});
	view->counters = box->counters.data();
	view->counters_count = box->counters.size();
}

class reporter : public benchmark::BenchmarkReporter
{
      public:
	explicit reporter(const struct gb_reporter *r)
	{
		memcpy(&calls, r, std::min(r->size, sizeof calls));
	}

	/* After an exception, the library doesn't get to Finalize. */
	~reporter()
	{
		try {
			Finalize();
		} catch (...) {
		}
	}

	/* No `override` here: the list of virtual functions depends on the version. */
	bool ReportContext(const Context &context)
	{
		is_open = true;
		if (!calls.context)
			return true;
		std::vector<struct gb_cache> caches;
		for (const auto &c : context.cpu_info.caches)
			caches.push_back({c.type.c_str(), c.level, c.size, c.num_sharing});
		struct gb_context view = {};
		view.size = sizeof view;
		view.executable = context.executable_name ? context.executable_name : "";
		view.host = context.sys_info.name.c_str();
		view.cpus = context.cpu_info.num_cpus;
		view.cycles_per_second = context.cpu_info.cycles_per_second;
		view.scaling = context.cpu_info.scaling == benchmark::CPUInfo::UNKNOWN   ? -1
			       : context.cpu_info.scaling == benchmark::CPUInfo::ENABLED ? 1
											 : 0;
		view.caches = caches.data();
		view.caches_count = caches.size();
		view.load = context.cpu_info.load_avg.data();
		view.load_count = context.cpu_info.load_avg.size();
		view.name_width = context.name_field_width;
		view.output = &output;
		const int r = calls.context(&view, calls.user);
		if (r < 0)
			stopped = r;
		return r >= 0;
	}

	void ReportRunsConfig(double min_time, bool has_iterations, benchmark::IterationCount n)
	{
		if (calls.config)
			calls.config(min_time, has_iterations, n, calls.user);
	}

	void ReportRuns(const std::vector<Run> &runs)
	{
		if (!calls.runs)
			return;
		/* The boxes must not move once their views point into them. */
		std::vector<report_box> boxes(runs.size());
		std::vector<struct gb_report> views;
		for (size_t i = 0; i < runs.size(); i++) {
			fill(&boxes[i], runs[i]);
			views.push_back(boxes[i].view);
		}
		calls.runs(views.data(), views.size(), calls.user);
	}

	void Finalize()
	{
		if (!is_open)
			return;
		is_open = false;
		if (calls.finalize)
			calls.finalize(calls.user);
	}

	int stopped = 0;

      private:
	struct gb_reporter calls = {};
	struct gb_output output = {this};
	bool is_open = false;
};

/*
 * The library makes its default reporter once, and (up to 1.9.5) deletes it after the run, so that
 * a second run uses freed memory. Passed in from outside, it's left alone. A second JSON document
 * must not go on where the first one ended.
 */
benchmark::BenchmarkReporter *default_display()
{
	static benchmark::BenchmarkReporter *const display =
		gbench::compat::released(benchmark::CreateDefaultDisplayReporter());
	auto *json = dynamic_cast<benchmark::JSONReporter *>(display);
	if (json)
		*json = benchmark::JSONReporter();
	return display;
}

int check_reporter(const struct gb_reporter *r, const char *which)
{
	if (r && r->size < offsetof(struct gb_reporter, context))
		return fail(-EINVAL,
			"gb_run: the size of the %s reporter is %zu; set it to "
			"sizeof(struct gb_reporter)",
			which, r->size);
	return 0;
}

/* The library exits when the file can't be opened, or isn't named. */
int check_out(const struct gb_reporter *file)
{
	const std::string path = gbench::out_path();
	if (path.empty())
		return file ? fail(-EINVAL, "gb_run: there is a file reporter but no file; give "
					    "gb_initialize --benchmark_out=FILE")
			    : 0;
	const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0) {
		const int r = -errno;
		return fail(r, "gb_run: --benchmark_out=%s: %s", path.c_str(), strerror(-r));
	}
	close(fd);
	return 0;
}

int check_benches()
{
	for (gb_bench *b : gbench::benches()) {
		/* The library would run nothing, and not say so. */
		if (b->names_count >= 0 && b->args_count < 0)
			return fail(-EINVAL,
				"gb_run: %s: it has argument names but no arguments, so it would "
				"never be "
				"run; add arguments",
				b->name.c_str());
		b->failed.clear();
		b->succeeded.clear();
	}
	return 0;
}

struct running_scope {
	~running_scope()
	{
		running = false;
	}
};
} // namespace

namespace gbench
{
bool is_running()
{
	return running;
}

void note_exception(const std::string &message)
{
	std::lock_guard<std::mutex> guard(exception_lock);
	if (exception_first.empty())
		exception_first = message;
}
} // namespace gbench

int gb_write(struct gb_output *output, const char *text, size_t size_bytes)
{
	return gbench::guard("gb_write", [&] {
		std::ostream &stream = output->reporter->GetOutputStream();
		stream.write(text, static_cast<std::streamsize>(size_bytes));
		return stream ? 0 : fail(-EIO, "gb_write: the output is broken");
	});
}

int gb_run(const struct gb_reporter *display, const struct gb_reporter *file, const char *filter)
{
	if (running.exchange(true))
		return fail(-EBUSY, "gb_run: it runs already; don't call it in a benchmark");
	running_scope scope;
	int r = check_reporter(display, "display");
	r = r < 0 ? r : check_reporter(file, "file");
	r = r < 0 ? r : check_out(file);
	r = r < 0 ? r : check_benches();
	if (r < 0)
		return r;
	return gbench::guard("gb_run", [&] {
		const struct gb_reporter none = {};
		reporter display_adapter(display ? display : &none);
		reporter file_adapter(file ? file : &none);
		exception_first.clear();
		const size_t count = benchmark::RunSpecifiedBenchmarks(
			display ? &display_adapter : default_display(),
			file ? &file_adapter : nullptr,
			filter ? std::string(filter) : benchmark::GetBenchmarkFilter());
		if (display_adapter.stopped < 0 || file_adapter.stopped < 0)
			return fail(display_adapter.stopped < 0 ? display_adapter.stopped
								: file_adapter.stopped,
				"gb_run: a reporter wanted no run");
		if (!exception_first.empty())
			return fail(-ECANCELED, "gb_run: %s", exception_first.c_str());
		return static_cast<int>(std::min<size_t>(count, INT32_MAX));
	});
}
