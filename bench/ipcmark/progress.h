#pragma once
/*
 * What the user sees while cells run, on stderr: a bar that is redrawn on a terminal, a plain line
 * every few seconds elsewhere, nothing when quiet.
 */
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool quiet, terminal;
	unsigned columns;
	int64_t next_line_ns; /* elsewhere: when the next line is due */
	bool is_drawn;
};

struct progress_state {
	const char *cell;
	unsigned round;             /* from 1 */
	unsigned cells_done, cells; /* of this round */
	unsigned runs_done;
	int64_t elapsed_ns, left_ns;
};

void progress_init(struct progress *progress, bool quiet);
void progress_show(struct progress *progress, const struct progress_state *state);

/* Removes the bar, before something else is printed. */
void progress_clear(struct progress *progress);

/* "2 min 05 s", "9 s": whole seconds, rounded up. */
enum { PROGRESS_TIME_MAX = 32 };
char *progress_time(char buffer[PROGRESS_TIME_MAX], int64_t ns);
