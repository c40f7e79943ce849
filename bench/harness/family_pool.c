/*
 * Pools: the caller is the only side, the workers are the pool's own; exec says what they are. The
 * placement is that of the workers: worker i is on seat i, the caller on seat 0.
 *
 * Verified: that results are those of the function, in their places, by every way of handing tasks
 * over; and that somebody else than the caller has carried tasks out, as far as the pool promises
 * it.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "harness/cell.h"
#include "pool/pool.h"

static_assert((int)POOL_PROCESS == (int)SUBJECT_PROCESS, "the first bit of every family");
static_assert((int)POOL_THREAD == (int)SUBJECT_THREAD, "the second bit of every family");
static_assert((int)POOL_WORKERS_MAX <= (int)SEATS_MAX, "a seat for every worker");

enum { WORKERS_DEFAULT = 2, VERIFY_TASKS = 97 };

/* How long a pool whose caller works may take until another worker gets a task, too. */
#define SHARE_LIMIT_NS (5 * NS_PER_S)
#define SHARE_TASK_NS (50 * NS_PER_US)

static const char *const capability_names[] = {"processes", "threads", "caller works",
	"single tasks in a batch", "round trips", "chunks", NULL, ""};

/* An instance's state. */
struct pool_instance {
	const struct pool *pool; /* NULL: closed */
	_Alignas(64) unsigned char state[POOL_STATE_MAX];
};
static_assert(sizeof(struct pool_instance) <= INSTANCE_STATE_MAX, "it is an instance's state");

static struct pool_instance *pool_of(struct instance *instance)
{
	return (struct pool_instance *)instance->state;
}

static bool pool_subject(unsigned i, struct subject *ret)
{
	const struct pool *pool = pools[i];

	if (!pool)
		return false;
	*ret = (struct subject){
		.name = pool->name,
		.summary = pool->summary,
		.capabilities = pool->capabilities,
		.family = &family_pool,
		.member = pool,
	};
	/* What has no workers stands beside those that have either kind. */
	if (pool->capabilities & POOL_BASELINE)
		ret->capabilities |= POOL_PROCESS | POOL_THREAD;
	return true;
}

static int probe(const struct subject *subject, struct subject_limits *limits)
{
	const struct pool *pool = subject->member;

	return pool->probe ? pool->probe(limits->reason) : 0;
}

static unsigned one_side(const struct cell *cell)
{
	(void)cell;
	return 1;
}

static unsigned seats(const struct cell *cell)
{
	return (unsigned)cell_param(cell, PARAM_WORKERS, WORKERS_DEFAULT);
}

/* The caller must be bound, and is only when it attaches. */
static int pool_open(struct instance *instance)
{
	(void)instance;
	return 0;
}

static int pool_attach(struct instance *instance)
{
	const struct pool *pool = instance->cell->subject.member;
	int64_t tasks = cell_param(instance->cell, PARAM_TASKS, 1);
	struct pool_options options = {
		.workers = instance->seats,
		.tasks_max = tasks > VERIFY_TASKS ? (size_t)tasks : VERIFY_TASKS,
	};

	assert(pool->state_bytes <= POOL_STATE_MAX && instance->seats <= POOL_WORKERS_MAX);
	for (unsigned i = 0; i < instance->seats; i++)
		options.cpus[i] = instance->cpus[i];
	pool_of(instance)->pool = pool;
	return trace(pool->open(pool_of(instance)->state, &options));
}

static void pool_close(struct instance *instance)
{
	struct pool_instance *pool = pool_of(instance);

	if (pool->pool)
		pool->pool->close(pool->state);
	pool->pool = NULL;
}

static int pool_bind(struct instance *instance, struct load *load)
{
	load->pool = pool_of(instance)->pool;
	load->state = pool_of(instance)->state;
	return 0;
}

static void pool_facts(const struct instance *instance,
	void (*put)(void *context, const char *name, double value), void *context)
{
	const struct pool_instance *pool = (const struct pool_instance *)instance->state;

	if (pool->pool && pool->pool->facts)
		pool->pool->facts(pool->state, put, context);
}

/* ---- verification ---- */

/* One step of splitmix64 (Steele et al. 2014): no result is another task's. */
static uint64_t mix(uint64_t word)
{
	word += UINT64_C(0x9e3779b97f4a7c15);
	word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
	return word ^ (word >> 31);
}

