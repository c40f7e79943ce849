/*
 * The checks. Tasks count on the board how often each was done, and by whom; sizes follow what a
 * task costs, so that a pool that forks for each is asked as much as its kind can bear.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "check.h"
#include "os/futex.h"

enum { WORKERS_MOST = 4, LIVES = 50, FAULTS_MOST = 200, MEET_MS = 5000 };

static const uint64_t poison = UINT64_C(0xdeadbeefdeadbeef);

/* splitmix64 (Steele et al. 2014). */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* ---- results ---- */

/* An argument: which task it is, and a number that makes it unlike its neighbours. Some tasks take
 * longer than others, so that they end in another order than they began. */
static uint64_t count_task(uint64_t argument)
{
	atomic_fetch_add(&board->counts[argument % COUNTS_MAX], 1);
	for (volatile uint64_t i = mix(argument) % 16 == 0 ? 2000 : 0; i > 0; i--)
		;
	return mix(argument);
}

enum way { MAP, BATCH, RUN };

static const char *const way_names[] = {"map", "batch", "run"};

static int call(struct opened *opened, enum way way, size_t n, size_t chunk,
	const uint64_t *arguments, uint64_t *results)
{
	const struct pool *pool = opened->pool;

	if (way == MAP)
		return pool->map(opened->state, count_task, arguments, n, chunk, results);
	if (way == BATCH)
		return pool->batch(opened->state, count_task, arguments, n, results);
	return pool->run(opened->state, count_task, arguments[0], results);
}

/* One call: each task once, each result at its place, nothing else written. */
static void ask(struct opened *opened, enum way way, size_t n, size_t chunk, uint64_t *random)
{
	static uint64_t arguments[COUNTS_MAX + 1], results[COUNTS_MAX + 1];
	unsigned workers = opened->options.workers;
	uint64_t noise = mix(++*random);

	for (size_t i = 0; i <= n; i++) {
		arguments[i] = i + COUNTS_MAX * (noise % 1000003 + i);
		results[i] = poison;
	}
	memset((void *)board->counts, 0, sizeof(board->counts));
	int r = call(opened, way, n, chunk, arguments, results);
	if (r < 0)
		found("%s of %zu, chunk %zu, %u workers: %s", way_names[way], n, chunk, workers,
			error_message(r));
	for (size_t i = 0; i < n && !has_found(); i++) {
		uint32_t times = atomic_load(&board->counts[i]);
		if (times != 1)
			found("%s of %zu, chunk %zu, %u workers: task %zu was done %u times",
				way_names[way], n, chunk, workers, i, times);
		if (results[i] != mix(arguments[i]))
			found("%s of %zu, chunk %zu, %u workers: result %zu is %s", way_names[way],
				n, chunk, workers, i, results[i] == poison ? "missing" : "wrong");
	}
	if (results[n] != poison)
		found("%s of %zu, chunk %zu: written behind the results", way_names[way], n, chunk);
}

/* As many tasks as take about a fifth of a second, one by one. */
static size_t many(struct opened *opened, uint64_t *random)
{
	int64_t before = clock_ns();

	ask(opened, MAP, 16, 1, random);
	int64_t each = (clock_ns() - before) / 16 + 1;
	size_t n = (size_t)(NS_PER_S / 5 / each);
	return n < 65 ? 65 : n > COUNTS_MAX - 1 ? COUNTS_MAX - 1 : n;
}

static void ask_all(struct opened *opened, size_t most, uint64_t *random)
{
	const struct pool *pool = opened->pool;
	const size_t sizes[] = {0, 1, 2, 3, 7, 64, most};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !has_found(); i++) {
		size_t n = sizes[i];
		const size_t chunks[] = {0, 1, 7, n, n + 1};
		for (unsigned c = n == 0 ? 2 : 0; c < sizeof(chunks) / sizeof(chunks[0]); c++)
			ask(opened, MAP, n, chunks[c], random);
		if (pool->capabilities & POOL_BATCH)
			ask(opened, BATCH, n, 0, random);
	}
	for (int i = 0; i < 20 && (pool->capabilities & POOL_RUN) && !has_found(); i++)
		ask(opened, RUN, 1, 0, random);
}

