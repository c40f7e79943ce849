/*
 * openmp: the compiler's own pool. run() is a parallel region whose last thread does the task (the
 * language has no other way to hand one over), batch() one region in which the caller makes a task
 * of each, map() a loop, static or dynamic. Between regions libgomp's threads spin for some
 * milliseconds before they sleep (1000 turns only when there are more threads than CPUs), and the
 * caller works too.
 *
 * The runtime is a global of the process: its threads live until omp_pause_resource_all(), and a
 * process that was forked from one that used it must not use it.
 */
#include "pool/missing.h"

static const char summary[] = "OpenMP: parallel regions, tasks and loops of the compiler's runtime";
static const unsigned capabilities =
	POOL_THREAD | POOL_CALLER_WORKS | POOL_RUN | POOL_BATCH | POOL_CHUNK;

#ifdef _OPENMP
#include <omp.h>
#include <stdbool.h>

#include "base/error.h"
#include "pool/muster.h"

struct openmp {
	int workers;
};

static int openmp_run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	const struct openmp *openmp = state;
	uint64_t result = 0;

#pragma omp parallel num_threads(openmp->workers) default(none) shared(result) \
	firstprivate(function, argument)
	{
		if (omp_get_thread_num() == omp_get_num_threads() - 1)
			result = function(argument);
	}
	*ret_result = result;
	return 0;
}

static int openmp_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	const struct openmp *openmp = state;

#pragma omp parallel num_threads(openmp->workers) default(none) \
	firstprivate(function, arguments, n, results)
#pragma omp master
	for (size_t i = 0; i < n; i++) {
#pragma omp task default(none) firstprivate(function, arguments, results, i)
		results[i] = function(arguments[i]);
	}
	return 0;
}

static int openmp_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	const struct openmp *openmp = state;

	if (chunk == 0) {
#pragma omp parallel for num_threads(openmp->workers) schedule(static) default(none) \
	firstprivate(function, arguments, n, results)
		for (size_t i = 0; i < n; i++)
			results[i] = function(arguments[i]);
	} else {
#pragma omp parallel for num_threads(openmp->workers) schedule(dynamic, chunk) default(none) \
	firstprivate(function, arguments, n, results) shared(chunk)
		for (size_t i = 0; i < n; i++)
			results[i] = function(arguments[i]);
	}
	return 0;
}

static int hand_over(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	return openmp_map(state, function, arguments, n, 1, results);
}

static int openmp_open(void *state, const struct pool_options *options)
{
	struct openmp *openmp = state;

	openmp->workers = (int)options->workers;
	omp_set_dynamic(0);
	return trace(pool_muster(hand_over, openmp, options, true));
}

static void openmp_close(void *state)
{
	struct openmp *openmp = state;

	if (openmp->workers)
		omp_pause_resource_all(omp_pause_hard);
	openmp->workers = 0;
}

const struct pool pool_openmp = {
	.name = "openmp",
	.summary = summary,
	.capabilities = capabilities,
	.state_bytes = sizeof(struct openmp),
	.open = openmp_open,
	.run = openmp_run,
	.batch = openmp_batch,
	.map = openmp_map,
	.close = openmp_close,
};
#else
POOL_MISSING(openmp, summary, capabilities, "OpenMP", "libgomp (gcc) or libomp-dev (clang)");
#endif
