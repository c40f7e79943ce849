#pragma once
/*
 * What the workloads of pools share: the arrays of a map or a batch, its timed loop, and the look
 * at the results, which is not timed: a pool that loses a task has no figure.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "harness/cell.h"
#include "harness/workload.h"
#include "pool/pool.h"
#include "workload/loop.h"

struct tasks {
	size_t n;
	uint64_t *arguments, *results, *expected;
	bool are_ours; /* else they are the pool's, which frees them */
	void *own;     /* the workload's */
};

/* Makes load->context: the arrays, where the pool wants them. The caller fills in arguments and
 * expected. -ENOMEM. */
static inline int tasks_make(struct load *load)
{
	struct tasks *tasks = calloc(1, sizeof(*tasks));
	size_t bytes = (size_t)load->params[PARAM_TASKS] * sizeof(uint64_t);
	size_t lines = (bytes + 63) / 64 * 64;

	/* finish() frees it, also when this fails. */
	load->context = tasks;
	if (!tasks)
		return fail(-ENOMEM, "no memory for tasks");
	tasks->n = bytes / sizeof(uint64_t);
	tasks->expected = malloc(bytes);
	tasks->are_ours = !load->pool->alloc;
	if (tasks->are_ours) {
		tasks->arguments = aligned_alloc(64, lines);
		tasks->results = aligned_alloc(64, lines);
	} else {
		tasks->arguments = load->pool->alloc(load->state, bytes);
		tasks->results = load->pool->alloc(load->state, bytes);
	}
	if (!tasks->expected || !tasks->arguments || !tasks->results)
		return fail(-ENOMEM, "no memory for %zu tasks", tasks->n);
	memset(tasks->results, 0, bytes);
	return 0;
}

/* finish() of the workloads that have tasks. */
static inline void tasks_free(struct load *load)
{
	struct tasks *tasks = load->context;

	if (tasks && tasks->are_ours) {
		free(tasks->arguments);
		free(tasks->results);
	}
	if (tasks)
		free(tasks->expected);
	free(tasks);
	load->context = NULL;
}

/* operations(): the tasks of an iteration. */
static inline uint64_t tasks_count(const struct cell *cell)
{
	return (uint64_t)cell->params[PARAM_TASKS];
}

/* After the timed part: every result at its place. */
static inline int tasks_conclude(struct load *load)
{
	const struct tasks *tasks = load->context;

	/* As the cell's location: of the median map, which a few preemptions do not move. */
	if (load->hist)
		load_fact(load, "task_ns",
			(double)hist_quantile_ps(load->hist, 0.5) / 1e3 / (double)tasks->n);
	for (size_t i = 0; i < tasks->n; i++)
		if (tasks->results[i] != tasks->expected[i])
			return fail(-EPROTO,
				"the result of task %zu of %zu is %" PRIu64 ", not %" PRIu64, i,
				tasks->n, tasks->results[i], tasks->expected[i]);
	return 0;
}

/* One iteration is one map of all tasks. */
static inline int tasks_map(struct load *load, pool_function *function, size_t chunk)
{
	const struct pool *pool = load->pool;
	const struct tasks *tasks = load->context;

	memset(tasks->results, 0, tasks->n * sizeof(*tasks->results));
	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = pool->map(
			load->state, function, tasks->arguments, tasks->n, chunk, tasks->results);
		if (r < 0)
			return trace(r);
	});
	load->end_ns = clock_ns();
	return trace(tasks_conclude(load));
}
