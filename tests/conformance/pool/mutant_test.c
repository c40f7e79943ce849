/*
 * The checks are tested: a wrapper around a good pool that changes nothing passes all of them, and
 * each mutation is caught by the check that is there for it.
 */
#include "../../cmocka_prelude.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "check.h"

static const struct pool *good(void)
{
	return pool_find("pthread_queue");
}

/* ---- the wrapper, with one change each ---- */

static int good_open(void *state, const struct pool_options *options)
{
	return good()->open(state, options);
}

static int good_run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	return good()->run(state, function, argument, ret_result);
}

static int good_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	return good()->batch(state, function, arguments, n, results);
}

static int good_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	return good()->map(state, function, arguments, n, chunk, results);
}

static void good_close(void *state)
{
	good()->close(state);
}

static int map_loses_one(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	return good_map(state, function, arguments, n > 60 ? n - 1 : n, chunk, results);
}

static int map_does_one_twice(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, size_t chunk, uint64_t *results)
{
	int r = good_map(state, function, arguments, n, chunk, results);

	return r >= 0 && n > 2 ? good_run(state, function, arguments[2], &results[2]) : r;
}

static int map_mixes_two(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	int r = good_map(state, function, arguments, n, chunk, results);

	if (n > 6) {
		uint64_t other = results[n - 2];
		results[n - 2] = results[1];
		results[1] = other;
	}
	return r;
}

static int map_writes_behind(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, size_t chunk, uint64_t *results)
{
	int r = good_map(state, function, arguments, n, chunk, results);

	/* The checks leave room for one. */
	results[n] = 0;
	return r;
}

static int map_in_caller(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	return pool_find("serial")->map(state, function, arguments, n, chunk, results);
}

static int batch_loses_one(void *state, pool_function *function, const uint64_t *arguments,
	size_t n, uint64_t *results)
{
	return good_batch(state, function, arguments, n > 2 ? n - 1 : n, results);
}

static int run_does_another(
	void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	return good_run(state, function, argument + 1, ret_result);
}

static int open_with_one(void *state, const struct pool_options *options)
{
	struct pool_options fewer = *options;

	fewer.workers = 1;
	return good_open(state, &fewer);
}

static int open_unbound(void *state, const struct pool_options *options)
{
	struct pool_options unbound = *options;

	for (unsigned i = 0; i < POOL_WORKERS_MAX; i++)
		unbound.cpus[i] = -1;
	return good_open(state, &unbound);
}

static int open_on_one_cpu(void *state, const struct pool_options *options)
{
	struct pool_options one = *options;

	for (unsigned i = 0; i < POOL_WORKERS_MAX; i++)
		one.cpus[i] = options->cpus[0];
	return good_open(state, &one);
}

static int open_leaks_descriptor(void *state, const struct pool_options *options)
{
	/* Its number is lost on purpose. */
	return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? -1 : good_open(state, options);
}

static void *wait_for_ever(void *argument)
{
	for (;;)
		pause();
	return argument;
}

static void close_leaves_thread(void *state)
{
	pthread_t thread;

	good_close(state);
	pthread_create(&thread, NULL, wait_for_ever, NULL);
}

static void close_leaves_zombie(void *state)
{
	good_close(state);
	if (fork() == 0)
		_exit(0);
}

static void close_does_nothing(void *state)
{
	(void)state;
}

#define WRAPPER(mutant_name)                                                                 \
	.name = (mutant_name), .summary = "a mutant", .state_bytes = POOL_STATE_MAX,         \
	.capabilities = POOL_THREAD | POOL_RUN | POOL_BATCH | POOL_CHUNK, .open = good_open, \
	.run = good_run, .batch = good_batch, .map = good_map, .close = good_close

struct mutant {
	const char *check; /* that must catch it; NULL: it is good, and none may */
	struct pool pool;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
static const struct mutant mutants[] = {
	{NULL, {WRAPPER("changes_nothing")}},
	{"results", {WRAPPER("map_loses_one"), .map = map_loses_one}},
	{"results", {WRAPPER("map_does_one_twice"), .map = map_does_one_twice}},
	{"results", {WRAPPER("map_mixes_two"), .map = map_mixes_two}},
	{"results", {WRAPPER("map_writes_behind"), .map = map_writes_behind}},
	{"results", {WRAPPER("batch_loses_one"), .batch = batch_loses_one}},
	{"results", {WRAPPER("run_does_another"), .run = run_does_another}},
	{"workers", {WRAPPER("map_in_caller"), .map = map_in_caller}},
	{"workers", {WRAPPER("open_with_one"), .open = open_with_one}},
	{"workers", {WRAPPER("open_unbound"), .open = open_unbound}},
	{"workers", {WRAPPER("open_on_one_cpu"), .open = open_on_one_cpu}},
	{"lives", {WRAPPER("open_leaks_descriptor"), .open = open_leaks_descriptor}},
	{"lives", {WRAPPER("close_leaves_thread"), .close = close_leaves_thread}},
	{"lives", {WRAPPER("close_leaves_zombie"), .close = close_leaves_zombie}},
	{"lives", {WRAPPER("close_does_nothing"), .close = close_does_nothing}},
	{"contract", {WRAPPER("has_no_run"), .run = NULL}},
	{"contract", {WRAPPER("is_neither"), .capabilities = POOL_RUN | POOL_BATCH}},
};
#pragma GCC diagnostic pop

enum { MUTANT_COUNT = sizeof(mutants) / sizeof(mutants[0]) };

/* On one CPU two of them change nothing. */
static int is_visible(const struct mutant *mutant)
{
	int needs_two = mutant->pool.open == open_unbound || mutant->pool.open == open_on_one_cpu;

	return !needs_two || sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static void test_mutant(void **state)
{
	const struct mutant *mutant = *state;
	char text[CHECK_TEXT_MAX];

	if (!is_visible(mutant)) {
		printf("# %s: skipped: there is one CPU only\n", mutant->pool.name);
		skip();
	}
	for (const struct check *check = pool_checks; check->name; check++) {
		if (mutant->check && strcmp(check->name, mutant->check) != 0)
			continue;
		int r = check_run(check, &mutant->pool, 1, text);
		if (mutant->check && r != -EBADMSG)
			flunk("%s is not caught by %s", mutant->pool.name, check->name);
		if (!mutant->check && r < 0)
			flunk("%s is caught by %s: %s", mutant->pool.name, check->name, text);
		if (mutant->check)
			printf("# %s: %s\n", mutant->pool.name, text);
		fflush(stdout);
	}
}

int main(void)
{
	static struct CMUnitTest tests[MUTANT_COUNT];

	for (unsigned i = 0; i < MUTANT_COUNT; i++)
		tests[i] = (struct CMUnitTest){.name = mutants[i].pool.name,
			.test_func = test_mutant,
			.initial_state = (void *)&mutants[i]};
	return _cmocka_run_group_tests("pool_mutant", tests, MUTANT_COUNT, NULL, NULL) != 0;
}
