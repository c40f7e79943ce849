/*
 * The checks. They use nothing of the members but lock.h; what a lock guards is read and written in
 * two steps, so that two sides inside at once lose an update.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "os/futex.h"
#include "os/waiter.h"
#include "suite.h"

enum { LIVES = 50, FAULTS_MAX = 300, ROUNDS_MAX = 10000, SECTIONS_AFTER = 50 };

/* Shared mappings: what a member can leave besides descriptors. */
static unsigned count_mappings(void)
{
	_cleanup_(fclosep) FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], mode[8];
	unsigned count = 0;

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%*s %7s", mode) == 1 && mode[3] == 's')
			count++;
	return count;
}

static void expect_nothing_left(struct trial *trial, int fds, unsigned mappings, const char *when)
{
	int more = fd_count() - fds;

	if (more != 0)
		found(trial, "leak", "%s: %d descriptors more than before", when, more);
	else if (count_mappings() != mappings)
		found(trial, "leak", "%s: %u shared mappings, %u before", when, count_mappings(),
			mappings);
}

static void nothing(struct side *side)
{
	(void)side;
}

static void check_life(struct trial *trial)
{
	_Alignas(64) static unsigned char state[LOCK_STATE_MAX];
	struct lock_options options = {.sides = LOCK_SIDES_MAX, .threads = trial->threads};
	const struct lock *lock = trial->lock;

	/* What a library keeps for the process after the first one is no leak. */
	session_run(trial, 2, nothing);
	int fds = fd_count();
	unsigned mappings = count_mappings();
	if (lock->state_bytes > LOCK_STATE_MAX)
		found(trial, "failed", "a state of %zu bytes", lock->state_bytes);
	for (unsigned i = 0; i < LIVES && !trial_failed(trial); i++) {
		memset(state, 0, sizeof(state));
		int r = lock->open(state, &options);
		if (r < 0)
			found(trial, "failed", "open: %s", error_message(r));
		lock->close(state);
		lock->close(state);
	}
	for (unsigned i = 0; i < LIVES && !trial_failed(trial); i++)
		session_run(trial, 1 + i % 3, nothing);
	if (!trial_failed(trial))
		expect_nothing_left(trial, fds, mappings, "after 100 lives");
}

/* Each system call of open() and attach() fails once. */
static void check_faults(struct trial *trial)
{
	_Alignas(64) static unsigned char state[LOCK_STATE_MAX], copy[LOCK_STATE_MAX];
	struct lock_options options = {.sides = 2, .threads = trial->threads};
	const struct lock *lock = trial->lock;
	bool happened = true;

	session_run(trial, 2, nothing);
	int fds = fd_count();
	unsigned mappings = count_mappings();
	for (unsigned k = 1; happened && k < FAULTS_MAX && !trial_failed(trial); k++) {
		memset(state, 0, sizeof(state));
		fault_arm(k, ENFILE);
		int r = lock->open(state, &options);
		memcpy(copy, state, sizeof(state));
		void *mine = trial->threads ? copy : state;
		bool opened = r >= 0;
		if (opened)
			r = lock->attach(mine, 0);
		happened = fault_disarm();
		if (r < 0 && !happened)
			found(trial, "failed", "fault %u: %s", k, error_message(r));
		if (r >= 0 && happened)
			found(trial, "failed", "system call %u fails, and open says nothing", k);
		if (opened)
			lock->close(mine);
		lock->close(state);
		if (!trial_failed(trial))
			expect_nothing_left(trial, fds, mappings, "after a fault");
	}
}

/* What the lock guards. A side that was killed inside leaves its name here: of such an owner
 * nobody complains. */
static void section(struct side *side, unsigned dead_plus_1)
{
	struct board *board = side->trial->board;
	uint32_t owner = atomic_load_explicit(&board->owner_plus_1, memory_order_relaxed);

	if (owner != 0 && owner != dead_plus_1)
		found(side->trial, "overlap", "side %u is inside, and side %u is too", side->side,
			owner - 1);
	atomic_store_explicit(&board->owner_plus_1, side->side + 1, memory_order_relaxed);
	int64_t value = atomic_load_explicit(&board->guarded, memory_order_relaxed);
	uint64_t choice = random_next(&side->random);
	for (unsigned i = choice & 15; i > 0; i--)
		waiter_pause();
	/* With more sides than CPUs: the holder is not running. */
	if ((choice >> 8) % 64 == 0)
		sched_yield();
	atomic_store_explicit(&board->guarded, value + 1, memory_order_relaxed);
	owner = atomic_load_explicit(&board->owner_plus_1, memory_order_relaxed);
	if (owner != side->side + 1)
		found(side->trial, "overlap", "side %u is inside, and side %u came in", side->side,
			owner - 1);
	atomic_store_explicit(&board->owner_plus_1, 0, memory_order_relaxed);
}

