#pragma once
/*
 * Where a VM's CPUs really are.
 *
 * A hypervisor moves its virtual CPUs: the same two are now two cores of one L3, now of different
 * ones, now the two hyperthreads of one core, and the topology inside the guest looks the same.
 * The probe tells by what cannot be hidden: the round trip of a cache line between the two, and
 * how much slower arithmetic gets when both compute.
 *
 * Limits: NEAR and FAR are told apart by an absolute round trip (PROBE_FAR_NS), set between the
 * values seen on one L3 and on two; figures of one machine are better compared with its own.
 * A state holds for the moment: take the probe before and after, and keep results apart when the
 * two differ. It needs both CPUs for some milliseconds and is a load of its own: never beside a
 * timed part.
 */
#include <stdint.h>

enum probe_state {
	PROBE_NEAR, /* two cores that share a cache */
	PROBE_FAR,  /* two cores that do not: other L3, other socket */
	PROBE_SMT,  /* hyperthreads of one core */
	PROBE_BUSY, /* cannot tell: something else ran, or the probe had too little time */
	PROBE_STATES,
};

struct probe_result {
	enum probe_state state;
	double round_trip_ns;     /* store/load flags on two lines; median of batches; 0: none */
	double round_trip_spread; /* (q75 - q25) / median of the batches */
	double slowdown;          /* arithmetic of a: both computing / alone; 0: none */
	unsigned batches;         /* of round trips that were completed */
	unsigned involuntary;     /* switches of the two probing threads */
	int64_t elapsed_ns;
};

/* See probe.c for what was measured to choose these. */
#define PROBE_LIMIT_NS INT64_C(8000000)
#define PROBE_FAR_NS 230.0
#define PROBE_SMT_SLOWDOWN 1.5
#define PROBE_ALONE_SLOWDOWN 1.25
#define PROBE_SPREAD_MAX 0.5

/*
 * Probes two CPUs, by OS index, in at most PROBE_LIMIT_NS and what the scheduler takes from the
 * caller. Restores the caller's affinity. A helper thread that got no CPU in that time is left
 * behind to end by itself.
 *
 * -EINVAL: the same CPU twice, or one that this process may not use. A machine that is too busy
 * is no error but PROBE_BUSY.
 */
int probe_run(int cpu_a, int cpu_b, struct probe_result *ret);

/* The state for the measured values; pure. */
enum probe_state probe_classify(const struct probe_result *measured);

/* "near", "far", "smt", "busy"; and back, -EINVAL for any other. */
const char *probe_state_name(enum probe_state state);
int probe_state_parse(const char *name, enum probe_state *ret_state);
