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
 *
 * Keys come in the order touch, wait, idle, gap, senders; one that has its default value (none,
 * spin_then_park, held) is left out; gap and senders stand in every cell of the workloads that
 * have them and in no other.
 *
 * A pattern is a path of globs (fnmatch) whose trailing components may be missing (= `*`). A
 * component without a wildcard need not be on the default lists:
 *`pingpong/pipe/process/same_l3/100B`. A key that the pattern does not name has its default value
 *(gap, senders: the default list); `wait=*` gives all of them.
 */
#include <stddef.h>
#include <stdint.h>

#include "harness/workload.h"
#include "topo/placement.h"
#include "topo/topo.h"
#include "transport/transport.h"

enum exec { EXEC_PROCESS, EXEC_THREAD, EXEC_COUNT };
enum idle { IDLE_HELD, IDLE_FREE, IDLE_COUNT };

enum { CELL_NAME_MAX = 192, CELL_REASON_MAX = 512 };

struct cell {
	const struct workload *workload;
	const struct transport *subject;
	enum exec exec;
	enum placement placement; /* PLACEMENTS when a pair of CPUs is named */
	int pair[2];              /* the CPUs of sides 0 and 1, when they are named */
	size_t size_bytes;
	enum touch touch;
	enum waiter_strategy wait;
	enum idle idle;
	int64_t gap_ns;   /* 0: the workload has no gap */
	unsigned senders; /* 1 unless the workload has the axis */
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

unsigned cell_sides(const struct cell *cell);

/* The CPU of every side, -1 for unbound. */
int cell_cpus(const struct cell *cell, const struct topo *topo, int cpus[TRANSPORT_SIDES_MAX]);

const char *exec_name(enum exec exec);
const char *idle_name(enum idle idle);

/* Calls put() for every axis of the cell in the order of the name, defaults too: "workload",
 * "subject", "exec", "placement", "size" (bytes in decimal), "touch", "wait" (only for subjects
 * that honour it), "idle", "gap" (ns), "senders". */
void cell_axes(const struct cell *cell,
	void (*put)(void *context, const char *axis, const char *value), void *context);
