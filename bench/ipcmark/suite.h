#pragma once
/*
 * Suites: what to measure, as a job file in fio's manner (inih).
 *
 *	[global]			defaults for all jobs, and what holds for the whole suite
 *	description = one line
 *	budget = 150			seconds for all
 *	rounds_min = 3
 *	[sizes]				a job: cells, and what differs for them
 *	cells = pingpong/pipe
 *		pingpong/shm_ring
 *	placement = two_cores		fills in what the patterns leave open
 *	size = 64B 4KiB 1MiB		several values: the product
 *	repetitions = 3
 *
 * A pattern that nothing matches is an error, unless the job says `optional = yes`.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/pattern.h"
#include "ipcmark/value.h"

/* How a cell is run. 0 and UNSET: not said. */
struct params {
	unsigned rounds_min, rounds_max;
	unsigned repetitions;
	double min_time_s; /* of one repetition */
	double deadline_s; /* of one process run */
	enum idle_policy idle;
};

/* Sets what `over` says. Where it says one of the limits of rounds, the other gives way. */
void params_override(struct params *params, const struct params *over);

/* A growing array of strings, each with its line of the file. */
struct words {
	struct word {
		char *text;
		unsigned line;
	} * words;
	unsigned count;
};

enum { SUITE_NAME_MAX = 64, SUITE_DESCRIPTION_MAX = 160 };

struct suite_job {
	char name[SUITE_NAME_MAX];
	unsigned line;
	struct words cells;
	struct words axes[PATTERN_AXES];
	struct params params;
	bool optional;
};

struct suite {
	char path[PATH_MAX];
	char name[SUITE_NAME_MAX]; /* of the file, without directory and .ini */
	char description[SUITE_DESCRIPTION_MAX];
	struct params params; /* [global] */
	double budget_s;      /* 0: not said */
	unsigned retries;     /* UINT_MAX: not said */
	uint64_t seed;
	bool has_seed;
	struct suite_job *jobs;
	unsigned job_count;
};

/*
 * Loads a file (a name with '/' or ending in ".ini") or an installed suite. The caller frees with
 * suite_deinit(). -EINVAL with "FILE:LINE: what is wrong"; -ENOENT and others with a message.
 */
int suite_load(const char *name, struct suite *ret_suite);

/* Accepts a zeroed one. A cleanup function. */
void suite_deinit(struct suite *suite);
