#pragma once
/*
 * What the sources of the binding share: the handle, the state, and how an error is recorded.
 * Private; C++.
 *
 * The handle remembers what was set, so that each setting can be checked against the others before
 * the library sees it. The state stands between a benchmark and its benchmark::State, and knows in
 * which phase the run is, so that no call can come at a moment that the library aborts over.
 */
#include "gbench.h"
#include "compat.h"

#include <cxxabi.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

/* Which instance: threads, then the arguments. */
using instance = std::vector<int64_t>;

struct gb_failure {
	std::string message;
	bool is_skip;
};

struct gb_bench {
	std::string name;
	gb_fn *fn;
	void *user;
	gbench::compat::native *native;

	std::string refused; /* the first setting that was, "" if none */
	int args_count;      /* of each tuple, -1 while there are none */
	int names_count;
	int multiplier;
	int64_t instances;
	bool real_time, manual_time;
	int64_t iterations;
	double min_time, min_warmup_time;
	bool complexity;
	bool hooked; /* the library calls us before and after each run */
	gb_setup_fn *setup;
	void *setup_user;
	gb_teardown_fn *teardown;
	void *teardown_user;
	bool is_set_up;

	/* What has come of the instances in this gb_run; several threads write it. */
	std::mutex lock;
	std::map<instance, gb_failure> failed;
	std::map<instance, bool> succeeded;
	std::map<std::string, unsigned> counter_flags;
};

enum class phase { SETUP, BEFORE, RUNNING, DONE };

struct gb_state {
	gb_bench *bench;
	benchmark::State *native; /* null in setup and teardown, where only `view` may be used */
	const benchmark::State *view;
	enum phase phase;
	bool timing;   /* the clock runs */
	bool stepping; /* gb_keep_running or gb_keep_running_batch counts, in `left` */
	bool skipped, has_error;
	bool has_time; /* gb_set_iteration_time was called */
	int64_t left;
};

namespace gbench
{
/* Records the message for gb_last_error and returns r. */
int fail(int r, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

/* Thrown to get out of the library when going on would crash it. */
struct abandoned : std::runtime_error {
	using std::runtime_error::runtime_error;
};

/* pthread_exit unwinds with an exception that has no object: the reference that catches it is null,
 * which is how it's defined, and what the sanitizer complains of. */
#ifdef __clang__
#define GB_CATCHES_UNWIND __attribute__((no_sanitize("undefined")))
#else
#define GB_CATCHES_UNWIND __attribute__((no_sanitize_undefined))
#endif

/* Turns what f throws into an errno. pthread_exit is an exception too, that must go on. */
template <class F> GB_CATCHES_UNWIND int guard(const char *what, F f)
{
	try {
		return f();
	} catch (abi::__forced_unwind &) {
		throw;
	} catch (const std::bad_alloc &) {
		return fail(-ENOMEM, "%s: out of memory", what);
	} catch (const std::exception &e) {
		return fail(-ECANCELED, "%s: %s", what, e.what());
	} catch (...) {
		return fail(-ECANCELED, "%s: an exception of unknown type", what);
	}
}

/* Refuses a setting of b: records the message in b too, and returns r. */
int refuse(gb_bench *b, int r, const char *format, ...) __attribute__((format(printf, 3, 4), cold));

/* Whether b may be changed now. */
int check_handle(gb_bench *b, const char *setting);

/* Ends the run without a result; the first message counts. */
void skip(gb_state *st, const std::string &message, bool is_skip);

/* A broken rule: the call fails with r, and so does the benchmark. */
int misuse(const gb_state *st, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4), cold));

/* What setup and teardown can't do: their State has no clock and nobody to report to. */
int misuse_in_setup(const gb_state *st, const char *call);

/* The registry; gb_run, settings and gb_clear belong to one thread. */
const std::vector<gb_bench *> &benches();
bool is_running();
void benches_clear();
void hooks_clear();

/* A benchmark threw; gb_run returns an error when it has run the others. Any thread. */
void note_exception(const std::string &message);

/* What the library calls. */
void bench_run(gb_bench *b, benchmark::State &native);
void bench_setup(gb_bench *b, const benchmark::State &view);
void bench_teardown(gb_bench *b, const benchmark::State &view);
instance instance_of(const gb_bench *b, const benchmark::State &st);

/* The path of --benchmark_out or its environment variable, as of gb_initialize. */
std::string out_path();

benchmark::TimeUnit native_unit(enum gb_unit unit);
enum gb_unit unit_of(benchmark::TimeUnit unit);
unsigned counter_flags_of(benchmark::Counter::Flags flags);
} // namespace gbench