static void check_results(const struct pool *pool, uint64_t seed)
{
	static struct opened opened;
	uint64_t random = seed;

	for (unsigned workers = 1; workers <= WORKERS_MOST && !has_found(); workers++) {
		if (opened_open(&opened, pool, workers, COUNTS_MAX, workers % 2) < 0)
			return;
		ask_all(&opened, many(&opened, &random), &random);
		/* Workers that have gone to sleep. */
		clock_sleep_until(clock_ns() + 50 * NS_PER_MS);
		ask(&opened, MAP, 9, 1, &random);
		opened_close(&opened);
	}
}

/* Memory of the pool's own: as good as the caller's. */
static void check_alloc(const struct pool *pool, uint64_t seed)
{
	static struct opened opened;
	enum { N = 1000 };
	int r = 0;

	if (!pool->alloc || opened_open(&opened, pool, 2, N, true) < 0)
		return;
	uint64_t *arguments = pool->alloc(opened.state, N * sizeof(uint64_t));
	uint64_t *results = pool->alloc(opened.state, N * sizeof(uint64_t));
	if (!arguments || !results) {
		found("alloc gives no memory");
	} else {
		for (uint64_t i = 0; i < N; i++)
			arguments[i] = seed + i;
		r = pool->map(opened.state, mix, arguments, N, 0, results);
	}
	if (r < 0)
		found("map in memory of alloc: %s", error_message(r));
	for (uint64_t i = 0; i < N && !has_found(); i++)
		if (results[i] != mix(seed + i))
			found("map in memory of alloc: result %" PRIu64 " is wrong", i);
	opened_close(&opened);
}

/* ---- who does it ---- */

/* Says who it is, and waits for all the others: each worker has exactly one such task. */
static uint64_t meet_task(uint64_t argument)
{
	uint32_t at = atomic_fetch_add(&board->arrived, 1), seen;
	struct worker_seen *self = &board->workers[at % WORKERS_SEEN_MAX];
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	self->pid = getpid();
	self->cpu_count = CPU_COUNT(&set);
	for (self->cpu = 0; !CPU_ISSET(self->cpu, &set);)
		self->cpu++;
	atomic_store(&self->tid, gettid());
	futex_wake(&board->arrived, WORKERS_SEEN_MAX);
	while ((seen = atomic_load(&board->arrived)) < board->expected && !has_found())
		if (futex_wait(&board->arrived, seen, board->deadline_ns) == -ETIMEDOUT)
			found("only %u of %u tasks run at once", seen, board->expected);
	return argument;
}

static void judge_worker(const struct opened *opened, const struct worker_seen *worker)
{
	unsigned capabilities = opened->pool->capabilities;

	if (worker->tid == gettid()) {
		if (!(capabilities & POOL_CALLER_WORKS))
			found("the caller does a task itself");
	} else if ((capabilities & POOL_PROCESS) && worker->pid == getpid()) {
		found("a worker is a thread, not a process");
	} else if ((capabilities & POOL_THREAD) && worker->pid != getpid()) {
		found("a worker is a process, not a thread");
	} else if (capabilities & POOL_BASELINE) {
		found("the baseline has a worker");
	}
}

/* Whether the workers' CPUs are those that the options name, each as often. */
static void judge_cpus(const struct opened *opened)
{
	unsigned workers = opened->options.workers;

	for (unsigned i = 0; i < workers; i++) {
		int wanted = opened->options.cpus[i], has = 0, must = 0;
		for (unsigned k = 0; k < workers; k++) {
			const struct worker_seen *worker = &board->workers[k];
			if (worker->cpu_count != 1)
				found("%u workers: one may use %d CPUs", workers,
					worker->cpu_count);
			has += worker->cpu == wanted;
			must += opened->options.cpus[k] == wanted;
		}
		if (has != must)
			found("%u workers: %d are on CPU %d, not %d", workers, has, wanted, must);
	}
}

static void meet(struct opened *opened)
{
	unsigned workers = opened->options.workers;
	uint64_t arguments[WORKERS_MOST] = {0}, results[WORKERS_MOST];

	memset(board->workers, 0, sizeof(board->workers));
	atomic_store(&board->arrived, 0);
	board->expected = workers;
	board->deadline_ns = deadline_after_ms(MEET_MS);
	int r = opened->pool->map(opened->state, meet_task, arguments, workers, 1, results);
	if (r < 0)
		found("%u workers: %s", workers, error_message(r));
	for (unsigned i = 0; i < workers && !has_found(); i++) {
		judge_worker(opened, &board->workers[i]);
		for (unsigned k = 0; k < i; k++)
			if (board->workers[i].tid == board->workers[k].tid)
				found("%u workers: two are the same", workers);
	}
	if (!has_found())
		judge_cpus(opened);
}

