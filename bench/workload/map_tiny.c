/*
 * map_tiny: a map of tasks that do nothing: what a pool takes for itself, per task. With chunk=1
 * each task is handed over by itself, which is its dispatch; with chunk=auto the pool may share the
 * map out as it likes, which is its loop.
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
	/* Never 0, which is what an untouched result is. */
	for (size_t i = 0; i < tasks->n; i++)
		tasks->arguments[i] = tasks->expected[i] = i + 1;
	return 0;
}

static int run(struct load *load)
{
	return trace(tasks_map(load, nothing, (size_t)load->params[PARAM_CHUNK]));
}

const struct workload workload_map_tiny = {
	.name = "map_tiny",
	.summary = "a map of tasks that do nothing: the cost of dispatch",
	.unit = "map",
	.direction = "per operation",
	.family = &family_pool,
	.needs = POOL_CHUNK,
	.params = {{PARAM_TASKS, "1000"}, {PARAM_CHUNK, "auto 1"}, {PARAM_WORKERS, "2"}},
	.operations = tasks_count,
	.prepare = prepare,
	.finish = tasks_free,
	.run = run,
};
