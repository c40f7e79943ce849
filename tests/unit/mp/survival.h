#pragma once
/*
 * Tests of what an object of libmp survives: a crew of forked processes works with it, one is
 * killed or stopped at a random instant, and the others must get on.
 *
 * Each member counts its steps in shared memory. "Nobody hangs" is: after the death, or during the
 * stop where the object promises that, every other one makes steps, before a deadline that no
 * machine needs. What else must hold the test looks at itself.
 *
 *	crew_start(&crew, 4, work, shared);	work() loops until crew_is_over()
 *	for each round:
 *		crew_kill_one(&crew, &soak);	at a random instant; a new one takes its place
 *		crew_expect_steps(&crew, 10);
 *	crew_end(&crew);			all return 0
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "../../cmocka_prelude.h"
#include "base/clock.h"
#include "os/proc.h"
#include "soak.h"

enum {
	CREW_MAX = 16,
	CREW_DEADLINE_MS = 60000,
	/* A wait that somebody's death prolongs takes 100 ms; most kills do not meet one. */
	CREW_DELAY_NS_MAX = 400000,
};

/* In memory that all share. */
struct crew_board {
	_Atomic bool is_over;
	struct {
		_Alignas(64) _Atomic uint64_t steps;
	} members[CREW_MAX];
};

struct crew {
	struct crew_board *board;
	struct proc procs[CREW_MAX];
	unsigned count;
	int (*work)(struct crew *crew, unsigned member);
	void *shared; /* the test's */
};

static inline void crew_step(struct crew *crew, unsigned member)
{
	atomic_fetch_add_explicit(&crew->board->members[member].steps, 1, memory_order_relaxed);
}

static inline uint64_t crew_steps(const struct crew *crew, unsigned member)
{
	return atomic_load_explicit(&crew->board->members[member].steps, memory_order_relaxed);
}

static inline bool crew_is_over(const struct crew *crew)
{
	return atomic_load_explicit(&crew->board->is_over, memory_order_relaxed);
}

struct crew_place {
	struct crew *crew;
	unsigned member;
};

static inline int crew_work(void *argument)
{
	struct crew_place *place = argument;

	return place->crew->work(place->crew, place->member);
}

static inline void crew_start_one(struct crew *crew, unsigned member)
{
	struct crew_place place = {crew, member};

	assert_int_equal(proc_start(&crew->procs[member], crew_work, &place), 0);
}

static inline void crew_start(struct crew *crew, unsigned count,
	int (*work)(struct crew *crew, unsigned member), void *shared)
{
	void *board = mmap(NULL, sizeof(struct crew_board), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(board != MAP_FAILED && count <= CREW_MAX);
	*crew = (struct crew){.board = board, .count = count, .work = work, .shared = shared};
	for (unsigned i = 0; i < CREW_MAX; i++)
		crew->procs[i] = PROC_NULL;
	for (unsigned i = 0; i < count; i++)
		crew_start_one(crew, i);
}

/* Every member but `except` (-1: none) makes so many more steps. */
static inline void crew_expect_steps_but(struct crew *crew, int except, uint64_t steps)
{
	uint64_t before[CREW_MAX];
	int64_t deadline = deadline_after_ms(CREW_DEADLINE_MS);

	for (unsigned i = 0; i < crew->count; i++)
		before[i] = crew_steps(crew, i);
	for (unsigned i = 0; i < crew->count; i++) {
		while ((int)i != except && crew_steps(crew, i) - before[i] < steps) {
			if (proc_has_ended(crew->procs[i].pidfd))
				flunk("member %u has ended after %llu steps", i,
					(unsigned long long)crew_steps(crew, i));
			if (clock_ns() > deadline)
				flunk("member %u hangs after %llu steps", i,
					(unsigned long long)crew_steps(crew, i));
			sched_yield();
		}
	}
}

static inline void crew_expect_steps(struct crew *crew, uint64_t steps)
{
	crew_expect_steps_but(crew, -1, steps);
}

/* Kills one at a random instant: which. Its place is empty until crew_start_one(). */
static inline unsigned crew_kill_any(struct crew *crew, struct soak *soak)
{
	unsigned victim = (unsigned)soak_random(soak, crew->count);

	soak_spin_ns((int64_t)soak_random(soak, CREW_DELAY_NS_MAX));
	proc_kill(&crew->procs[victim]);
	return victim;
}

/* Kills one and puts another into its place. */
static inline unsigned crew_kill_one(struct crew *crew, struct soak *soak)
{
	unsigned victim = crew_kill_any(crew, soak);

	crew_start_one(crew, victim);
	return victim;
}

/* Stops one at a random instant, for a random time, and continues it. */
static inline unsigned crew_stop_one(struct crew *crew, struct soak *soak)
{
	unsigned victim = (unsigned)soak_random(soak, crew->count);

	soak_spin_ns((int64_t)soak_random(soak, CREW_DELAY_NS_MAX));
	assert_int_equal(kill(crew->procs[victim].pid, SIGSTOP), 0);
	soak_spin_ns((int64_t)soak_random(soak, CREW_DELAY_NS_MAX));
	assert_int_equal(kill(crew->procs[victim].pid, SIGCONT), 0);
	return victim;
}

/* All are told that it is over, and return 0. */
static inline void crew_end(struct crew *crew)
{
	int64_t deadline = deadline_after_ms(CREW_DEADLINE_MS);

	atomic_store(&crew->board->is_over, true);
	for (unsigned i = 0; i < crew->count; i++) {
		int status = 0;
		if (crew->procs[i].pid == 0)
			continue;
		if (proc_join(&crew->procs[i], deadline, &status) < 0)
			flunk("member %u does not end", i);
		if (status != 0)
			flunk("member %u ended with status 0x%x", i, status);
	}
	munmap(crew->board, sizeof(*crew->board));
}
