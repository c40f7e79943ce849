#pragma once
/*
 * A workload owns the timed loop of a cell, on all sides: nothing but the mechanism's own calls
 * runs per message. It is handed one side's load and the number of iterations, and says when the
 * measured part began and ended.
 *
 * A member is one file of bench/workload that exports one `const struct workload workload_NAME`.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/cycles.h"
#include "measure/hist.h"
#include "transport/transport.h"

/* How much of the payload the sides write before sending and read after receiving. */
enum touch {
	TOUCH_NONE,   /* nothing: the mechanism alone */
	TOUCH_HEADER, /* the first word: a fresh number each message */
	TOUCH_FULL,   /* every byte, with a fresh pattern each message */
	TOUCH_COUNT,
};

/* What one side works on. Private to the side, but for `hist` and `sum` which the harness reads
 * after the run. */
struct load {
	struct channel *channel;
	unsigned side, sides;
	uint64_t iterations; /* of every sender; the hub of a fan-in receives (sides - 1) times that
			      */
	size_t size_bytes;
	enum touch touch;
	int64_t gap_ns;         /* idle time before each message (wakeup) */
	unsigned char *message; /* size_bytes, page-aligned */
	/* Where to record, or NULL; a sample is the mean of `batch` operations, so that reading the
	 * clock costs at most 1 %. */
	struct hist *hist;
	unsigned batch;
	/* Results. CLOCK_MONOTONIC; begin_ns is 0 on sides that do not begin. */
	int64_t begin_ns, end_ns;
	int64_t busy_ns; /* the measured time where it is not end - begin (wakeup); else 0 */
	uint64_t sum;    /* of what touch read: kept so that the reading is not optimised away */
};

struct workload {
	const char *name;
	const char *summary;
	const char *unit;      /* what one iteration is: "round trip", "message one way" */
	const char *direction; /* "round trip" or "one way" */
	bool throughput;       /* its first figure is messages/s and bytes/s, not a latency */
	bool needs_gap;        /* has the axis gap */
	bool needs_senders;    /* has the axis senders; sides = 1 + senders */
	unsigned needs;        /* capabilities of the transport */
	/* Runs the iterations on this side. 0, or the transport's error. Side 0 is the initiator of
	 * a round trip and the receiver of a stream: it records, and its end_ns ends the measured
	 * time, which begins with the first begin_ns that any side has set. */
	int (*run)(struct load *load);
};

extern const struct workload *const workloads[];
const struct workload *workload_find(const char *name);

const char *touch_name(enum touch touch);
const char *waiter_strategy_name(enum waiter_strategy strategy);
