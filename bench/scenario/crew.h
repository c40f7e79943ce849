#pragma once
/*
 * The people of a scenario: workers that are processes (libmp's) or threads, as the cell's exec
 * says, which begin together at a gate and end within a deadline. Scenarios share this, so that
 * their two forms differ in nothing else.
 *
 *	crew_open()	once: the board that all see
 *	crew_start()	starts so many, and returns when all stand at the gate
 *	crew_go()	opens it: what is measured begins
 *	crew_join()	all have ended well, or the first one's error
 *	crew_close()	ends who is left: processes are killed, threads must end by themselves
 *
 * A worker that fails says why by fail(), and the caller's error has its sentence, whichever kind
 * it is. One that is a process is killed when the caller ends, in whatever way. The caller's thread
 * does all of this.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/scenario.h"

/* For a phase: less than the harness allows, so that the scenario itself can say what hangs. */
#define CREW_DEADLINE_NS (8 * INT64_C(1000000000))

/* Scenarios with larger crowds let them come in waves. */
enum { CREW_MAX = SCENARIO_CREW_MAX, CREW_MESSAGE_MAX = 200 };

struct crew;
struct mp_process;

/* What a worker does once the gate is open; a negative value is its error. Memory of the caller's
 * is the caller's own in threads, a copy in processes. */
typedef int crew_work(void *context, unsigned index);

struct crew_board {
	_Atomic uint32_t ready, gate, failed;
	_Atomic int64_t end_ns; /* when the last one so far was done */
	int r;                  /* of the first that failed */
	char message[CREW_MESSAGE_MAX];
};

struct crew_worker {
	struct crew *crew;
	unsigned index;
	int cpu;
	bool started;
	struct mp_process *process;
	pthread_t thread;
};

struct crew {
	struct crew_board *board; /* shared */
	struct crew_worker *workers;
	unsigned count; /* started, and not joined yet */
	bool threads;
	const int *cpus;
	unsigned cpu_count;
	crew_work *work;
	void *context;
	int64_t deadline_ns; /* for all to stand at the gate, and for it to open */
};

int crew_open(struct crew *crew, const struct load *load);
int crew_start(struct crew *crew, unsigned count, crew_work *work, void *context);
/* The time of it. */
int64_t crew_go(struct crew *crew);
/* Waits for at most CREW_DEADLINE_NS. ret_end_ns: when the last one was done; may be NULL. */
int crew_join(struct crew *crew, int64_t *ret_end_ns);
/* The sentence of the worker that failed first, if one did; else 0. */
int crew_error(const struct crew *crew);
/* Accepts one that is all zero, or half-way open. */
void crew_close(struct crew *crew);

/* Sends SIGTERM to process i, and waits for its end; its exit code. Only of processes. */
int crew_terminate(struct crew *crew, unsigned i, int *ret_exit_code);

/* Ends workers that would go on for ever: processes by SIGTERM, and threads are waited for, which
 * the caller has told to end. An error if one had failed, or ended in another way. */
int crew_dismiss(struct crew *crew);

/* Zeroed memory that processes started later share; NULL without memory. Both keep to munmap(). */
void *crew_shared_new(size_t bytes);
void crew_shared_free(void *memory, size_t bytes);