/* False when a call failed. `dead_plus_1` as in section(). */
static bool enter_and_leave(struct side *side, unsigned dead_plus_1)
{
	at(side, "acquire");
	int r = side->lock->acquire(side->state);
	if (r == LOCK_HOLDER_DIED)
		atomic_fetch_add(&side->trial->board->deaths, 1);
	if (r >= 0) {
		section(side, dead_plus_1);
		at(side, "release");
		r = side->lock->release(side->state);
	}
	if (r < 0)
		found(side->trial, "failed", "side %u: acquire or release: %s", side->side,
			strerror(-r));
	progress(side);
	return r >= 0;
}

/* Until all sides are there: what follows overlaps. */
static void meet(struct side *side)
{
	atomic_fetch_add(&side->trial->board->met, 1);
	at(side, "meet the others");
	while (atomic_load(&side->trial->board->met) < side->sides && !trial_failed(side->trial))
		sched_yield();
}

static void exclude(struct side *side)
{
	struct trial *trial = side->trial;

	meet(side);
	int64_t end = clock_ns() + trial->budget_ns, sections = 0;

	do {
		if (!enter_and_leave(side, 0))
			return;
		sections++;
	} while ((sections % 16 != 0 || clock_ns() < end) && !trial_failed(trial));
	atomic_store(&trial->board->lines[side->side].value, sections);
}

static void start_again(struct trial *trial)
{
	struct board *board = trial->board;

	for (unsigned i = 0; i < SUITE_SIDES_MAX; i++) {
		atomic_store(&board->lines[i].value, 0);
		atomic_store(&board->lines[i].rounds, 0);
	}
	atomic_store(&board->guarded, 0);
	atomic_store(&board->owner_plus_1, 0);
	atomic_store(&board->stop_at, 0);
	atomic_store(&board->deaths, 0);
	atomic_store(&board->met, 0);
	atomic_store(&board->go, 0);
}

static int64_t sum_of_lines(const struct trial *trial)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < SUITE_SIDES_MAX; i++)
		sum += atomic_load(&trial->board->lines[i].value);
	return sum;
}

static void check_exclusion(struct trial *trial)
{
	static const unsigned counts[] = {1, 2, 4};

	for (unsigned i = 0; i < 3 && !trial_failed(trial); i++) {
		start_again(trial);
		session_run(trial, counts[i], exclude);
		int64_t value = atomic_load(&trial->board->guarded);
		int64_t sections = sum_of_lines(trial);
		if (!trial_failed(trial) && value != sections)
			found(trial, "overlap", "%u sides were inside %ld times and counted %ld",
				counts[i], (long)sections, (long)value);
		if (!trial_failed(trial) && atomic_load(&trial->board->deaths) != 0)
			found(trial, "death", "acquire tells of a death, and nobody has died");
	}
}

