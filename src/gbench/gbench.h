#pragma once
/*
 * gbench: C bindings for Google Benchmark (libbenchmark 1.7.1 and later).
 *
 * A life: gb_initialize, gb_register and the settings of each benchmark, gb_run, gb_shutdown.
 *
 * Errors. A function returns 0 or more, or a negative errno; gb_last_error() then says what failed,
 * why and what to do. Nothing that the library would answer with abort() or exit() gets that far:
 * a setting is checked before it is made, and a benchmark that breaks a rule of its loop is
 * reported as an error of that benchmark. A setting that was refused fails its benchmark at run
 * time too, so that an unchecked return value can't go unseen.
 *
 * Threads. Registration, settings and gb_run belong to one thread. A struct gb_state belongs to the
 * thread that was called with it, and is valid only during that call; counters that several threads
 * set are summed. gb_last_error() is per thread.
 *
 * Ownership. Strings and arrays are copied; `user` pointers are the caller's, must outlive gb_run,
 * and are never freed. Handles (struct gb_bench *) are valid until gb_clear or gb_shutdown.
 *
 * Leaving. A benchmark may not leave its loop by break or return, unless gb_skip_with_error or
 * gb_skip_with_message came first; longjmp out of a benchmark is undefined. A child that a
 * benchmark forks must end with _exit. C++ exceptions that reach the binding become errors.
 * pthread_exit and cancellation end the calling thread as usual, but in a benchmark with more than
 * one thread the library would wait for that thread for ever: the binding says so and aborts.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gb_bench;  /* a registered benchmark */
struct gb_state;  /* one run of it, in one thread */
struct gb_output; /* where a reporter writes */

enum gb_unit { GB_NS, GB_US, GB_MS, GB_S };

enum gb_big_o {
	GB_O_NONE,
	GB_O_1,
	GB_O_N,
	GB_O_N_SQUARED,
	GB_O_N_CUBED,
	GB_O_LOG_N,
	GB_O_N_LOG_N,
	GB_O_AUTO,
	GB_O_FUNCTION, /* only reported; set it with gb_complexity_fn */
};

/* How a counter is shown; the values can be combined. */
enum gb_counter_flag {
	GB_COUNTER_PLAIN = 0,
	GB_COUNTER_RATE = 1 << 0,                /* divided by the duration */
	GB_COUNTER_AVG_THREADS = 1 << 1,         /* divided by the number of threads */
	GB_COUNTER_ITERATION_INVARIANT = 1 << 2, /* multiplied by the iterations */
	GB_COUNTER_AVG_ITERATIONS = 1 << 3,      /* divided by the iterations */
	GB_COUNTER_INVERT = 1 << 4,              /* 1/x, last of all */
};

enum gb_statistic_unit { GB_STATISTIC_TIME, GB_STATISTIC_PERCENTAGE };

/* ---- the library ---- */

#define GB_HELP 1

/*
 * Takes the --benchmark_* options and --v out of argv. Returns 0, or GB_HELP when --help was among
 * them: the help has been printed and nothing was taken (the library would have called exit(0)), or
 * -EINVAL for a value that the library would exit or abort over, in argv or in the environment, or
 * -ELIBBAD when the libbenchmark that is loaded is not the version that gbench was compiled with:
 * its inline functions are part of gbench, so gbench must be rebuilt.
 * Parse your own options first: it leaves those it doesn't know, for gb_report_unrecognized.
 */
int gb_initialize(int *argc, char **argv);

/* Prints to stderr what is left in argv after the first; whether there was any. */
bool gb_report_unrecognized(int argc, char **argv);

/* What --help prints, from the next gb_initialize on; null for the library's own text. */
void gb_set_help(void (*print)(void *user), void *user);
void gb_print_default_help(void);

/* A line of the context that every reporter prints. -EEXIST when the key is taken. */
int gb_add_context(const char *key, const char *value);

int gb_set_default_unit(enum gb_unit unit);
enum gb_unit gb_default_unit(void);
const char *gb_unit_name(enum gb_unit unit); /* "ns", "us", "ms", "s" */

/* The value of --benchmark_filter: a regular expression, '-' first to exclude. The copy that is
 * returned is valid until the next call by this thread. */
int gb_set_filter(const char *filter);
const char *gb_filter(void);

/* The value of --v; the library has no function to set it. */
int gb_verbosity(void);

/* "1.7.1", or "unknown". */
const char *gb_library_version(void);

