#pragma once
/*
 * One side of a session: the loop that it lives in, and the board in shared memory through which
 * side 0 directs the others. A turn is one command; side 0 posts it, every side carries it out and
 * says done.
 */
#include <stdatomic.h>

#include "harness/session.h"

enum side_command {
	SIDE_VERIFY, /* that the subject does what it should */
	SIDE_RUN,    /* the workload */
	SIDE_COUNT,  /* the workload under hardware counters */
	SIDE_STOP,
};

enum { SIDE_MESSAGE_MAX = 512 };

/* What a side has to say; written by it, read by side 0 when `done` has the turn's number. */
struct side_report {
	_Alignas(64) _Atomic uint32_t ready; /* attached (1), then: about to run turn n */
	_Alignas(64) _Atomic uint32_t done;
	_Alignas(64) int r;
	char message[SIDE_MESSAGE_MAX];
	int64_t begin_ns, end_ns, busy_ns;
	uint64_t done_count; /* the workload's, as the next */
	struct fact_list outcome;
	struct session_side facts;
	struct perf_values counters; /* of the last SIDE_COUNT */
};

struct side_board {
	_Alignas(64) _Atomic uint32_t turn;
	/* Valid while the turn lasts. */
	_Alignas(64) enum side_command command;
	uint64_t iterations;
	uint64_t seed;
	struct side_report reports[SIDES_MAX];
	_Alignas(4096) unsigned char shared[LOAD_SHARED_BYTES + LOAD_FAMILY_BYTES];
};

struct side {
	const struct cell *cell;
	const struct topo *topo;
	struct side_board *board;
	struct instance *instance; /* this side's own */
	unsigned index;
	int cpu;
	/* Lives as long as the side; what is of a run alone is set anew for each. */
	struct load load;
	bool prepared;
	/* Side 0 only. */
	struct hist *hist;
	unsigned batch;
};

/* Binds, attaches, makes the buffer, lets the workload prepare. The counterpart is side_deinit().
 */
int side_init(struct side *side);
void side_deinit(struct side *side);

/* The whole life of a side other than 0: init, turns until SIDE_STOP, deinit. An error goes to the
 * report and ends it. */
int side_main(struct side *side);

/* Carries out one command; the message of an error is in error_message(). */
int side_execute(struct side *side, enum side_command command);

/* On side 0, when all sides have carried it out: looks at the outcome. */
int side_conclude(struct side *side, enum side_command command);
