#pragma once
/*
 * One process run of one cell: a fresh harness process in a process group of its own, watched until
 * it ends, its deadline passes, or the user stops it. Whatever it left behind in its group is
 * killed. A cell's failure is a result, not an error: it is said in struct harness_run.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum { HARNESS_REASON_MAX = 512 };

struct harness_order {
	const char *program; /* path of the harness binary */
	const char *cell;
	const char *record_path; /* must not exist yet */
	unsigned repetitions;
	double min_time_s;
	double deadline_s; /* of a phase of the cell; the whole may take a bit more than twice */
	unsigned padding;  /* bytes added to the environment */
	int stop_fd;       /* readable: stop; -1 for none */
};

enum harness_end {
	HARNESS_RECORDED, /* the record exists; the cell in it may have failed */
	HARNESS_FAILED,   /* no record; reason says why */
	HARNESS_STOPPED,  /* killed because stop_fd became readable */
};

struct harness_run {
	enum harness_end end;
	char reason[HARNESS_REASON_MAX]; /* with the tail of what it wrote to stderr */
	int64_t duration_ns;
};

/* A negative errno only when no process could be started. */
int harness_run(const struct harness_order *order, struct harness_run *ret_run);
