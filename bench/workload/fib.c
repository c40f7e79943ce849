/*
 * fib: a map of equal tasks of some work. n is the grain: from tasks that take less than handing
 * them over does, to tasks beside which that is nothing. What a map takes with `serial` at the same
 * n and tasks is what the others' speed-up is measured against. Each task is handed over by itself
 * (chunk=1) unless the cell says otherwise: a pool that makes chunks of its own would hide its
 * cost.
 */
#include <math.h>

#include "pool/fib.h"
#include "workload/tasks.h"

/* A call of fib takes about half a nanosecond, and fib(n) is 1.45 φⁿ calls. */
#define FIB_CALL_NS 0.8
#define FIB_CALLS 1.45
#define FIB_GROWTH 1.618
#define FIB_MAP_NS (5.0 * NS_PER_S)

static const char *unfit(const struct cell *cell)
{
	double each = FIB_CALL_NS * FIB_CALLS * pow(FIB_GROWTH, (double)cell->params[PARAM_N]);

	return each * (double)cell->params[PARAM_TASKS] > FIB_MAP_NS
		       ? "one map would take longer than five seconds: take a smaller n, or fewer "
			 "tasks"
		       : NULL;
}

static int prepare(struct load *load)
{
	int r = tasks_make(load);

	if (r < 0)
		return trace(r);
	struct tasks *tasks = load->context;
	uint64_t n = (uint64_t)load->params[PARAM_N], expected = pool_fib(n);
	for (size_t i = 0; i < tasks->n; i++) {
		tasks->arguments[i] = n;
		tasks->expected[i] = expected;
	}
	return 0;
}

static int run(struct load *load)
{
	return trace(tasks_map(load, pool_fib, (size_t)load->params[PARAM_CHUNK]));
}

const struct workload workload_fib = {
	.name = "fib",
	.summary = "a map of equal tasks that compute, of the grain n",
	.unit = "map",
	.direction = "per operation",
	.family = &family_pool,
	.needs = POOL_CHUNK,
	.params = {{PARAM_N, "5 10 15 20 25 30"}, {PARAM_TASKS, "1 100 1000"}, {PARAM_CHUNK, "1"},
		{PARAM_WORKERS, "2"}},
	.operations = tasks_count,
	.unfit = unfit,
	.prepare = prepare,
	.finish = tasks_free,
	.run = run,
};
