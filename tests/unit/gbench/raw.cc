/*
 * The traps themselves: what the library does with what the binding refuses or repairs, so that the
 * README's table rests on something. Each runs in a child that must not come back whole. Only for
 * 1.7.1: newer versions mend some, and may be built without checks.
 */
#include "collect.h"

#include <benchmark/benchmark.h>

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <stdexcept>

extern "C" {
#include <cmocka.h>
}

namespace
{
using benchmark::State;

int calls;

/* A display reporter that prints nothing. */
class quiet : public benchmark::BenchmarkReporter
{
      public:
	bool ReportContext(const Context &)
	{
		return true;
	}
	void ReportRuns(const std::vector<Run> &)
	{
	}
};

void loop(State &st)
{
	for (auto _ : st)
		benchmark::ClobberMemory();
}

void run_all()
{
	quiet q;
	benchmark::RunSpecifiedBenchmarks(&q, "all");
}

void initialize(const char *argument)
{
	char program[] = "program", copy[64];
	char *argv[] = {program, copy, nullptr};
	int argc = 2;
	snprintf(copy, sizeof copy, "%s", argument);
	benchmark::Initialize(&argc, argv);
}

void iterations_and_min_time()
{
	benchmark::RegisterBenchmark("b", loop)->Iterations(1)->MinTime(1);
}

void returns_after_error()
{
	auto fails = [](State &st) {
		if (++calls == 3)
			st.SkipWithError("x");
		else
			loop(st);
	};
	benchmark::RegisterBenchmark("b", fails)->Iterations(100)->Repetitions(3);
	run_all();
}

void leaves_early()
{
	benchmark::RegisterBenchmark("b", [](State &st) {
		while (st.KeepRunning())
			return;
	})->Iterations(10);
	run_all();
}

void pauses_before_loop()
{
	benchmark::RegisterBenchmark("b", [](State &st) { st.PauseTiming(); });
	run_all();
}

void ends_paused()
{
	benchmark::RegisterBenchmark("b", [](State &st) {
		for (auto _ : st)
			st.PauseTiming();
	})->Iterations(1);
	run_all();
}

void counter_flags_change()
{
	benchmark::RegisterBenchmark("b",
		[](State &st) {
			loop(st);
			st.counters["c"] =
				benchmark::Counter(1, calls++ % 2 ? benchmark::Counter::kIsRate
								  : benchmark::Counter::kDefaults);
		})
		->Iterations(1)
		->Repetitions(3);
	run_all();
}

void complexity_without_n()
{
	benchmark::RegisterBenchmark("b", loop)->Iterations(1)->Range(1, 64)->Complexity();
	run_all();
}

void complexity_all_fail()
{
	auto fails = [](State &st) {
		st.SkipWithError("x");
		loop(st);
	};
	benchmark::RegisterBenchmark("b", fails)->Iterations(1)->Range(1, 64)->Complexity();
	run_all();
}

void thread_throws()
{
	auto throws = [](State &st) {
		if (st.thread_index() == 1)
			throw std::runtime_error("x");
		loop(st);
	};
	benchmark::RegisterBenchmark("b", throws)->Iterations(1)->Threads(2);
	run_all();
}

void file_without_path()
{
	quiet q;
	benchmark::RegisterBenchmark("b", loop)->Iterations(1);
	benchmark::RunSpecifiedBenchmarks(&q, &q, "all");
}

void bad_format()
{
	initialize("--benchmark_format=xml");
}

void help()
{
	initialize("--help");
}

void shuts_down_twice()
{
	benchmark::AddCustomContext("a", "b");
	benchmark::Shutdown();
	benchmark::Shutdown();
}

const struct {
	const char *name;
	void (*fn)();
} traps[] = {
	{"iterations and min_time", iterations_and_min_time},
	{"returns after an error", returns_after_error},
	{"leaves the loop early", leaves_early},
	{"pauses before the loop", pauses_before_loop},
	{"ends the loop paused", ends_paused},
	{"counter flags change", counter_flags_change},
	{"complexity without n", complexity_without_n},
	{"complexity, all fail", complexity_all_fail},
	{"a thread throws", thread_throws},
	{"file reporter without a path", file_without_path},
	{"bad format", bad_format},
	{"help", help},
	{"shuts down twice", shuts_down_twice},
};

void (*trap)();

void fall()
{
	trap();
	printf("came back\n");
}

void test_traps(void **)
{
	char output[8192];
	if (strcmp(gb_library_version(), "1.7.1") != 0 || !gb_library_is_debug()) {
		print_message("these are the traps of 1.7.1 with its checks\n");
		skip();
	}
	for (const auto &t : traps) {
		trap = t.fn;
		in_child(fall, output, sizeof output);
		if (strstr(output, "came back"))
			fail_msg("%s: the library got through", t.name);
	}
}

/* Silent ones. */
void test_names_without_arguments(void **)
{
	benchmark::RegisterBenchmark("b", loop)->Iterations(1)->ArgName("x");
	quiet q;
	assert_int_equal(benchmark::RunSpecifiedBenchmarks(&q, "all"), 0);
	benchmark::ClearRegisteredBenchmarks();
}
} // namespace

int main()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traps),
		cmocka_unit_test(test_names_without_arguments),
	};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
