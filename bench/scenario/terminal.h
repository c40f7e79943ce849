#pragma once
/*
 * The terminal: workers write lines to one place that all have open, as if it were their standard
 * output, piece by piece, as output that is not buffered comes. With a lock around each line all
 * arrive whole; without, the pieces of several lines mix. What differs between the scenarios is
 * the place: it has an end to write and one to read, where the caller sits and looks at each line.
 *
 * One iteration is a page of SCENARIO_PAGE_LINES lines of each worker. No byte may be lost in
 * either case.
 */
#include "harness/scenario.h"
#include "mp/lock.h"
#include "scenario/crew.h"

enum { TERMINAL_WORKERS_MAX = 64, TERMINAL_LINE_BYTES = 64 };

/* The private state. */
struct terminal {
	int write_fd, read_fd; /* neither blocks; of the place's open() */
	unsigned workers;
	uint64_t lines; /* of this run, all workers together */
	bool has_lock;
	struct mp_lock *lock;
	int (*acquire)(struct terminal *terminal);
	int (*release)(struct terminal *terminal);
	struct crew crew;
};

/* open() of the scenarios; `connect` makes the two descriptors. run() and close(). */
int terminal_open(struct terminal *terminal, const struct load *load,
	int (*connect)(struct terminal *terminal));
int terminal_run(struct load *load);
void terminal_close(void *state);
