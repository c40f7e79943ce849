/*
 * Every member of the families that have no workload of their own here lives through a session with
 * one that does little: opened, verified, run, closed, nothing left. And members that do not do
 * what they promise are caught, as are outcomes that are wrong.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../cmocka_prelude.h"
#include "base/clock.h"
#include "base/error.h"
#include "harness/scenario.h"
#include "harness/session.h"
#include "lock/lock.h"
#include "measure/cycles.h"
#include "pool/pool.h"
#include "spawn/spawn.h"
#include "workload/loop.h"

static struct topo *topo;

static uint64_t twice(uint64_t argument)
{
	return 2 * argument;
}

static int pool_run(struct load *load)
{
	uint64_t arguments[] = {1, 2, 3}, results[3] = {0};

	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = load->pool->map(load->state, twice, arguments, 3, 0, results);
		if (r < 0)
			return r;
	});
	load->end_ns = clock_ns();
	load_fact(load, "last", (double)results[2]);
	return results[2] == 6 ? 0 : fail(-EPROTO, "2 · 3 is %d", (int)results[2]);
}

static int lock_run(struct load *load)
{
	int r = 0;

	load->begin_ns = clock_ns();
	if (load->lock->capabilities & LOCK_MUTEX)
		LOOP_BATCHES(load, load->iterations, {
			r = load->lock->acquire(load->state);
			if (r >= 0)
				r = load->lock->release(load->state);
			if (r < 0)
				return r;
			load->done++;
		});
	load->end_ns = clock_ns();
	load_fact(load, "sides", 1);
	return 0;
}

static int lock_conclude(struct load *load, const struct load_side *sides)
{
	load_fact(load, "done", (double)(sides[0].done + sides[1].done));
	return 0;
}

static int spawn_run(struct load *load)
{
	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = load->spawn->run(load->state);
		if (r < 0)
			return r;
	});
	load->end_ns = clock_ns();
	return 0;
}

static const struct workload pool_workload = {.name = "three",
	.unit = "map",
	.direction = "per operation",
	.family = &family_pool,
	.params = {{PARAM_WORKERS, "2"}},
	.run = pool_run};
static const struct workload lock_workload = {.name = "turns",
	.unit = "turn",
	.direction = "per operation",
	.family = &family_lock,
	.params = {{PARAM_CONTENDERS, "2"}},
	.all_end = true,
	.run = lock_run,
	.conclude = lock_conclude};
static const struct workload spawn_workload = {.name = "start",
	.unit = "start",
	.direction = "per operation",
	.family = &family_spawn,
	.run = spawn_run};
static const struct workload scenario_workload = {
	.name = "scene", .unit = "scene", .family = &family_scenario, .run = scenario_run};

static void emergency(void *context, const char *message)
{
	(void)context;
	fprintf(stderr, "%s\n", message);
}

static struct cell cell_of(
	const struct workload *workload, const struct subject *subject, enum exec exec)
{
	struct cell cell = {.workload = workload,
		.subject = *subject,
		.exec = exec,
		.placement = PLACEMENT_FREE,
		.idle = IDLE_FREE};

	cell.params[PARAM_WORKERS] = 2;
	cell.params[PARAM_CONTENDERS] = 2;
	snprintf(cell.name, sizeof(cell.name), "%s/%s/%s", workload->name, subject->name,
		exec_name(exec));
	return cell;
}

/* The first error, whose message is then in `message`; the result of 20 iterations otherwise. */
static int live(const struct cell *cell, struct session_result *ret_result, char message[512])
{
	struct session_options options = {.deadline_ns = 20 * NS_PER_S, .emergency = emergency};
	struct session *session = NULL;

	int r = session_open(&session, cell, topo, &options);
	if (r >= 0)
		r = session_run(session, 20, ret_result);
	if (r >= 0) {
		free(ret_result->hist);
		ret_result->hist = NULL;
		r = session_finish(session);
	}
	snprintf(message, 512, "%s", r < 0 ? error_message(r) : "");
	session_free(session);
	return r;
}

static double fact(const struct session_result *result, const char *name)
{
	for (unsigned i = 0; i < result->facts.count; i++)
		if (strcmp(result->facts.facts[i].name, name) == 0)
			return result->facts.facts[i].value;
	flunk("there is no fact '%s'", name);
	return 0;
}

static unsigned each_member(const struct workload *workload, unsigned needs)
{
	struct session_result result;
	struct subject subject;
	unsigned count = 0;
	char message[512];

	for (unsigned i = 0; subject_at(workload->family, i, &subject); i++)
		for (enum exec exec = 0; exec < EXEC_COUNT; exec++) {
			const struct subject_limits *limits;
			unsigned kind = exec == EXEC_THREAD ? SUBJECT_THREAD : SUBJECT_PROCESS;
			if ((subject.capabilities & (kind | needs)) != (kind | needs) ||
				subject.foreign || subject_probe(&subject, &limits) < 0)
				continue;
			struct cell cell = cell_of(workload, &subject, exec);
			if (live(&cell, &result, message) < 0)
				flunk("%s: %s", cell.name, message);
			assert_true(result.elapsed_ns >= 0);
			count++;
		}
	return count;
}

static void test_pools(void **state)
{
	(void)state;
	assert_true(each_member(&pool_workload, 0) >= 2);
}

