#pragma once
/*
 * In which order the cells run, and when it is enough. Pure: no clock, no processes.
 *
 * A round is every cell once, in random order: what drifts on a machine then hits all cells alike,
 * and runs of one cell are far apart in time. Rounds go on until each cell has had its maximum, or
 * until the budget is used, but never stop before each has had its minimum. The order is a function
 * of the seed and of the number of cells alone.
 *
 *	schedule_init()
 *	while (schedule_next(now)) { run; schedule_done(now, duration, verdict); }
 *	schedule_deinit()
 */
#include <stdbool.h>
#include <stdint.h>

struct schedule_item {
	unsigned rounds_min, rounds_max; /* 1 ≤ min ≤ max */
	int64_t estimate_ns;             /* of one run, until one has been measured */
};

struct schedule_options {
	uint64_t seed;
	int64_t budget_ns; /* since the first schedule_next(); 0: as many rounds as the maximum */
	unsigned retries_max; /* how often one run is repeated at once */
};

struct schedule_step {
	unsigned item;
	unsigned round;   /* from 0 */
	unsigned attempt; /* from 0: repetitions of this run */
	unsigned padding; /* 0 … 4095, random: bytes to add to the environment */
};

enum schedule_verdict {
	SCHEDULE_GOOD,
	SCHEDULE_REPEAT, /* to be repeated at once, as long as retries are left */
	SCHEDULE_DROP,   /* the cell is not run again */
};

struct schedule_state; /* per item */

struct schedule {
	struct schedule_options options;
	unsigned count;
	struct schedule_state *states;
	unsigned *order;
	unsigned round, place;
	unsigned runs_done;
	bool started, repeating;
	int64_t begin_ns;
	struct schedule_step step; /* the one that is running */
};

/* Copies the items. -ENOMEM. */
int schedule_init(struct schedule *schedule, const struct schedule_options *options,
	const struct schedule_item *items, unsigned count);

/* Accepts a zeroed one. */
void schedule_deinit(struct schedule *schedule);

/* The next run; false when there is none. */
bool schedule_next(struct schedule *schedule, int64_t now_ns, struct schedule_step *ret_step);

/* The step that schedule_next() gave has ended. A run is not repeated when what must still be done
 * would then not fit into the budget. */
void schedule_done(struct schedule *schedule, int64_t now_ns, int64_t duration_ns,
	enum schedule_verdict verdict);

/* What remains, from measured durations where there are any. */
int64_t schedule_left_ns(const struct schedule *schedule, int64_t now_ns);

/* How many runs remain at least: 0 when only the budget keeps it going. */
unsigned schedule_runs_left_min(const struct schedule *schedule);

/* Rounds in which every cell that was not dropped has run. */
unsigned schedule_rounds_complete(const struct schedule *schedule);
