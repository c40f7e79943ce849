#pragma once
/*
 * The conformance suite: what every transport of the registry must do, per exec.
 *
 * A check is a function that returns findings: it runs in a child process of its own, and writes
 * what it finds on a board in shared memory. So the same checks can be run against a mutant and
 * must find it, and a check that hangs is killed by its supervisor, which then names the step
 * where each side stood.
 *
 *	cell	a transport × exec: what is being checked
 *	board	where the sides of a cell report to; survives all of them
 *	check	one property; runs in a child of the supervisor, see run.c
 *	session	a channel, its other sides, and this side attached to it, see session.h
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "transport/transport.h"

enum {
	FINDINGS_MAX = 16,
	FINDING_NAME_MAX = 24,
	FINDING_TEXT_MAX = 400,
	NOTE_MAX = 200,
	CHECK_LIMIT_MS = 20000, /* after this a check hangs */
	DEATH_LIMIT_MS = 2000,  /* a peer's death must be seen within this */
};

/* Names are the vocabulary of the suite, the mutant's test asks for them:
 *
 *	lost, duplicated, reordered, corrupted, self_echo	what happened to a message
 *	stranger	a message came from somebody who is not the peer
 *	failed		a call failed that must not
 *	passed		a call succeeded, or failed with another error, where it must fail
 *	slow		the right result, too late
 *	hang		a check did not end
 *	crash		a side was killed by a signal or an assertion
 *	leak		a descriptor, mapping, thread, name or process was left behind
 */
struct finding {
	_Atomic bool is_whole; /* its writer may have been killed before */
	char name[FINDING_NAME_MAX];
	char text[FINDING_TEXT_MAX];
};

/* Where a side is: a literal, and how far it got. For whoever finds it hanging. */
struct where {
	const char *_Atomic step;
	_Atomic uint64_t n;
	_Atomic int32_t tid;
};

/* In shared memory. */
struct board {
	_Atomic uint32_t reserved_count;
	_Atomic uint32_t finding_count; /* whole ones, and those that found no place */
	struct finding findings[FINDINGS_MAX];
	struct where where[TRANSPORT_SIDES_MAX];
	char note[NOTE_MAX]; /* a remark that is no finding; the check child writes it */
	_Atomic uint32_t go; /* a futex word between the sides of a check */

	/* The supervisor kills `victim` when side `survivor` blocks (board_kill_when_blocked). */
	_Atomic int32_t victim;
	unsigned survivor;
	_Atomic int64_t killed_at_ns;
};

struct cell {
	const struct transport *transport;
	bool threads;
	uint64_t seed;
	int64_t budget_ns; /* a loop of a check ends after this, early if it must */
	bool is_brief;     /* $CONFORMANCE_BUDGET_MS is set: all loops keep to it */
	int limit_ms;      /* CHECK_LIMIT_MS */
	size_t message_max_bytes;
	struct board *board;
};

struct check {
	const char *name;
	unsigned needs; /* capabilities; the check does not exist for others */
	unsigned never; /* capabilities that it does not exist for */
	bool processes_only;
	void (*run)(struct cell *cell);
};

/* All checks, ended by one without a name. */
extern const struct check checks[];

bool check_applies(const struct check *check, const struct transport *transport, bool threads);

/* Prepares a cell: maps its board, asks probe(). -EOPNOTSUPP: error_message() is the reason. */
int cell_open(struct cell *cell, const struct transport *transport, bool threads);
void cell_close(struct cell *cell);

/* Runs one check under supervision; the findings (and note) are on the board afterwards. Negative
 * only when the supervisor itself fails. */
int check_run(const struct check *check, struct cell *cell);

/* Moves this process into namespaces of its own where it may (else the leak check has to tell
 * its own objects from those of others by waiting), and makes a private TMPDIR. */
int audit_open(void);
void audit_close(void);

/* What exists in the system by name: a sorted list to compare with a later one. NULL: no memory. */
char *audit_snapshot(void);

/* Writes a finding for each name that exists now and is not in `before`, unless there are findings
 * already; empties TMPDIR. */
void audit_compare(struct board *board, const char *before);

/* For any side of a check. found() is safe between threads and processes; the first 16 are kept. */
void found(struct cell *cell, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool cell_failed(const struct cell *cell);

void board_found(struct board *board, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool board_has(const struct board *board, const char *name);

/* The step that a side is in: a string literal. */
static inline void at(struct cell *cell, unsigned side, const char *step)
{
	atomic_store_explicit(&cell->board->where[side].n, 0, memory_order_relaxed);
	atomic_store_explicit(&cell->board->where[side].step, step, memory_order_relaxed);
}

static inline void progress(struct cell *cell, unsigned side)
{
	atomic_fetch_add_explicit(&cell->board->where[side].n, 1, memory_order_relaxed);
}

/* Options for a cell: two sides, its exec, the transport's own capacity. */
struct transport_options cell_options(const struct cell *cell, size_t message_max_bytes);

/* The smaller of the two: `bytes`, and what the cell can send. */
size_t cell_bytes(const struct cell *cell, size_t bytes);

/* The checks by file. */
void check_lifecycle(struct cell *cell);
void check_limits(struct cell *cell);
void check_open_faults(struct cell *cell);
void check_attach_faults(struct cell *cell);
void check_few_descriptors(struct cell *cell);
void check_sizes(struct cell *cell);
void check_mixed_sizes(struct cell *cell);
void check_pingpong(struct cell *cell);
void check_stream(struct cell *cell);
void check_waits(struct cell *cell);
void check_capacity(struct cell *cell);
void check_boundaries(struct cell *cell);
void check_death_in_recv(struct cell *cell);
void check_death_in_send(struct cell *cell);
void check_death_idle(struct cell *cell);
void check_death_drain(struct cell *cell);
void check_leave(struct cell *cell);
void check_many_senders(struct cell *cell);
void check_one_sender_dies(struct cell *cell);
void check_borrow(struct cell *cell);
void check_many_receivers(struct cell *cell);
void check_one_receiver_dies(struct cell *cell);