/* A word goes round: each side waits for its signal, looks at the word, and posts to the next. */
static void pass_on(struct side *side)
{
	struct board *board = side->trial->board;
	unsigned next = (side->side + 1) % side->sides;
	int64_t end = clock_ns() + 10 * side->trial->budget_ns;
	bool is_last = false;

	for (uint64_t round = 1; !is_last; round++) {
		int r = 0;
		/* The first of a round does not wait for the round before: it has. */
		if (side->side > 0) {
			at(side, "wait");
			r = side->lock->wait(side->state);
		}
		int64_t expected = (int64_t)round * 100 + side->side;
		int64_t seen = side->side == 0 ? expected
					       : atomic_load_explicit(
							 &board->guarded, memory_order_relaxed);
		if (seen != expected)
			found(side->trial, seen / 100 == expected / 100 ? "stranger" : "early",
				"side %u, round %lu: the word is at side %ld of round %ld",
				side->side, (unsigned long)round, (long)(seen % 100),
				(long)(seen / 100));
		if (side->side == 0 && (round >= ROUNDS_MAX || clock_ns() > end))
			atomic_store_explicit(&board->stop_at, round, memory_order_relaxed);
		is_last = atomic_load_explicit(&board->stop_at, memory_order_relaxed) == round;
		/* The next one is awake before, or asleep, or on its way: by chance and by force.
		 */
		if (random_next(&side->random) % 512 == 0)
			wait_until_asleep(side->trial, next);
		int64_t word = next == 0 ? (int64_t)(round + 1) * 100 : expected + 1;
		atomic_store_explicit(&board->guarded, word, memory_order_relaxed);
		if (r >= 0)
			r = side->lock->post(side->state, next);
		if (r >= 0 && side->side == 0) {
			at(side, "wait for the round to end");
			r = side->lock->wait(side->state);
			seen = atomic_load_explicit(&board->guarded, memory_order_relaxed);
			if (r >= 0 && seen != (int64_t)(round + 1) * 100)
				found(side->trial, "early", "side 0, round %lu: the word is at %ld",
					(unsigned long)round, (long)seen);
		}
		if (r < 0)
			found(side->trial, "failed", "side %u: post or wait: %s", side->side,
				strerror(-r));
		if (r < 0 || trial_failed(side->trial))
			return;
		progress(side);
	}
}

static void check_signals(struct trial *trial)
{
	session_run(trial, 2, pass_on);
}

static void check_signals_many(struct trial *trial)
{
	session_run(trial, 5, pass_on);
}

/* A side says its round, arrives, and then nobody may be behind it, or two rounds ahead. */
static void come_together(struct side *side)
{
	struct board *board = side->trial->board;
	int64_t end = clock_ns() + 10 * side->trial->budget_ns;

	for (uint64_t round = 1; !trial_failed(side->trial); round++) {
		if (side->side == 0 && (round >= ROUNDS_MAX || clock_ns() > end))
			atomic_store(&board->stop_at, round);
		atomic_store(&board->lines[side->side].value, (int64_t)round);
		at(side, "arrive");
		int r = side->lock->arrive(side->state);
		if (r < 0) {
			found(side->trial, "failed", "side %u: arrive: %s", side->side,
				strerror(-r));
			return;
		}
		for (unsigned i = 0; i < side->sides; i++) {
			int64_t other = atomic_load(&board->lines[i].value);
			if (other != (int64_t)round && other != (int64_t)round + 1)
				found(side->trial, "ahead",
					"side %u has passed round %lu, and side %u is in round %ld",
					side->side, (unsigned long)round, i, (long)other);
		}
		/* Whoever is still in this round sees it: side 0 wrote it before it arrived, and a
		 * later one has another number. */
		if (atomic_load(&board->stop_at) == round)
			return;
		if (random_next(&side->random) % 64 == 0)
			sched_yield();
		progress(side);
	}
}

static void check_barrier(struct trial *trial)
{
	static const unsigned counts[] = {1, 2, 3, 5};

	for (unsigned i = 0; i < 4 && !trial_failed(trial); i++) {
		start_again(trial);
		session_run(trial, counts[i], come_together);
	}
}

static void add_some(struct side *side)
{
	struct trial *trial = side->trial;

	meet(side);
	int64_t end = clock_ns() + trial->budget_ns, sum = 0;
	unsigned round = 0;

	at(side, "add");
	do {
		int64_t n = (int64_t)(random_next(&side->random) % 2001) - 1000;
		int r = side->lock->add(side->state, n);
		if (r < 0) {
			found(trial, "failed", "side %u: add: %s", side->side, strerror(-r));
			return;
		}
		sum += n;
		round++;
		progress(side);
	} while (round % 64 != 0 || clock_ns() < end);
	atomic_store(&trial->board->lines[side->side].value, sum);
	atomic_fetch_add(&trial->board->go, 1);
	futex_wake(&trial->board->go, INT32_MAX);
	if (side->side > 0)
		return;
	/* Side 0 reads it when all are done. */
	at(side, "wait for the others to have added");
	uint32_t done;
	while ((done = atomic_load(&trial->board->go)) < side->sides && !trial_failed(trial))
		futex_wait(&trial->board->go, done, deadline_after_ms(20));
	int64_t value = 0;
	int r = side->lock->value(side->state, &value);
	if (r < 0)
		found(trial, "failed", "value: %s", strerror(-r));
	else if (!trial_failed(trial) && value != sum_of_lines(trial))
		found(trial, "wrong", "%u sides have added %ld, and the value is %ld", side->sides,
			(long)sum_of_lines(trial), (long)value);
}