/* Whether the library was built without NDEBUG, as Debian's is. */
bool gb_library_is_debug(void);

/* Forgets all benchmarks; their handles are invalid. -EBUSY during gb_run. */
int gb_clear(void);

/* gb_clear, and forgets the context lines. May be called more than once. */
int gb_shutdown(void);

/* The message of this thread's last error, "" when there was none. Valid until the next one. */
const char *gb_last_error(void);

/* ---- registration: all settings return 0 or a negative errno ---- */

typedef void gb_fn(struct gb_state *st, void *user);

/* Null and gb_last_error() when it is refused; the settings then return -EINVAL. */
struct gb_bench *gb_register(const char *name, gb_fn *fn, void *user);

/* The benchmarks registered here, in order. */
size_t gb_bench_count(void);
struct gb_bench *gb_bench_at(size_t index);
const char *gb_bench_name(const struct gb_bench *b);

/* Arguments: each call adds instances. All tuples of one benchmark have the same length. */
int gb_arg(struct gb_bench *b, int64_t arg);
int gb_args(struct gb_bench *b, const int64_t *args, size_t count);
int gb_arg_range(struct gb_bench *b, int64_t lo, int64_t hi);
int gb_arg_dense_range(struct gb_bench *b, int64_t lo, int64_t hi, int64_t step);

struct gb_range {
	int64_t lo, hi;
};

/* Every combination of the powers of the multiplier in each range. */
int gb_arg_ranges(struct gb_bench *b, const struct gb_range *ranges, size_t count);

struct gb_list {
	const int64_t *values;
	size_t count;
};

/* Every combination of the values in each list. */
int gb_args_product(struct gb_bench *b, const struct gb_list *lists, size_t count);
int gb_arg_name(struct gb_bench *b, const char *name);
int gb_arg_names(struct gb_bench *b, const char *const *names, size_t count);

/* For the ranges that are added after it; 8 unless set. */
int gb_range_multiplier(struct gb_bench *b, int multiplier);

int gb_set_name(struct gb_bench *b, const char *name);
int gb_unit(struct gb_bench *b, enum gb_unit unit);

/* min_time and min_warmup_time exclude iterations. The library honours min_warmup_time only
 * together with min_time. */
int gb_min_time(struct gb_bench *b, double seconds);
int gb_min_warmup_time(struct gb_bench *b, double seconds);
int gb_iterations(struct gb_bench *b, int64_t iterations);
int gb_repetitions(struct gb_bench *b, int repetitions);
int gb_report_aggregates_only(struct gb_bench *b, bool on);
int gb_display_aggregates_only(struct gb_bench *b, bool on);

/* What decides the number of iterations: real time, gb_set_iteration_time, or else CPU time, of
 * this thread or of the process (never of its children). A benchmark that waits should use one of
 * the first two, which exclude each other. Up to 1.8, real time is divided by the threads. */
int gb_use_real_time(struct gb_bench *b);
int gb_use_manual_time(struct gb_bench *b);
int gb_measure_process_cpu_time(struct gb_bench *b);

/* Needs gb_set_complexity_n in the benchmark. When the first instance of such a family fails,
 * gb_run stops with -ECANCELED: the library (all versions so far) would read a null pointer. */
typedef double gb_complexity_function(int64_t n, void *user);
int gb_complexity(struct gb_bench *b, enum gb_big_o big_o);
int gb_complexity_fn(struct gb_bench *b, gb_complexity_function *fn, void *user);

/* A statistic over the repetitions, of the times and of each counter. At most GB_POOL_MAX between
 * two gb_clear, because the library takes functions without user data; likewise the functions
 * of gb_complexity_fn, and the benchmarks with a setup, a teardown or a complexity (these without
 * limit where the library takes a std::function). More are refused with -ENOSPC. */
#define GB_POOL_MAX 256
typedef double gb_statistic_fn(const double *values, size_t count, void *user);
int gb_statistic(struct gb_bench *b, const char *name, gb_statistic_fn *fn, void *user,
	enum gb_statistic_unit unit);

/* At most GB_THREADS_MAX. */
#define GB_THREADS_MAX 4096
int gb_threads(struct gb_bench *b, int threads);
int gb_thread_range(struct gb_bench *b, int lo, int hi);
int gb_dense_thread_range(struct gb_bench *b, int lo, int hi, int stride);
int gb_thread_per_cpu(struct gb_bench *b);

