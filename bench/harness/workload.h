#pragma once
/*
 * A workload owns the timed loop of a cell, on all sides: nothing but the subject's own calls runs
 * per operation. It is handed one side's load and the number of iterations, and says when the
 * measured part began and ended. A member is one file of bench/workload that exports one
 * `const struct workload workload_NAME`, and a word in the list of its family in bench/meson.build.
 *
 * A workload of another family than the transports, say pools:
 *
 *	static int map_run(struct load *load)
 *	{
 *		size_t n = (size_t)load->params[PARAM_TASKS];
 *		load->begin_ns = clock_ns();
 *		LOOP_BATCHES(load, load->iterations, {
 *			int r = load->pool->map(load->state, task, arguments, n, 0, results);
 *			if (r < 0)
 *				return r;
 *		});
 *		load->end_ns = clock_ns();
 *		return 0;
 *	}
 *
 *	const struct workload workload_map = {.name = "map", .summary = …, .unit = "map",
 *		.direction = "per operation", .family = &family_pool, .needs = 0,
 *		.params = {{PARAM_TASKS, "1 100 10000"}, {PARAM_WORKERS, "2"}}, .run = map_run};
 *
 * Its cells are map/SUBJECT/EXEC/PLACEMENT/tasks=100/workers=2, of the subjects that have the
 * capabilities `needs`. Arrays, servers and the like are made in prepare() and freed in finish(),
 * once per process run; what several sides must see stands in load->shared. Figures beside the time
 * go out with load_fact(); a wrong outcome is fail(-EPROTO, "what is wrong") and fails the cell.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/family.h"
#include "harness/param.h"
#include "measure/cycles.h"
#include "measure/hist.h"

struct cell;
struct channel;
struct fact_list;
struct lock;
struct pool;
struct scenario;
struct spawn;

/* How much of the payload the sides write before sending and read after receiving. */
enum touch {
	TOUCH_NONE,   /* nothing: the mechanism alone */
	TOUCH_HEADER, /* the first word: a fresh number each message */
	TOUCH_FULL,   /* every byte, with a fresh pattern each message */
	TOUCH_COUNT,
};

/* What one side works on. Private to the side, but for `shared`; the harness reads the results
 * after the run. */
struct load {
	/* The subject, by its family: a transport's channel, or a member and its state of this
	 * side: load->lock->acquire(load->state). */
	struct channel *channel;
	union {
		const struct pool *pool;
		const struct lock *lock;
		const struct spawn *spawn;
		const struct scenario *scenario;
	};
	void *state;
	bool threads; /* exec: the sides (of pools, scenarios: the workers) are threads */
	unsigned side, sides;
	uint64_t iterations; /* of every side; the hub of a fan-in receives (sides - 1) times that
			      */
	int64_t params[PARAM_COUNT]; /* 0 where the workload does not have it */
	size_t size_bytes;
	enum touch touch;
	unsigned char *message; /* size_bytes, page-aligned */
	/* The CPUs of the placement, -1 unbound: this side is on cpus[side] already; workers that
	 * the workload or the subject starts belong on those of their seat. */
	const int *cpus;
	unsigned cpu_count;
	uint64_t seed; /* the same on all sides; for what is random */
	/* LOAD_SHARED_BYTES that all sides share, page-aligned; zeroed when the session opens. */
	void *shared;
	void *context; /* the workload's own: set in prepare(), the same in each run of this side */
	/* Where to record, or NULL; a sample is the mean of `batch` operations, so that reading the
	 * clock costs at most 1 %. Side 0 only. */
	struct hist *hist;
	unsigned batch;
	/* Results. CLOCK_MONOTONIC; begin_ns is 0 on sides that do not begin. */
	int64_t begin_ns, end_ns;
	int64_t busy_ns; /* the measured time where it is not end - begin (wakeup); else 0 */
	uint64_t done;   /* what this side has done, where the workload compares sides */
	uint64_t sum;    /* of what touch read: kept so that the reading is not optimised away */
	struct fact_list *facts; /* through load_fact() */
};

/* Behind them lies what the family needs for its proof. */
enum { LOAD_SHARED_BYTES = 60 << 10, LOAD_FAMILY_BYTES = 4 << 10 };

/* Reports a figure of this run beside its time: "oversold", "fairness". A second value of the same
 * name replaces the first; the harness adds up those of several sides. At most SESSION_FACTS_MAX,
 * names shorter than SESSION_FACT_NAME_MAX. */
void load_fact(struct load *load, const char *name, double value);

/* What another side has left in its load. */
struct load_side {
	int64_t begin_ns, end_ns, busy_ns;
	uint64_t done;
};

enum { WORKLOAD_PARAMS_MAX = 6 };

struct workload {
	const char *name;
	const char *summary;
	const char *unit;      /* what one iteration is: "round trip", "message one way" */
	const char *direction; /* "round trip", "one way" or "per operation" */
	const struct family *family;
	unsigned needs;  /* capabilities that a subject must have */
	unsigned sides;  /* where no param says it (contenders); 0: as usual in the family */
	bool throughput; /* its first figure is operations/s (and bytes/s), not a latency */
	bool needs_size; /* its cells have a size, and load->message */
	bool all_end;    /* the measured time ends with the last side's end_ns, not with side 0's */
	/* Its axes, with the values where a pattern is silent ("2 4"), in the order of the table;
	 * ended by one without values. */
	struct workload_param {
		enum param_key key;
		const char *values;
	} params[WORKLOAD_PARAMS_MAX + 1];

	/* Optional: how many operations (messages, tasks) one iteration is, for the figures per
	 * operation; else 1. */
	uint64_t (*operations)(const struct cell *cell);

	/* Optional: a fixed number of iterations, where one is long or the time is not spent in
	 * the operation; 0 (or no function): as many as it takes to be exact. Then one iteration is
	 * the warm-up, and each is a sample of its own. */
	uint64_t (*iterations)(const struct cell *cell);

	/* Optional: why the combination is senseless (e.g. more workers than tasks); else NULL. */
	const char *(*unfit)(const struct cell *cell);

	/* Optional, once per side and process run: after attaching, before the first run; and
	 * before closing, also after a prepare() that failed half-way. */
	int (*prepare)(struct load *load);
	void (*finish)(struct load *load);

	/* Runs the iterations on this side. 0, or the subject's error. Side 0 is the initiator of
	 * a round trip and the receiver of a stream: it records, and its end_ns ends the measured
	 * time, which begins with the first begin_ns that any side has set. */
	int (*run)(struct load *load);

	/* Optional, on side 0 after all sides have run: looks at the outcome (`sides` by index) and
	 * at load->shared, reports facts. -EPROTO with a message when it is wrong. */
	int (*conclude)(struct load *load, const struct load_side *sides);
};

/* The registry of this program, ended by NULL. Generated by the build. */
extern const struct workload *const workloads[];
const struct workload *workload_find(const char *name);

/* The default values of a param; NULL when the workload does not have it. */
const char *workload_param(const struct workload *workload, enum param_key key);

const char *touch_name(enum touch touch);
const char *waiter_strategy_name(enum waiter_strategy strategy);
