/*
 * batch: tasks that do nothing are submitted one by one, then all are waited for: the cost of a
 * submission (Python's apply_async), where a map could share them out at once.
 */
#include "workload/tasks.h"

static uint64_t nothing(uint64_t argument)
{
	return argument;
}

static int prepare(struct load *load)
{
	int r = tasks_make(load);

	if (r < 0)
		return trace(r);
	struct tasks *tasks = load->context;
	for (size_t i = 0; i < tasks->n; i++)
		tasks->arguments[i] = tasks->expected[i] = i + 1;
	return 0;
}

static int run(struct load *load)
{
	const struct pool *pool = load->pool;
	const struct tasks *tasks = load->context;

	memset(tasks->results, 0, tasks->n * sizeof(*tasks->results));
	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = pool->batch(
			load->state, nothing, tasks->arguments, tasks->n, tasks->results);
		if (r < 0)
			return trace(r);
	});
	load->end_ns = clock_ns();
	return trace(tasks_conclude(load));
}

const struct workload workload_batch = {
	.name = "batch",
	.summary = "tasks that do nothing, submitted one by one, and waited for together",
	.unit = "batch",
	.direction = "per operation",
	.family = &family_pool,
	.needs = POOL_BATCH,
	.params = {{PARAM_TASKS, "1000"}, {PARAM_WORKERS, "2"}},
	.operations = tasks_count,
	.prepare = prepare,
	.finish = tasks_free,
	.run = run,
};