/*
 * Called in the thread of gb_run around every run: each attempt to find the number of iterations,
 * each repetition, and the run for the memory manager. So they must be cheap and repeatable, and a
 * server doesn't belong here. The state gives arguments and threads, no more. A setup that returns
 * a negative errno fails the instance; its teardown isn't called then.
 */
typedef int gb_setup_fn(const struct gb_state *st, void *user);
typedef void gb_teardown_fn(const struct gb_state *st, void *user);
int gb_setup(struct gb_bench *b, gb_setup_fn *fn, void *user);
int gb_teardown(struct gb_bench *b, gb_teardown_fn *fn, void *user);

/* ---- in a benchmark ---- */

/*
 * GB_FOR (st) { body } is the timed loop: one call before it, one after it, and a local variable
 * that counts, so that an iteration costs what it costs in C++ (README.md, "Cost"). A benchmark
 * runs one loop once. After gb_skip_with_error in the body, break.
 */
#define GB_FOR(st) \
	for (int64_t gb_left_ = gb_loop_begin(st); gb_left_ > 0 || (gb_loop_end(st), 0); gb_left_--)

/* The same by hand: starts the clock and returns how many iterations to do, 0 when there is nothing
 * to do because an error came first; gb_loop_end stops the clock (resumes it first if paused). */
int64_t gb_loop_begin(struct gb_state *st);
void gb_loop_end(struct gb_state *st);

/* One call per iteration, about 1.5 ns more each than GB_FOR. */
bool gb_keep_running(struct gb_state *st);

/* How many iterations to do before the next call, at most n, 0 to stop. Unlike in C++, the last
 * batch is cut to what is left: overshooting makes repetitions differ, over which the library
 * aborts when one of them failed. */
int64_t gb_keep_running_batch(struct gb_state *st, int64_t n);

/* Only between begin and end of the loop. Each costs some 100 ns. */
int gb_pause(struct gb_state *st);
int gb_resume(struct gb_state *st);

/* Fails the run: no further iteration, the clock stops, nothing is measured. All later repetitions
 * of the same instance then report the same, without being run: the library can't make statistics
 * over what is left, and reads garbage when the first one is missing. The first message counts. */
int gb_skip_with_error(struct gb_state *st, const char *message);

/* Skips without being an error; where the library (1.7.1) doesn't know the difference, its
 * reporters show an error that begins with "SKIPPED: ". */
int gb_skip_with_message(struct gb_state *st, const char *message);
bool gb_error_occurred(const struct gb_state *st);
bool gb_skipped(const struct gb_state *st); /* by an error or a message */

/* With gb_use_manual_time: adds to what the iterations took. It must be called in every run. */
int gb_set_iteration_time(struct gb_state *st, double seconds);

int64_t gb_range_at(const struct gb_state *st, size_t index);
size_t gb_range_count(const struct gb_state *st);
int gb_thread_count(const struct gb_state *st);
int gb_thread_index(const struct gb_state *st);
const char *gb_state_name(const struct gb_state *st);  /* as registered, without arguments */
int64_t gb_iterations_done(const struct gb_state *st); /* GB_FOR: all, once begun */
int64_t gb_max_iterations(const struct gb_state *st);

/* Totals over all iterations; gb_bytes and gb_items are shown per second. */
int gb_set_bytes(struct gb_state *st, int64_t bytes);
int gb_set_items(struct gb_state *st, int64_t items);
int gb_set_complexity_n(struct gb_state *st, int64_t n);
int gb_set_label(struct gb_state *st, const char *label);

/* `flags` are enum gb_counter_flag, always the same for one counter of one benchmark; `one_k` is
 * 1000 or 1024. */
int gb_counter(struct gb_state *st, const char *name, double value, unsigned flags, int one_k);

/* ---- barriers ---- */

/* The compiler must assume that all memory is read and written here. */
#define GB_CLOBBER() __asm__ volatile("" : : : "memory")

/* It must compute this value. */
#define GB_USE(value) __asm__ volatile("" : : "r,m"(value) : "memory")

/* It must compute this variable and can't know what it is afterwards. */
#ifdef __clang__
#define GB_DO_NOT_OPTIMIZE(variable) __asm__ volatile("" : "+r,m"(variable) : : "memory")
#else
#define GB_DO_NOT_OPTIMIZE(variable) __asm__ volatile("" : "+m,r"(variable) : : "memory")
#endif

/* ---- reporters: the structs begin with their size, and grow only at the end ---- */

