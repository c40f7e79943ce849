#pragma once
/*
 * The conformance suite of locks, signals, barriers and counters: what every member of the registry
 * must do, between processes and between threads.
 *
 * A check is a function that returns findings: it runs in a child process of its own and writes
 * what it finds on a board in shared memory. So the same checks can be run against a mutant and
 * must find it, and one that hangs is killed by its supervisor, which then says where each side
 * stood.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lock/lock.h"
#include "os/proc.h"

enum {
	FINDINGS_MAX = 8,
	FINDING_NAME_MAX = 16,
	FINDING_TEXT_MAX = 300,
	CHECK_LIMIT_MS = 20000, /* after this a check hangs */
	SUITE_SIDES_MAX = 8,
};

/* Names are the vocabulary of the suite, the mutants' test asks for them:
 *
 *	overlap		two sides were inside at once, or an update was lost
 *	early		a wait returned without its signal
 *	stranger	a signal came to a side that it was not for
 *	ahead		a barrier let a side pass before all had come
 *	wrong		a counter has another value than was added
 *	death		a death was told that did not happen, or more than once
 *	failed		a call failed that must not
 *	hang		a check did not end
 *	crash		a side was killed by a signal or an assertion
 *	leak		a descriptor, mapping, semaphore or process was left behind
 */
struct finding {
	_Atomic bool is_whole;
	char name[FINDING_NAME_MAX];
	char text[FINDING_TEXT_MAX];
};

/* Each side writes its own line. */
struct line {
	_Alignas(128) _Atomic int64_t value;
	_Atomic uint64_t rounds;
	const char *_Atomic step;
	_Atomic int32_t tid;
};

/* In shared memory; zeroed before each check. */
struct board {
	_Atomic uint32_t reserved_count, finding_count; /* finding_count: of whole ones */
	struct finding findings[FINDINGS_MAX];
	struct line lines[SUITE_SIDES_MAX];
	/* What the checked lock guards: read and written as plain memory, never in one step. */
	_Alignas(128) _Atomic int64_t guarded;
	_Atomic uint32_t owner_plus_1;
	_Alignas(128) _Atomic uint64_t stop_at;
	_Atomic uint32_t deaths;
	_Atomic uint32_t met;
	_Atomic uint32_t go; /* a futex word */
};

struct trial {
	const struct lock *lock;
	bool threads;
	uint64_t seed;
	int64_t budget_ns; /* a loop of a check ends after this */
	int limit_ms;
	unsigned deaths; /* how often a side is killed: $CONFORMANCE_DEATHS */
	struct board *board;
};

struct check {
	const char *name;
	unsigned needs; /* capabilities */
	unsigned never;
	bool processes_only;
	void (*run)(struct trial *trial);
};

/* Ended by one without a name. */
extern const struct check checks[];

bool check_applies(const struct check *check, const struct lock *lock, bool threads);

/* Runs one check under supervision; the findings are on the board afterwards. Negative only when
 * the supervisor itself fails. */
int check_run(const struct check *check, struct trial *trial);

int trial_open(struct trial *trial, const struct lock *lock, bool threads, uint64_t seed);
void trial_close(struct trial *trial);
bool trial_failed(const struct trial *trial);
bool trial_has(const struct trial *trial, const char *name);

void found(struct trial *trial, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Several sides at one lock. Side 0 is the check's own thread, in the process that has opened; the
 * others are forked, or threads. */
struct side {
	struct trial *trial;
	const struct lock *lock;
	unsigned side, sides;
	uint64_t random; /* a seed of its own */
	_Alignas(64) unsigned char state[LOCK_STATE_MAX];
};

struct session {
	struct trial *trial;
	void (*run)(struct side *side);
	unsigned sides;
	struct proc procs[SUITE_SIDES_MAX];
	pthread_t threads[SUITE_SIDES_MAX];
	struct side copies[SUITE_SIDES_MAX];
	struct side opener;
};

/* Opens and starts the sides 1 and up. False, with a finding, when that fails. */
bool session_start(
	struct session *session, struct trial *trial, unsigned sides, void (*run)(struct side *));

/* Side 0's part: attach, run, close. */
void session_take_part(struct session *session);

/* Waits for the others, closes the opener's state. */
void session_end(struct session *session);

/* All three. */
void session_run(struct trial *trial, unsigned sides, void (*run)(struct side *));

/* SIGKILL to a side that is a process, and reaps it. */
void session_kill(struct session *session, unsigned side);

/* Where a side is, for whoever finds it hanging: a literal. */
static inline void at(struct side *side, const char *step)
{
	atomic_store_explicit(
		&side->trial->board->lines[side->side].step, step, memory_order_relaxed);
}

static inline void progress(struct side *side)
{
	atomic_fetch_add_explicit(
		&side->trial->board->lines[side->side].rounds, 1, memory_order_relaxed);
}

/* Until the thread of a side sleeps in the kernel; at most 200 ms: the spinning ones never do. */
void wait_until_asleep(struct trial *trial, unsigned side);

/* splitmix64. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}
