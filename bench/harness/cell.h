#pragma once
/*
 * A cell is one point of the product that can be measured; its name is its path, the same on the
 * command line, in JSON, in baselines and in plots:
 *
 *	WORKLOAD/SUBJECT/EXEC/PLACEMENT/SIZE[/KEY=VALUE…]
 *	pingpong/pipe/process/same_l3/64B
 *	pingpong/shm_ring/thread/same_pu/64B/wait=park/idle=free
 *	wakeup/futex_shm/process/same_l3/64B/gap=1ms
 *	fan_in/posix_mq/process/free/64B/senders=4
 *	pingpong/shm_spin/process/cpu0-cpu1/64B
 *	fib/serial/process/same_l3/n=20/tasks=1000/workers=2
 *
 * Workloads that move no messages have no SIZE. Keys come in the order touch, wait, idle, then that
 * of param.h; one that has its default value (none, spin_then_park, held) is left out; params stand
 * in every cell of the workloads that have them and in no other.
 *
 * A pattern is a path of globs (fnmatch) whose trailing components may be missing (= `*`). A
 * component without a wildcard need not be on the default lists:
 * `pingpong/pipe/process/same_l3/100B`. A key that the pattern does not name has its default value
 * (params: the workload's list); `wait=*` gives all of them. A `*` in the place of SIZE takes
 * workloads without it, too.
 */
#include <stddef.h>
#include <stdint.h>

#include "harness/workload.h"
#include "topo/placement.h"
#include "topo/topo.h"

enum exec { EXEC_PROCESS, EXEC_THREAD, EXEC_COUNT };
enum idle { IDLE_HELD, IDLE_FREE, IDLE_COUNT };

enum { CELL_NAME_MAX = 192, CELL_REASON_MAX = 512 };

struct cell {
	const struct workload *workload;
	struct subject subject;
	enum exec exec;
	enum placement placement; /* PLACEMENTS when a pair of CPUs is named */
	int pair[2];              /* the CPUs of sides 0 and 1, when they are named */
	size_t size_bytes;        /* 0: the workload has no sizes */
	enum touch touch;
	enum waiter_strategy wait;
	enum idle idle;
	int64_t params[PARAM_COUNT]; /* 0: the workload does not have it */
	char name[CELL_NAME_MAX];
	char reason[CELL_REASON_MAX]; /* why it cannot run here; "" when it can */
};

struct cell_list {
	struct cell *cells;
	size_t count, capacity;
};

/* Appends the cells of the pattern that are not in the list yet, those that cannot run here with
 * their reason. -EINVAL with a message when the pattern is malformed or nothing matches it (which
 * component, and what there is). */
int cell_list_add(struct cell_list *list, const char *pattern, const struct topo *topo);

/* Parses one exact name. -EINVAL with a message. */
int cell_parse(struct cell *cell, const char *name, const struct topo *topo);

void cell_list_free(struct cell_list *list);

/* How many sides the harness starts; a peer outside of our process has its own: then 1. */
unsigned cell_sides(const struct cell *cell);

/* How many CPUs its placement is of: those of the sides, or of the subject's workers. */
unsigned cell_seats(const struct cell *cell);

/* The CPU of every seat, -1 for unbound. */
int cell_cpus(const struct cell *cell, const struct topo *topo, int cpus[SEATS_MAX]);

/* The value of a param, or `missing` where the workload does not have it. */
int64_t cell_param(const struct cell *cell, enum param_key key, int64_t missing);

/* How many operations (messages, tasks) one iteration is. */
uint64_t cell_operations(const struct cell *cell);

const char *exec_name(enum exec exec);
const char *idle_name(enum idle idle);

/* Calls put() for every axis of the cell in the order of the name, defaults too: "workload",
 * "subject", "exec", "placement", "size" (bytes in decimal), "touch" (both only for workloads with
 * sizes), "wait" (only for subjects that honour it), "idle", then the params of the workload, as
 * param_value() has them; axis_is_number() says which are numbers. */
void cell_axes(const struct cell *cell,
	void (*put)(void *context, const char *axis, const char *value), void *context);

bool axis_is_number(const char *axis);