struct gb_cache {
	const char *type;
	int level, size_bytes, sharing_cpus;
};

struct gb_context {
	size_t size;
	const char *executable, *host;
	int cpus;
	double cycles_per_second;
	int scaling; /* -1 unknown, 0 off, 1 on */
	const struct gb_cache *caches;
	size_t caches_count;
	const double *load;
	size_t load_count;
	size_t name_width;        /* of the longest name of a benchmark */
	struct gb_output *output; /* valid until finalize has returned */
};

struct gb_report_counter {
	const char *name;
	double value; /* as printed: flags and one_k have been applied by the library, or are units
		       */
	unsigned flags;
	int one_k;
};

enum gb_run_type { GB_RUN_ITERATION, GB_RUN_AGGREGATE };

struct gb_report {
	size_t size;
	const char *name; /* in full; the parts follow, "" when absent */
	const char *name_function, *name_args, *name_min_time, *name_min_warmup_time;
	const char *name_iterations, *name_repetitions, *name_time_type, *name_threads;
	int64_t family_index, instance_index;
	enum gb_run_type run_type;
	const char *aggregate_name; /* "mean", "median", …, "BigO", "RMS" */
	enum gb_statistic_unit aggregate_unit;
	const char *label;
	bool has_error, is_skipped;
	const char *message; /* of the error or the skip; the numbers below are then void */
	int64_t iterations;
	int64_t threads;
	int64_t repetition_index; /* -1 in an aggregate */
	int64_t repetitions;
	enum gb_unit unit;
	double time_real,
		time_cpu; /* per iteration in `unit`; a fraction for a percentage or RMS */
	double accumulated_real_s, accumulated_cpu_s;
	bool is_big_o, is_rms;
	enum gb_big_o complexity;
	int64_t complexity_n;
	const struct gb_report_counter *counters; /* by name */
	size_t counters_count;
	bool has_memory; /* with a memory manager; before 1.9.2 only in the last repetition */
	double allocs_per_iteration;
	int64_t allocs, max_bytes_used;
	int64_t total_allocated_bytes, net_heap_growth_bytes; /* INT64_MAX when unknown */
};

struct gb_reporter {
	size_t size; /* sizeof(struct gb_reporter) */
	void *user;

	/* Once, first. A negative errno stops gb_run, which returns it. Any callback may be null.
	 */
	int (*context)(const struct gb_context *context, void *user);

	/* Before each benchmark (since 1.8). */
	void (*config)(double min_time_s, bool has_iterations, int64_t iterations, void *user);

	/* The runs of one instance, and then once more for its aggregates if there are any. */
	void (*runs)(const struct gb_report *reports, size_t count, void *user);

	/* Once, last, if context was called. */
	void (*finalize)(void *user);
};

/* Writes to standard output in the display reporter, to the file of --benchmark_out in the file
 * reporter. */
int gb_write(struct gb_output *output, const char *text, size_t size_bytes);

/*
 * Runs what matches `filter` (null: --benchmark_filter) and returns how many benchmarks matched, 0
 * when none did or the expression is wrong (the library has said so on stderr).
 *
 * `display` null is the library's reporter for --benchmark_format. `file` null is the library's
 * reporter if there is --benchmark_out; without that option a file reporter is refused with -EINVAL
 * (the library would call exit(1)), and so is one that can't be opened, with its errno. -EBUSY in
 * a benchmark. -ECANCELED when anything threw an exception: it's the error of its benchmark, the
 * others have run unless gb_last_error() says otherwise.
 */
int gb_run(const struct gb_reporter *display, const struct gb_reporter *file, const char *filter);

/* ---- managers ---- */

struct gb_memory {
	int64_t allocs, max_bytes_used;
	int64_t total_allocated_bytes, net_heap_growth_bytes; /* INT64_MAX: unknown, the default */
};

struct gb_memory_manager {
	size_t size;
	void *user;
	void (*start)(void *user);
	void (*stop)(struct gb_memory *ret_memory, void *user);
};

/* Called around an extra run of at most 16 iterations. Null unsets. The struct is copied. */
int gb_set_memory_manager(const struct gb_memory_manager *manager);

/* Called after setup and before teardown of an extra run, since 1.9; else -EOPNOTSUPP. It can't be
 * unset, and not be set twice. */
int gb_set_profiler(void (*start)(void *user), void (*stop)(void *user), void *user);

#ifdef __cplusplus
}
#endif
