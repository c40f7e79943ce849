#pragma once
/*
 * A session is one cell at work: its subject, its sides, each on its CPU. It is opened once per
 * process run, and then run as often as Google Benchmark asks (calibration, repetitions) with the
 * same peers.
 *
 *	open	make what the sides share, start them, bind them, let the family verify that the
 *		subject does what it should (between transports: the peer is another process or
 *		thread, and gets every byte), warm up until steady
 *	run	n iterations, timed by the workload; each side's consumption around it
 *	finish	verify again, end and reap the sides, audit what is left behind
 *
 * All of it is called by the harness' main thread, which is side 0. Everything that can hang is
 * watched: an error says which side hung in which call.
 */
#include "harness/cell.h"
#include "measure/hist.h"
#include "measure/perf.h"
#include "measure/probe.h"
#include "measure/usage.h"

enum { SESSION_FACTS_MAX = 16, SESSION_FACT_NAME_MAX = 24 };

/* Named figures. */
struct fact_list {
	unsigned count;
	struct fact {
		char name[SESSION_FACT_NAME_MAX];
		double value;
	} facts[SESSION_FACTS_MAX];
};

/* Adds one or replaces that of the name; `facts` is a struct fact_list, or NULL. */
void fact_list_put(void *facts, const char *name, double value);

struct session_options {
	int64_t deadline_ns; /* of each phase, besides the gaps that the cell asks for */
	/* Called when even the harness hangs, in the watchdog's process: the last words. */
	void (*emergency)(void *context, const char *message);
	void *context;
};

/* What one side reports of one run. */
struct session_side {
	int pid, tid;
	int wanted_cpu; /* -1: unbound */
	struct usage usage;
	struct fact_list
		facts; /* what the subject has counted, grown by this much during the run */
};

/* One run. */
struct session_result {
	uint64_t iterations, messages; /* messages, tasks, …: operations of all iterations */
	int64_t elapsed_ns;
	unsigned batch;
	struct hist *hist; /* owned */
	unsigned side_count;
	struct session_side sides[SIDES_MAX];
	struct fact_list facts; /* what the workload reports beside the time */
};

struct session;

/* On failure the reason is in error_message(), and nothing is left. */
int session_open(struct session **ret_session, const struct cell *cell, const struct topo *topo,
	const struct session_options *options);

/* After an error the session can only be closed. The caller owns ret_result->hist. */
int session_run(struct session *session, uint64_t iterations, struct session_result *ret_result);

/* What the probes before and after found; NULL if the cell does not span two CPUs (or before
 * session_finish()). */
const struct probe_result *session_probe_before(const struct session *session);
const struct probe_result *session_probe_after(const struct session *session);

/* Runs n iterations more under the hardware counters, not timed; 1, or 0 where the machine has none
 * (nothing is run). Then session_counters() has those of a side, for all n iterations. */
int session_count(struct session *session, uint64_t iterations);
const struct perf_values *session_counters(const struct session *session, unsigned side);

/* Ends the sides and audits: 0, or what is wrong with the whole process run (payload that differs,
 * a side that did not end well, something left behind). */
int session_finish(struct session *session);

/* Frees, by force if it is not finished; accepts NULL. */
void session_free(struct session *session);
