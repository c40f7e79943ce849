/*
 * What C++ code that is called from a C benchmark may throw, from every place that the library
 * calls, and pthread_exit, which is an exception that must not be caught.
 */
#include "collect.h"

#include <cerrno>
#include <csignal>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <pthread.h>
#include <new>
#include <stdexcept>
#include <sys/wait.h>

extern "C" {
#include <cmocka.h>
}

namespace
{
int clear(void **)
{
	return gb_clear();
}

void run(struct gb_state *st, void *)
{
	GB_FOR (st)
		GB_CLOBBER();
}

void throws(struct gb_state *, void *)
{
	throw std::runtime_error("boom");
}

void throws_int(struct gb_state *st, void *)
{
	GB_FOR (st)
		throw 3;
}

void throws_in_thread(struct gb_state *st, void *)
{
	GB_FOR (st)
		if (gb_thread_index(st) == 2)
			throw std::runtime_error("boom in 2");
}

void test_benchmark_throws(void **)
{
	gb_repetitions(gb_register("throws", throws, nullptr), 3);
	gb_iterations(gb_register("works", run, nullptr), 1);
	assert_int_equal(collect(), -ECANCELED);
	assert_said("throws: it threw an exception: boom");
	/* It's the error of its benchmark; the others have run. */
	assert_error("boom");
	assert_int_equal(errors(), 3);
	assert_int_equal(successes(), 1);
	assert_int_equal(collected.finals, 1);
}

void test_unknown_exception(void **)
{
	gb_iterations(gb_register("throws", throws_int, nullptr), 10);
	assert_int_equal(collect(), -ECANCELED);
	assert_error("unknown type");
}

/* In a thread of the library it would be std::terminate. */
void test_thread_throws(void **)
{
	struct gb_bench *b = gb_register("throws", throws_in_thread, nullptr);
	gb_iterations(b, 10);
	gb_repetitions(b, 2);
	gb_threads(b, 4);
	assert_int_equal(collect(), -ECANCELED);
	assert_int_equal(errors(), 2);
	assert_error("boom in 2");
}

int setup_throws(const struct gb_state *, void *)
{
	throw std::runtime_error("setup boom");
}

double statistic_throws(const double *, size_t, void *)
{
	throw std::runtime_error("statistic boom");
}

void test_setup_throws(void **)
{
	struct gb_bench *b = gb_register("b", run, nullptr);
	gb_iterations(b, 1);
	gb_setup(b, setup_throws, nullptr);
	assert_int_equal(collect(), -ECANCELED);
	assert_said("setup boom");
	assert_error("setup boom");
}

void test_statistic_throws(void **)
{
	struct gb_bench *b = gb_register("b", run, nullptr);
	gb_iterations(b, 1);
	gb_repetitions(b, 2);
	gb_statistic(b, "s", statistic_throws, nullptr, GB_STATISTIC_TIME);
	assert_int_equal(collect(), -ECANCELED);
	assert_said("statistic boom");
	assert_int_equal(collected.finals, 1);
}

void report_throws(const struct gb_report *, size_t, void *)
{
	throw std::bad_alloc();
}

void test_reporter_throws(void **)
{
	struct gb_reporter r = collector();
	r.runs = report_throws;
	gb_iterations(gb_register("b", run, nullptr), 1);
	assert_int_equal(gb_run(&r, nullptr, ""), -ENOMEM);
	/* And the next one works. */
	assert_int_equal(collect(), 1);
	assert_int_equal(successes(), 1);
}

void exits(struct gb_state *st, void *)
{
	GB_FOR (st)
		pthread_exit(st);
}

void *run_in_thread(void *)
{
	gb_run(nullptr, nullptr, "");
	return nullptr;
}

/* With one thread it ends the thread that called gb_run, as it should. */
void test_pthread_exit_alone(void **)
{
	pthread_t thread;
	void *result = nullptr;
	const struct gb_reporter r = collector();
	gb_iterations(gb_register("exits", exits, nullptr), 10);
	auto body = [](void *reporter) -> void * {
		gb_run(static_cast<const struct gb_reporter *>(reporter), nullptr, "");
		return nullptr;
	};
	assert_int_equal(pthread_create(&thread, nullptr, body, const_cast<gb_reporter *>(&r)), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_non_null(result);
	/* gb_run was left and can be called again. */
	assert_int_equal(gb_clear(), 0);
}

void run_exits_with_threads()
{
	struct gb_bench *b = gb_register("exits", exits, nullptr);
	gb_iterations(b, 10);
	gb_threads(b, 3);
	run_in_thread(nullptr);
}

/* With more, the library would hang. */
void test_pthread_exit_with_threads(void **)
{
	char output[4096];
	const int status = in_child(run_exits_with_threads, output, sizeof output);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(output, "called pthread_exit"));
}
} // namespace

int main()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_benchmark_throws, clear),
		cmocka_unit_test_teardown(test_unknown_exception, clear),
		cmocka_unit_test_teardown(test_thread_throws, clear),
		cmocka_unit_test_teardown(test_setup_throws, clear),
		cmocka_unit_test_teardown(test_statistic_throws, clear),
		cmocka_unit_test_teardown(test_reporter_throws, clear),
		cmocka_unit_test_teardown(test_pthread_exit_alone, clear),
		cmocka_unit_test_teardown(test_pthread_exit_with_threads, clear),
	};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
