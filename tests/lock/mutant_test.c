/*
 * Mutants: locks that do what no lock may. What the suite does not find in them, it would not find
 * in a real one either. A decorator around posix_sem (locks, signals), pthread_barrier and atomic,
 * which fails every 97th time, from the 40th on; and members of the registry that claim what they
 * are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include "suite.h"

/* Of base/error.h, whose fail() is another one than cmocka's. */
const char *error_message(int r);

enum { FIRST = 40, PERIOD = 97, MUTANT_LIMIT_MS = 2000, CASES_MAX = 64 };

enum mode {
	NONE,
	OPEN_DOOR,
	LOSE_POST,
	POST_TWICE,
	MISDIRECT,
	SHORT,
	ADD_TWICE,
	LEAK_FD,
	LEAK_SET
};

extern const struct lock lock_none, lock_posix_sem, lock_pthread_barrier, lock_atomic,
	lock_pthread_mutex;

struct state {
	enum mode mode;
	unsigned long count;
	unsigned sides;
	bool is_outside; /* of a lock that it pretends to hold */
	_Alignas(64) unsigned char sem[512];
	_Alignas(64) unsigned char barrier[512];
	_Alignas(64) unsigned char counter[512];
};

static bool is_time(struct state *state, enum mode mode)
{
	unsigned long i = state->count++;

	return state->mode == mode && i >= FIRST && (i - FIRST) % PERIOD == 0;
}

static int open_as(void *data, const struct lock_options *options, enum mode mode)
{
	struct state *state = data;
	struct lock_options fewer = *options;

	state->mode = mode;
	state->sides = options->sides;
	if (mode == SHORT && fewer.sides > 1)
		fewer.sides--;
	int r = lock_posix_sem.open(state->sem, options);
	if (r >= 0)
		r = lock_pthread_barrier.open(state->barrier, &fewer);
	if (r >= 0)
		r = lock_atomic.open(state->counter, options);
	return r;
}

static int attach(void *data, unsigned side)
{
	struct state *state = data;

	lock_posix_sem.attach(state->sem, side);
	lock_pthread_barrier.attach(state->barrier, side);
	return lock_atomic.attach(state->counter, side);
}

static int acquire(void *data)
{
	struct state *state = data;

	state->is_outside = is_time(state, OPEN_DOOR);
	return state->is_outside ? 0 : lock_posix_sem.acquire(state->sem);
}

static int release(void *data)
{
	struct state *state = data;

	return state->is_outside ? 0 : lock_posix_sem.release(state->sem);
}

static int post(void *data, unsigned to)
{
	struct state *state = data;
	bool now = is_time(state, state->mode);

	if (now && state->mode == LOSE_POST)
		return 0;
	if (now && state->mode == POST_TWICE)
		lock_posix_sem.post(state->sem, to);
	if (now && state->mode == MISDIRECT)
		to = (to + 1) % state->sides;
	return lock_posix_sem.post(state->sem, to);
}

static int wait_for_post(void *data)
{
	struct state *state = data;

	return lock_posix_sem.wait(state->sem);
}

static int arrive(void *data)
{
	struct state *state = data;

	return lock_pthread_barrier.arrive(state->barrier);
}

static int add(void *data, int64_t n)
{
	struct state *state = data;

	return lock_atomic.add(state->counter, is_time(state, ADD_TWICE) ? 2 * n : n);
}

static int value(void *data, int64_t *ret_value)
{
	struct state *state = data;

	return lock_atomic.value(state->counter, ret_value);
}

static void close_mutant(void *data)
{
	struct state *state = data;

	if (state->mode == LEAK_FD && dup(STDERR_FILENO) < 0)
		return;
	if (state->mode == LEAK_SET && semget(IPC_PRIVATE, 1, 0600) < 0)
		return;
	lock_posix_sem.close(state->sem);
	lock_pthread_barrier.close(state->barrier);
	lock_atomic.close(state->counter);
}

#define OPEN_AS(MODE)                                                           \
	static int open_##MODE(void *state, const struct lock_options *options) \
	{                                                                       \
		return open_as(state, options, MODE);                           \
	}
OPEN_AS(NONE)
OPEN_AS(OPEN_DOOR)
OPEN_AS(LOSE_POST)
OPEN_AS(POST_TWICE)
OPEN_AS(MISDIRECT)
OPEN_AS(SHORT)
OPEN_AS(ADD_TWICE)
OPEN_AS(LEAK_FD)
OPEN_AS(LEAK_SET)

struct mutant {
	struct lock lock;
	const char *check, *finding; /* NULL: all checks, nothing */
	const char *or_else;         /* what it may come to instead */
};