static void check_counter(struct trial *trial)
{
	static const unsigned counts[] = {1, 2, 4};

	for (unsigned i = 0; i < 3 && !trial_failed(trial); i++) {
		start_again(trial);
		session_run(trial, counts[i], add_some);
	}
}

/* Side 1 is the victim: it takes the lock again and again, or once and keeps it. The others wait
 * for it, and go on when it is dead. */
static void outlive(struct side *side)
{
	struct board *board = side->trial->board;
	bool keeps = atomic_load(&board->stop_at) != 0;

	if (side->side == 1) {
		while (!trial_failed(side->trial)) {
			at(side, "acquire");
			if (keeps && side->lock->acquire(side->state) >= 0) {
				atomic_store(&board->owner_plus_1, 2);
				atomic_store(&board->go, 1);
				futex_wake(&board->go, INT32_MAX);
				at(side, "asleep with the lock, to be killed");
				for (;;)
					pause();
			}
			if (!enter_and_leave(side, 0))
				return;
		}
		return;
	}
	while (keeps && atomic_load(&board->go) == 0 && !trial_failed(side->trial))
		futex_wait(&board->go, 0, deadline_after_ms(20));
	for (unsigned i = 0; i < SECTIONS_AFTER || atomic_load(&board->go) < 2; i++)
		if (!enter_and_leave(side, 2) || trial_failed(side->trial))
			return;
	for (unsigned i = 0; i < SECTIONS_AFTER; i++)
		if (!enter_and_leave(side, 2))
			return;
}

/* Kills the victim when all others wait for it, or at any instruction. Side 0 does not take part,
 * it kills. */
static void outlive_one(struct trial *trial, bool keeps, uint64_t *random)
{
	static struct session session;
	struct board *board = trial->board;

	start_again(trial);
	atomic_store(&board->stop_at, keeps);
	if (session_start(&session, trial, 4, outlive)) {
		while (keeps && atomic_load(&board->go) == 0 && !trial_failed(trial))
			futex_wait(&board->go, 0, deadline_after_ms(20));
		for (unsigned i = 2; keeps && i < 4; i++)
			wait_until_asleep(trial, i);
		while (!keeps && atomic_load(&board->lines[1].rounds) == 0 && !trial_failed(trial))
			sched_yield();
		int64_t end = clock_ns() + (int64_t)(random_next(random) % 300000);
		while (clock_ns() < end)
			waiter_pause();
		session_kill(&session, 1);
		atomic_store(&board->go, 2);
	}
	session_end(&session);
	if (!trial_failed(trial) && atomic_load(&board->deaths) > 1)
		found(trial, "death", "one death was told %u times", atomic_load(&board->deaths));
}

static void check_robust(struct trial *trial)
{
	uint64_t random = trial->seed;

	for (unsigned i = 0; i < trial->deaths && !trial_failed(trial); i++)
		outlive_one(trial, true, &random);
}

static void check_killable(struct trial *trial)
{
	uint64_t random = trial->seed;

	for (unsigned i = 0; i < trial->deaths && !trial_failed(trial); i++)
		outlive_one(trial, false, &random);
}

const struct check checks[] = {
	{.name = "life", .run = check_life},
	{.name = "faults", .run = check_faults},
	{
		.name = "exclusion",
		.needs = LOCK_MUTEX,
		.never = LOCK_BASELINE,
		.run = check_exclusion,
	},
	{
		.name = "signals",
		.needs = LOCK_SIGNAL,
		.never = LOCK_BASELINE,
		.run = check_signals,
	},
	{
		.name = "signals_many",
		.needs = LOCK_SIGNAL,
		.never = LOCK_BASELINE,
		.run = check_signals_many,
	},
	{
		.name = "barrier",
		.needs = LOCK_BARRIER,
		.never = LOCK_BASELINE,
		.run = check_barrier,
	},
	{
		.name = "counter",
		.needs = LOCK_COUNTER,
		.never = LOCK_BASELINE,
		.run = check_counter,
	},
	{
		.name = "robust",
		.needs = LOCK_MUTEX | LOCK_ROBUST,
		.processes_only = true,
		.run = check_robust,
	},
	{
		.name = "killable",
		.needs = LOCK_MUTEX | LOCK_KILLABLE,
		.processes_only = true,
		.run = check_killable,
	},
	{.name = NULL},
};
