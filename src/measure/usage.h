#pragma once
/*
 * What a thread consumed: CPU time, switches, migrations. Snapshots are cheap (some system calls)
 * but not free: take them around the timed part, not in it. There is no perf event behind them:
 * one that counts migrations makes every context switch dearer (a pipe's round trip on one CPU of
 * a virtual machine: by 38 %), so they come from /proc/thread-self/sched.
 */
#include <stdint.h>

struct usage {
	int64_t cpu_ns;                 /* CLOCK_THREAD_CPUTIME_ID: exact */
	int64_t user_ns, system_ns;     /* the kernel's split of it, by tick on many kernels */
	int64_t voluntary, involuntary; /* context switches: it waited; it was preempted */
	int64_t page_faults;            /* minor and major */
	int64_t migrations;             /* -1: this kernel does not say */
	int cpu;                        /* where it ran when the snapshot was taken */
};

/* Of the calling thread, since its start. Never fails. */
void usage_read(struct usage *ret);

/* after - before, member by member; cpu is that of `after`, migrations -1 if either is. */
struct usage usage_delta(const struct usage *after, const struct usage *before);

/* Adds b to a, for the two sides of a cell; cpu becomes -1, migrations -1 if either is. */
struct usage usage_sum(const struct usage *a, const struct usage *b);