/* clang-format off */
#define MUTANT(MODE, CHECK, FINDING, OR_ELSE)                                      \
	{                                                                          \
		.lock = {                                                          \
			.name = #MODE,                                             \
			.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX |  \
				LOCK_SIGNAL | LOCK_BARRIER | LOCK_COUNTER,         \
			.state_bytes = sizeof(struct state),                       \
			.open = open_##MODE,                                       \
			.attach = attach,                                          \
			.acquire = acquire,                                        \
			.release = release,                                        \
			.post = post,                                              \
			.wait = wait_for_post,                                     \
			.arrive = arrive,                                          \
			.add = add,                                                \
			.value = value,                                            \
			.close = close_mutant,                                     \
		},                                                                 \
		.check = CHECK, .finding = FINDING, .or_else = OR_ELSE,            \
	}
/* clang-format on */

static struct mutant mutants[] = {
	MUTANT(NONE, NULL, NULL, NULL),
	MUTANT(OPEN_DOOR, "exclusion", "overlap", "overlap"),
	MUTANT(LOSE_POST, "signals", "hang", "hang"),
	MUTANT(LOSE_POST, "signals_many", "hang", "hang"),
	MUTANT(POST_TWICE, "signals", "early", "stranger"),
	MUTANT(MISDIRECT, "signals_many", "stranger", "early"),
	MUTANT(SHORT, "barrier", "ahead", "ahead"),
	MUTANT(ADD_TWICE, "counter", "wrong", "wrong"),
	MUTANT(LEAK_FD, "life", "leak", "leak"),
	MUTANT(LEAK_SET, "life", "leak", "leak"),
	{.check = "exclusion", .finding = "overlap", .or_else = "overlap"},
	{.check = "counter", .finding = "wrong", .or_else = "wrong"},
	{.check = "signals", .finding = "early", .or_else = "stranger"},
	{.check = "barrier", .finding = "ahead", .or_else = "ahead"},
	{.check = "robust", .finding = "hang", .or_else = "hang"},
};

enum { MUTANT_COUNT = sizeof(mutants) / sizeof(mutants[0]) };

/* Members that claim what they are not: the floor excludes nobody, and pthread's plain mutex does
 * not outlive its holder. */
static void make_claims(void)
{
	for (unsigned i = 0; i < MUTANT_COUNT; i++) {
		if (mutants[i].lock.name)
			continue;
		bool is_robust = strcmp(mutants[i].check, "robust") == 0;
		mutants[i].lock = is_robust ? lock_pthread_mutex : lock_none;
		mutants[i].lock.capabilities |= is_robust ? LOCK_ROBUST : 0;
		mutants[i].lock.capabilities &= ~(unsigned)LOCK_BASELINE;
	}
}

struct test_case {
	const struct mutant *mutant;
	const struct check *check;
	bool threads;
	char name[80];
};

static void run_case(void **data)
{
	const struct test_case *c = *data;
	struct trial trial;

	assert_true(trial_open(&trial, &c->mutant->lock, c->threads, 1) >= 0);
	if (c->mutant->finding)
		trial.limit_ms = MUTANT_LIMIT_MS;
	assert_true(check_run(c->check, &trial) >= 0);
	for (unsigned i = 0; i < FINDINGS_MAX; i++)
		if (atomic_load(&trial.board->findings[i].is_whole))
			printf("# %s: %s: %s\n", c->name, trial.board->findings[i].name,
				trial.board->findings[i].text);
	fflush(stdout);
	bool failed = trial_failed(&trial);
	bool is_found = c->mutant->finding && (trial_has(&trial, c->mutant->finding) ||
						      trial_has(&trial, c->mutant->or_else));
	trial_close(&trial);
	if (c->mutant->finding && !is_found)
		fail_msg("%s: the suite did not find '%s'", c->name, c->mutant->finding);
	if (!c->mutant->finding && failed)
		fail_msg("%s: the suite found something in a good one", c->name);
}

int main(void)
{
	static struct test_case cases[CASES_MAX];
	static struct CMUnitTest tests[CASES_MAX];
	unsigned count = 0;

	make_claims();
	for (unsigned i = 0; i < 2 * MUTANT_COUNT; i++) {
		const struct mutant *mutant = &mutants[i / 2];
		for (const struct check *check = checks; check->name && count < CASES_MAX;
			check++) {
			struct test_case *c = &cases[count];
			if ((mutant->check && strcmp(mutant->check, check->name) != 0) ||
				!check_applies(check, &mutant->lock, i % 2))
				continue;
			*c = (struct test_case){mutant, check, i % 2, ""};
			snprintf(c->name, sizeof(c->name), "%s/%s/%s", mutant->lock.name,
				c->threads ? "thread" : "process", check->name);
			tests[count++] = (struct CMUnitTest){
				.name = c->name, .test_func = run_case, .initial_state = c};
		}
	}
	if (unshare(CLONE_NEWIPC) < 0)
		printf("# no IPC namespace of our own\n");
	return _cmocka_run_group_tests("lock_mutant", tests, count, NULL, NULL) != 0;
}