static void check_workers(const struct pool *pool, uint64_t seed)
{
	static struct opened opened;
	unsigned most = pool->capabilities & POOL_BASELINE ? 1 : WORKERS_MOST;

	(void)seed;
	for (unsigned workers = 1; workers <= most && !has_found(); workers++) {
		if (opened_open(&opened, pool, workers, 64, true) < 0)
			return;
		for (int i = 0; i < 3 && !has_found(); i++)
			meet(&opened);
		opened_close(&opened);
	}
}

/* ---- a pool's life ---- */

static void check_contract(const struct pool *pool, uint64_t seed)
{
	static struct opened opened;
	unsigned kinds = pool->capabilities & (POOL_PROCESS | POOL_THREAD | POOL_BASELINE);

	(void)seed;
	if (kinds != POOL_PROCESS && kinds != POOL_THREAD && kinds != POOL_BASELINE)
		found("not exactly one of PROCESS, THREAD, BASELINE");
	if (pool->state_bytes > POOL_STATE_MAX)
		found("a state of %zu bytes", pool->state_bytes);
	if (!pool->summary || !pool->summary[0] || !pool->open || !pool->map || !pool->close)
		found("summary, open, map or close is missing");
	if (!(pool->capabilities & POOL_RUN) != !pool->run ||
		!(pool->capabilities & POOL_BATCH) != !pool->batch)
		found("RUN, BATCH and their functions do not agree");
	/* An open() that was never called is one that failed at once. */
	pool->close(opened.state);
}

static void check_lives(const struct pool *pool, uint64_t seed)
{
	static struct opened opened;
	struct holdings before = {0};
	uint64_t random = seed;

	for (int i = 0; i < LIVES && !has_found(); i++) {
		if (opened_open(&opened, pool, 1 + (unsigned)i % WORKERS_MOST, 64, i % 2) < 0)
			return;
		if (i % 3 < 2)
			ask(&opened, MAP, 33, i % 3, &random);
		opened_close(&opened);
		/* The first life may leave what a library keeps for as long as the process lives
		 * (GLib: a thread); all the others together leave nothing. */
		if (i == 0)
			before = holdings_settled();
		holdings_compare(&before, "after close");
	}
}

/* The k-th system call of open() fails, for every k: an error that leaves nothing, or none. */
static void check_faults(const struct pool *pool, uint64_t seed)
{
	static unsigned char state[POOL_STATE_MAX];
	struct pool_options options = {.workers = 2, .cpus = {-1, -1}, .tasks_max = 64};
	uint64_t arguments[] = {seed, seed + 1, seed + 2}, results[3] = {0};
	int happened = 1;

	/* What the library keeps for ever. */
	if (pool->open(state, &options) < 0)
		found("open without a fault");
	pool->close(state);
	struct holdings before = holdings_settled();
	for (unsigned k = 1; happened && !has_found(); k++) {
		memset(state, 0, sizeof(state));
		fault_arm(k, ENOMEM);
		int r = pool->open(state, &options);
		happened = fault_disarm();
		/* What it can do without is no error; but then it must work. */
		if (r >= 0 && pool->map(state, mix, arguments, 3, 1, results) < 0)
			found("map after an open with a fault in call %u: %s", k, error_message(r));
		for (unsigned i = 0; r >= 0 && i < 3; i++)
			if (results[i] != mix(arguments[i]))
				found("map after an open with a fault in call %u: a wrong result",
					k);
		if (!happened && r < 0)
			found("open: %s", error_message(r));
		pool->close(state);
		holdings_compare(&before, "after an open with a fault");
		if (k == FAULTS_MOST)
			found("more than %d system calls", FAULTS_MOST);
	}
}

const struct check pool_checks[] = {
	{"contract", check_contract},
	{"results", check_results},
	{"alloc", check_alloc},
	{"workers", check_workers},
	{"lives", check_lives},
	{"faults", check_faults},
	{NULL, NULL},
};
