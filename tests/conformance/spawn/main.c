/*
 * What every way of starting something must do: it really starts something of the kind that it
 * promises, waits for its end, judges it, and leaves nothing behind; what ends badly or cannot be
 * started is an error. Walks the registry, and ends with a mutant that starts nothing.
 */
#include "../../cmocka_prelude.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "spawn/spawn.h"

enum { RUNS = 100 };

static const char *helper, *bad_helper;

/* ---- seeing that something was started ---- */

static unsigned threads_made;

int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	threads_made++;
	return __real_pthread_create(thread, attributes, run, argument);
}

/* A process that has been reaped has added its faults: it cannot run without one. */
static long faults_of_children(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static bool has_started(const struct spawn *spawn, void *state, int *ret_r)
{
	unsigned threads = threads_made;
	long faults = faults_of_children();

	*ret_r = spawn->run(state);
	if (spawn->capabilities & SPAWN_THREAD)
		return threads_made == threads + 1 && faults_of_children() == faults;
	return faults_of_children() > faults && threads_made == threads;
}

/* ---- the checks ---- */

static int open_it(const struct spawn *spawn, const char *program, void *state)
{
	struct spawn_options options = {.helper = program};

	memset(state, 0, SPAWN_STATE_MAX);
	return spawn->open(state, &options);
}

static void check_runs(const struct spawn *spawn, void *state)
{
	int fds, r = open_it(spawn, helper, state);

	if (r < 0)
		flunk("open: %s", error_message(r));
	fds = fd_count();
	for (int i = 0; i < RUNS; i++) {
		bool started = has_started(spawn, state, &r);
		if (r < 0)
			flunk("run %d: %s", i, error_message(r));
		if (!started)
			flunk("run %d: nothing was started", i);
		if (fd_count() != fds)
			flunk("run %d: %d descriptors more", i, fd_count() - fds);
		if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
			flunk("run %d: a child is left", i);
	}
	spawn->close(state);
}

/* What is started ends badly, or cannot be loaded. */
static void check_errors(const struct spawn *spawn, void *state)
{
	if (!(spawn->capabilities & SPAWN_EXEC))
		return;
	int r = open_it(spawn, bad_helper, state);
	if (r >= 0)
		r = spawn->run(state);
	if (r != -ECHILD || !strstr(error_message(r), "3"))
		flunk("a program that ends with 3 gives %d: %s", r, error_message(r));
	spawn->close(state);
	r = open_it(spawn, "/nonexistent/program", state);
	if (r != -ENOENT || !strstr(error_message(r), "/nonexistent/program"))
		flunk("a program that isn't there gives %d: %s", r, error_message(r));
	spawn->close(state);
}

/* The call that starts fails; then all is as before. */
static void check_fault(const struct spawn *spawn, void *state)
{
	int r = open_it(spawn, helper, state), fds = fd_count();

	assert_int_equal(r, 0);
	fault_arm(1, EAGAIN);
	r = spawn->run(state);
	bool happened = fault_disarm();
	if (happened && r >= 0)
		flunk("run succeeds though a system call failed");
	if (!happened && r < 0)
		flunk("run: %s", error_message(r));
	assert_int_equal(fd_count(), fds);
	r = spawn->run(state);
	if (r < 0)
		flunk("run after a fault: %s", error_message(r));
	spawn->close(state);
}

static void test_member(void **unit)
{
	const struct spawn *spawn = *unit;
	_Alignas(64) static unsigned char state[SPAWN_STATE_MAX];
	char reason[SPAWN_REASON_MAX];
	unsigned kind = spawn->capabilities & (SPAWN_PROCESS | SPAWN_THREAD);

	if (spawn_probe(spawn, reason) < 0) {
		printf("# %s: skipped: %s\n", spawn->name, reason);
		skip();
	}
	assert_true(kind == SPAWN_PROCESS || kind == SPAWN_THREAD);
	assert_true(spawn->state_bytes <= SPAWN_STATE_MAX);
	assert_ptr_equal(spawn_find(spawn->name), spawn);
	check_runs(spawn, state);
	check_errors(spawn, state);
	check_fault(spawn, state);
}

/* ---- the check is tested ---- */

static int run_nothing(void *state)
{
	(void)state;
	return 0;
}

static void test_mutant(void **unit)
{
	const struct spawn process = {.capabilities = SPAWN_PROCESS, .run = run_nothing};
	const struct spawn thread = {.capabilities = SPAWN_THREAD, .run = run_nothing};
	const struct spawn liar = {.capabilities = SPAWN_THREAD, .run = spawn_find("fork")->run};
	int r;

	(void)unit;
	assert_false(has_started(&process, NULL, &r));
	assert_false(has_started(&thread, NULL, &r));
	assert_false(has_started(&liar, NULL, &r));
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[32];
	unsigned count = 0;

	spawn_main(argc, argv);
	if (argc != 3) {
		fprintf(stderr, "usage: spawn_conformance HELPER HELPER_THAT_ENDS_WITH_3\n");
		return 2;
	}
	helper = argv[1];
	bad_helper = argv[2];
	for (; spawns[count]; count++)
		tests[count] = (struct CMUnitTest){.name = spawns[count]->name,
			.test_func = test_member,
			.initial_state = (void *)spawns[count]};
	tests[count++] = (struct CMUnitTest){.name = "mutants", .test_func = test_mutant};
	return _cmocka_run_group_tests("spawn", tests, count, NULL, NULL) != 0;
}
