#pragma once
/*
 * A reporter that keeps what it is given, for the tests: runs the benchmarks that are registered,
 * quietly, and answers questions about the reports.
 */
#include "gbench/gbench.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kept_counter {
	char name[32];
	double value;
	unsigned flags;
	int one_k;
};

struct kept {
	char name[128], function[128], args[128], message[256], label[64], aggregate[32];
	bool has_error, is_skipped;
	struct kept_counter counters[8];
	struct gb_report report; /* its pointers are dead */
};

struct collected {
	int contexts, finals;
	size_t count;
	struct kept kept[256];
};

extern struct collected collected;

/* A reporter that fills `collected`. */
struct gb_reporter collector(void);

/* Forgets what was collected, and gb_run with the collector. */
int collect(void);

/* The first report whose name begins with `prefix`; fails the test when there is none. */
const struct kept *report_of(const char *prefix);

/* How many reports carry an error, and how many of all runs (not aggregates) don't. */
size_t errors(void);
size_t successes(void);
size_t aggregates(void);

/* Fails the test unless some report has an error that contains `text`. */
void assert_error(const char *text);

/* Fails the test unless gb_last_error() contains `text`. */
void assert_said(const char *text);

/* Runs fn in a child, whose output goes to a pipe; returns the wait status, kills it after 20 s,
 * and leaves the start of what it printed in ret_output. A child that comes back from fn exits with
 * 0. */
int in_child(void (*fn)(void), char *ret_output, size_t size_bytes);

#ifdef __cplusplus
}
#endif
