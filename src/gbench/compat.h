#pragma once
/*
 * What differs between libbenchmark 1.7.1 and its newer versions, found out at compile time:
 * 1.7.1 has no version macro. Each difference is an overload that is chosen when the newer form is
 * well-formed (`prefer`), so that the rest of the binding is written once.
 */
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

/* The fallbacks are in the global namespace, and the names are looked up from inside
 * namespace benchmark: they are found only if the library has none. */
struct gb_no_profiler {
	virtual ~gb_no_profiler() = default;
	virtual void AfterSetupStart() = 0;
	virtual void BeforeTeardownStop() = 0;
};
using ProfilerManager = gb_no_profiler;

inline std::string GetBenchmarkVersion()
{
	return "";
}

namespace benchmark::gb_lookup
{
using profiler = ProfilerManager;
inline std::string version()
{
	return GetBenchmarkVersion();
}
} // namespace benchmark::gb_lookup

namespace gbench::compat
{
struct otherwise {
};
struct prefer : otherwise {
};

/* internal::Benchmark, or benchmark::Benchmark in the newest. */
using native = std::remove_pointer_t<decltype(benchmark::RegisterBenchmark(
	"", std::declval<void (*)(benchmark::State &)>()))>;

using profiler = benchmark::gb_lookup::profiler;
constexpr bool has_profiler = !std::is_same_v<profiler, gb_no_profiler>;

/* SkipWithMessage came with 1.8. */
constexpr const char *skip_prefix = "SKIPPED: ";

template <class State>
auto skip_with_message(State &st, const std::string &message, prefer)
	-> decltype(st.SkipWithMessage(message))
{
	st.SkipWithMessage(message);
}

template <class State> void skip_with_message(State &st, const std::string &message, otherwise)
{
	st.SkipWithError((skip_prefix + message).c_str());
}

/* `skipped` and `skip_message` took the place of `error_occurred` and `error_message` in 1.8. */
struct outcome {
	bool has_error, is_skipped;
	std::string message;
};

template <class Run>
auto outcome_of(const Run &run, prefer) -> decltype(run.skip_message, outcome())
{
	using skipped = std::decay_t<decltype(run.skipped)>;
	return {run.skipped == skipped::SkippedWithError,
		run.skipped == skipped::SkippedWithMessage, run.skip_message};
}

template <class Run> outcome outcome_of(const Run &run, otherwise)
{
	const std::string prefix(skip_prefix);
	if (!run.error_occurred)
		return {false, false, ""};
	if (run.error_message.compare(0, prefix.size(), prefix) == 0)
		return {false, true, run.error_message.substr(prefix.size())};
	return {true, false, run.error_message};
}

/*
 * memory_result became a value in 1.9.2. Where it is a pointer, it points into a vector that grows
 * with each repetition, so that only the pointer of the last one is sure to be alive.
 */
template <class Run>
auto memory_of(const Run &run, prefer) -> decltype(run.memory_result.num_allocs,
	static_cast<const benchmark::MemoryManager::Result *>(nullptr))
{
	return run.memory_result.memory_iterations > 0 ? &run.memory_result : nullptr;
}

template <class Run> const benchmark::MemoryManager::Result *memory_of(const Run &run, otherwise)
{
	return run.repetition_index == run.repetitions - 1 ? run.memory_result : nullptr;
}

/* CreateDefaultDisplayReporter returns a unique_ptr after 1.9.5. Before, it's a pointer to the same
 * object each time, which the library deletes after a run that uses it: it's asked for once. */
inline benchmark::BenchmarkReporter *released(benchmark::BenchmarkReporter *reporter)
{
	return reporter;
}

inline benchmark::BenchmarkReporter *released(
	std::unique_ptr<benchmark::BenchmarkReporter> reporter)
{
	return reporter.release();
}

/* Found by argument-dependent lookup where it exists. */
template <class Profiler>
auto register_profiler(Profiler *p, prefer) -> decltype(RegisterProfilerManager(p), true)
{
	RegisterProfilerManager(p);
	return true;
}

template <class Profiler> bool register_profiler(Profiler *, otherwise)
{
	return false;
}

/* Setup and Teardown take a std::function since 1.9.2, a function pointer before. */
template <class Native, class Function, class = void> struct takes_closures : std::false_type {
};
template <class Native, class Function>
struct takes_closures<Native, Function,
	std::void_t<decltype(std::declval<Native &>().Setup(std::declval<Function>()))>>
    : std::true_type {
};
} // namespace gbench::compat