static void test_locks(void **state)
{
	(void)state;
	assert_true(each_member(&lock_workload, 0) >= 2);
}

static void test_spawns(void **state)
{
	(void)state;
	assert_true(each_member(&spawn_workload, 0) >= 2);
}

static void test_facts_arrive(void **state)
{
	struct session_result result;
	struct subject subject;
	char message[512];
	(void)state;

	assert_true(subject_find(&family_pool, 0, "serial", &subject));
	struct cell cell = cell_of(&pool_workload, &subject, EXEC_PROCESS);
	assert_int_equal(live(&cell, &result, message), 0);
	assert_true(fact(&result, "last") == 6);
	/* Of several sides they add up; what conclude() says is of all. */
	assert_true(subject_find(&family_lock, 0, "none", &subject));
	cell = cell_of(&lock_workload, &subject, EXEC_PROCESS);
	assert_int_equal(live(&cell, &result, message), 0);
	assert_true(fact(&result, "sides") == 2);
	assert_true(fact(&result, "done") == 40);
}

/* ---- those that do not do what they promise ---- */

static void expect_error(const struct cell *cell, int wanted, const char *part)
{
	struct session_result result;
	char message[512];

	int r = live(cell, &result, message);
	if (r != wanted || !strstr(message, part))
		flunk("%s: %d and '%s' instead of %d and '%s'", cell->name, r, message, wanted,
			part);
}

/* The floor of locks without the word that it is one. */
static void test_a_lock_that_does_not_exclude(void **state)
{
	struct subject subject;
	(void)state;

	assert_true(subject_find(&family_lock, 0, "none", &subject));
	struct lock liar = *(const struct lock *)subject.member;
	liar.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX;
	subject.member = &liar;
	for (enum exec exec = 0; exec < EXEC_COUNT; exec++) {
		struct cell cell = cell_of(&lock_workload, &subject, exec);
		expect_error(&cell, -EPROTO, "it does not exclude");
	}
	liar.capabilities = LOCK_PROCESS | LOCK_BARRIER;
	struct cell cell = cell_of(&lock_workload, &subject, EXEC_PROCESS);
	expect_error(&cell, -EPROTO, "barrier");
	liar.capabilities = LOCK_PROCESS | LOCK_SIGNAL;
	cell = cell_of(&lock_workload, &subject, EXEC_PROCESS);
	expect_error(&cell, -EPROTO, "a signal came before");
}

static void test_a_pool_without_workers(void **state)
{
	struct subject subject;
	(void)state;

	assert_true(subject_find(&family_pool, 0, "serial", &subject));
	struct pool liar = *(const struct pool *)subject.member;
	liar.capabilities = POOL_PROCESS | POOL_RUN;
	subject.member = &liar;
	struct cell cell = cell_of(&pool_workload, &subject, EXEC_PROCESS);
	expect_error(&cell, -EXDEV, "97 of 97 tasks were carried out by the caller's process");
	liar.capabilities = POOL_THREAD | POOL_RUN;
	cell = cell_of(&pool_workload, &subject, EXEC_THREAD);
	expect_error(&cell, -EXDEV, "caller's thread");
}

static int map_backwards(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	(void)state, (void)chunk;
	for (size_t i = 0; i < n; i++)
		results[n - 1 - i] = function(arguments[i]);
	return 0;
}

static void test_a_pool_that_mixes_results_up(void **state)
{
	struct subject subject;
	(void)state;

	assert_true(subject_find(&family_pool, 0, "serial", &subject));
	struct pool liar = *(const struct pool *)subject.member;
	liar.map = map_backwards;
	subject.member = &liar;
	struct cell cell = cell_of(&pool_workload, &subject, EXEC_PROCESS);
	expect_error(&cell, -EBADMSG, "map: the result of task 0 is not its own");
}

static int oversell(struct load *load)
{
	load->begin_ns = clock_ns();
	load->end_ns = clock_ns();
	return fail(-EPROTO, "oversold %d tickets", 3);
}

static void test_a_wrong_outcome_fails_the_cell(void **state)
{
	static const struct scenario office = {
		.name = "office", .capabilities = SCENARIO_PROCESS, .run = oversell};
	struct subject subject = {.name = "office",
		.capabilities = SCENARIO_PROCESS,
		.family = &family_scenario,
		.member = &office};
	(void)state;

	struct cell cell = cell_of(&scenario_workload, &subject, EXEC_PROCESS);
	expect_error(&cell, -EPROTO, "oversold 3 tickets");
}

static int load(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	(void)state;
	sigaction(SIGPIPE, &ignore, NULL);
	cycles_init();
	return topo_load(&topo);
}

static int unload(void **state)
{
	(void)state;
	topo_free(topo);
	return 0;
}

int main(int argc, char **argv)
{
	spawn_main(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_spawns),
		cmocka_unit_test(test_facts_arrive),
		cmocka_unit_test(test_a_lock_that_does_not_exclude),
		cmocka_unit_test(test_a_pool_without_workers),
		cmocka_unit_test(test_a_pool_that_mixes_results_up),
		cmocka_unit_test(test_a_wrong_outcome_fails_the_cell),
	};
	return cmocka_run_group_tests_name("harness/families", tests, load, unload);
}
