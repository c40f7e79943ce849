#pragma once
/*
 * What every pool must do, as checks that run on any of them: the members of the registry, and
 * mutants of one of them, which the checks must catch.
 *
 * A check runs in a process of its own, so that a pool that hangs, dies or leaves things behind is
 * found, and the next check begins afresh.
 */
#include <stdint.h>

#include "pool/pool.h"

enum { CHECK_TEXT_MAX = 512 };

struct check {
	const char *name;
	void (*run)(const struct pool *pool, uint64_t seed);
};

extern const struct check pool_checks[]; /* ended by one without a name */

/* Runs a check on a pool: 0, or -EBADMSG and what was found. */
int check_run(const struct check *check, const struct pool *pool, uint64_t seed,
	char text[CHECK_TEXT_MAX]);

/* ---- for the checks ---- */

enum { COUNTS_MAX = 32768, WORKERS_SEEN_MAX = 64 };

/* What tasks write, wherever they run. */
struct worker_seen {
	_Atomic int32_t tid;
	int32_t pid;
	int cpu, cpu_count; /* the first of its mask, and how many that has */
};

struct board {
	_Atomic uint32_t found;
	char text[CHECK_TEXT_MAX];
	_Atomic uint32_t counts[COUNTS_MAX]; /* how often each task was done */
	_Atomic uint32_t arrived;            /* at a meeting of all workers */
	uint32_t expected;
	int64_t deadline_ns;
	struct worker_seen workers[WORKERS_SEEN_MAX];
};

/* Shared with every process that a check starts. */
extern struct board *board;

/* The first finding counts. */
void found(const char *format, ...) __attribute__((format(printf, 1, 2)));
int has_found(void);

/* An open pool on the stack of its check. */
struct opened {
	const struct pool *pool;
	struct pool_options options;
	_Alignas(64) unsigned char state[POOL_STATE_MAX];
};

/* Opens with so many workers, on the CPUs that there are, in turn (bound), or anywhere. With
 * CALLER_WORKS the caller is bound as the contract wants it. 0 or -1, which is a finding. */
int opened_open(struct opened *opened, const struct pool *pool, unsigned workers, size_t tasks_max,
	int bound);
void opened_close(struct opened *opened);

/* What the process has, to be compared after a close(). */
struct holdings {
	int fds, threads;
};

/* After a life: some libraries do not wait for their threads, so the fewest that are seen in a
 * while. */
struct holdings holdings_settled(void);

/* A finding when there is more than before, and still is two seconds later; or any child. */
void holdings_compare(const struct holdings *before, const char *when);