/* Who carries out a task of some length: pid and tid. */
static uint64_t who(uint64_t argument)
{
	int64_t end = clock_ns() + SHARE_TASK_NS;

	while (clock_ns() < end)
		argument = mix(argument);
	return (uint64_t)getpid() << 32 | (uint64_t)gettid();
}

static int check_results(const char *way, const uint64_t *arguments, const uint64_t *results)
{
	for (unsigned i = 0; i < VERIFY_TASKS; i++)
		if (results[i] != mix(arguments[i]))
			return fail(-EBADMSG, "%s: the result of task %u is not its own", way, i);
	return 0;
}

static int verify_results(const struct load *load)
{
	const struct pool *pool = load->pool;
	uint64_t arguments[VERIFY_TASKS], results[VERIFY_TASKS], one = 0;
	int r = 0;

	for (unsigned i = 0; i < VERIFY_TASKS; i++)
		arguments[i] = load->seed + i;
	memset(results, 0, sizeof(results));
	r = pool->map(load->state, mix, arguments, VERIFY_TASKS, 0, results);
	if (r >= 0)
		r = check_results("map", arguments, results);
	if (r >= 0 && pool->capabilities & POOL_CHUNK) {
		memset(results, 0, sizeof(results));
		r = pool->map(load->state, mix, arguments, VERIFY_TASKS, 7, results);
		if (r >= 0)
			r = check_results("map with chunks", arguments, results);
	}
	if (r >= 0 && pool->capabilities & POOL_BATCH) {
		memset(results, 0, sizeof(results));
		r = pool->batch(load->state, mix, arguments, VERIFY_TASKS, results);
		if (r >= 0)
			r = check_results("batch", arguments, results);
	}
	if (r >= 0 && pool->capabilities & POOL_RUN) {
		r = pool->run(load->state, mix, load->seed, &one);
		if (r >= 0 && one != mix(load->seed))
			r = fail(-EBADMSG, "run: the result is not the task's");
	}
	return trace(r);
}

/* Whether the task was carried out by a worker of the kind that the pool promises. */
static bool is_worker(const struct pool *pool, uint64_t who_ran)
{
	pid_t pid = (pid_t)(who_ran >> 32), tid = (pid_t)(who_ran & UINT32_MAX);

	if (pool->capabilities & POOL_PROCESS)
		return pid != getpid();
	return pid == getpid() && tid != gettid();
}

/* With CALLER_WORKS the caller may be quick enough to do all: then again, until another one had a
 * task. */
static int verify_workers(const struct load *load)
{
	const struct pool *pool = load->pool;
	bool shared = pool->capabilities & POOL_CALLER_WORKS;
	int64_t limit = clock_ns() + SHARE_LIMIT_NS;
	uint64_t arguments[VERIFY_TASKS] = {0}, results[VERIFY_TASKS];
	unsigned by_workers = 0;

	if (pool->capabilities & POOL_BASELINE || (shared && load->cpu_count == 1))
		return 0;
	do {
		int r = pool->map(load->state, who, arguments, VERIFY_TASKS, 1, results);
		if (r < 0)
			return trace(r);
		by_workers = 0;
		for (unsigned i = 0; i < VERIFY_TASKS; i++)
			by_workers += is_worker(pool, results[i]);
	} while (by_workers == 0 && shared && clock_ns() < limit);
	if (by_workers == 0 || (by_workers < VERIFY_TASKS && !shared))
		return fail(-EXDEV, "%u of %u tasks were carried out by the caller's %s",
			VERIFY_TASKS - by_workers, VERIFY_TASKS,
			pool->capabilities & POOL_PROCESS ? "process" : "thread");
	return 0;
}

static int verify(struct load *load)
{
	int r = verify_results(load);

	return r < 0 ? trace(r) : trace(verify_workers(load));
}

const struct family family_pool = {
	.name = "pool",
	.title = "Pools",
	.program = "ipcmark-pool",
	.capability_names = capability_names,
	.subject = pool_subject,
	.probe = probe,
	.sides = one_side,
	.seats = seats,
	.open = pool_open,
	.attach = pool_attach,
	.close = pool_close,
	.bind = pool_bind,
	.verify = verify,
	.facts = pool_facts,
};
