#pragma once
/* Inside of a session: what session.c (its life) and turn.c (one command to all sides) share. */
#include "harness/exec.h"
#include "harness/session.h"
#include "harness/side.h"
#include "harness/watch.h"
#include "os/shm.h"

struct session {
	struct cell cell;
	const struct topo *topo;
	struct session_options options;
	unsigned side_count;
	unsigned seat_count;
	int cpus[SEATS_MAX];
	struct shm board_memory;
	struct instance instance; /* the opener's */
	/* Of threads: each has a copy of the instance. Side 0 uses the opener's where the others
	 * are processes. */
	struct instance *copies;
	struct side sides[SIDES_MAX];
	struct exec_side started[SIDES_MAX];
	struct watch *watch;
	int idle_fd, fds_before;
	bool attached, finished, probed;
	struct probe_result probe_before, probe_after;
	unsigned batch;
	char error[SIDE_MESSAGE_MAX]; /* of the turn that failed */
};

static inline struct side_board *board_of(const struct session *session)
{
	return session->board_memory.data;
}

static inline const struct exec_member *exec_of(const struct session *session)
{
	return execs[session->cell.exec];
}

/*
 * One turn: gives the command to all sides, carries it out as side 0, and waits for the others,
 * under the watchdog, which knows it as `phase`. After an error the session can only be closed; the
 * error names the side.
 */
int session_turn(
	struct session *session, enum side_command command, uint64_t iterations, const char *phase);

/* Gives the command to all sides but 0; returns the turn's number. */
uint32_t session_post(struct session *session, enum side_command command, uint64_t iterations);

/* Waits until side i has said that word == value; an error when it has died instead. */
int session_await(struct session *session, unsigned i, _Atomic uint32_t *word, uint32_t value,
	int64_t deadline_ns);
