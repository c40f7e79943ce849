#pragma once
/*
 * What a thread consumed: CPU time, switches, migrations. Snapshots are cheap (three system calls)
 * but not free: take them around the timed part, not in it.
 *
 * A meter belongs to the thread that opened it; without one (NULL) all but the migrations is read.
 */
#include <stdint.h>

struct usage {
	int64_t cpu_ns;                 /* CLOCK_THREAD_CPUTIME_ID: exact */
	int64_t user_ns, system_ns;     /* the kernel's split of it, by tick on many kernels */
	int64_t voluntary, involuntary; /* context switches: it waited; it was preempted */
	int64_t page_faults;            /* minor and major */
	int64_t migrations;             /* -1: not permitted or not counted here */
	int cpu;                        /* where it ran when the snapshot was taken */
};

struct usage_meter {
	int migrations_fd;
};

#define USAGE_METER_NULL            \
	{                           \
		.migrations_fd = -1 \
	}

/* Never fails: a counter that isn't permitted leaves migrations at -1. */
void usage_open(struct usage_meter *meter);

/* Accepts USAGE_METER_NULL. Suits _cleanup_. */
void usage_close(struct usage_meter *meter);

/* Of the calling thread, since its start (migrations: since usage_open). */
void usage_read(const struct usage_meter *meter, struct usage *ret);

/* after - before, member by member; cpu is that of `after`, migrations -1 if either is. */
struct usage usage_delta(const struct usage *after, const struct usage *before);

/* Adds b to a, for the two sides of a cell; cpu becomes -1, migrations -1 if either is. */
struct usage usage_sum(const struct usage *a, const struct usage *b);
