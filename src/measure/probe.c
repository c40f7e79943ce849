/*
 * Two threads, the caller on CPU a and a helper on CPU b, follow one script: batches of round
 * trips of a flag (each side stores to its own line and waits for the other's), then, in turns,
 * arithmetic on a alone and on both. The caller times; the helper only follows, so that nothing
 * but the flags passes between them.
 *
 * The thresholds come from some thousand runs on virtual machines of one cloud (AMD EPYC, Zen 4
 * and Zen 5), where three populations were seen: round trips of 50 ns with a slowdown of 1.98
 * (hyperthreads), of 95 to 125 ns (one L3) and of 480 to 620 ns (two), both with a slowdown of 1.0.
 * PROBE_FAR_NS lies in the middle of the last two, on a log scale. On a machine whose mesh makes
 * every pair slower than that, all is FAR, and only the round trip itself tells more.
 *
 * Failure: either thread may lose its CPU at any time. All waiting ends at a deadline and when the
 * other has given up; and the caller does not join the helper, which may not have got to run at
 * all: the last of the two frees what they share.
 */
#include "measure/probe.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "measure/stats.h"

enum {
	LINE = 128, /* two lines: many CPUs fetch the neighbour too */
	BATCHES = 24,
	BATCHES_MIN = 5,
	ROUND_TRIPS = 150,
	TURNS = 7,
	TURNS_MIN = 3,
	/* About 40 µs: long against the clock, short against a time slice. */
	ALU_STEPS = 50000,
	ALU_STEPS_BESIDE = 500,
	INVOLUNTARY_MAX = 2,
	POLLS_PER_CLOCK = 256,
	CPU_BITS = 8192,
};

/* What the helper is told: the kind in the low bits, above it a number that makes each order new.
 */
enum { ORDER_IDLE, ORDER_ROUND_TRIPS, ORDER_COMPUTE, ORDER_END, ORDER_KINDS };

struct cpu_mask {
	unsigned long words[CPU_BITS / (8 * sizeof(unsigned long))];
};

struct shared {
	/* The caller's flag, and the helper's. Each is written with release and read with acquire,
	 * as any flag between processes would be. */
	_Alignas(LINE) _Atomic uint64_t ping;
	_Alignas(LINE) _Atomic uint64_t pong;
	/* The caller's release store of an order pairs with the helper's acquire, and the store of
	 * the same value to `accepted` with the caller's. */
	_Alignas(LINE) _Atomic unsigned order;
	_Alignas(LINE) _Atomic unsigned accepted;
	_Atomic unsigned involuntary; /* the helper's, as of `accepted` */
	_Atomic bool given_up;        /* by either side, for good */
	_Atomic int users;
	int64_t deadline_ns;
};

static void releasep(struct shared **shared)
{
	/* The last one out sees all that the other did: acq_rel on both. */
	if (*shared && atomic_fetch_sub_explicit(&(*shared)->users, 1, memory_order_acq_rel) == 1)
		free(*shared);
}

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static bool in_time(struct shared *shared)
{
	if (atomic_load_explicit(&shared->given_up, memory_order_relaxed))
		return false;
	if (clock_ns() < shared->deadline_ns)
		return true;
	atomic_store_explicit(&shared->given_up, true, memory_order_relaxed);
	return false;
}

/* Looks at the clock now and then; a poll must stay as cheap as the line that it polls. */
static inline bool patient(struct shared *shared, unsigned *polls)
{
	return ++*polls % POLLS_PER_CLOCK != 0 || in_time(shared);
}

static bool wait_flag(struct shared *shared, _Atomic uint64_t *flag, uint64_t value)
{
	unsigned polls = 0;

	while (atomic_load_explicit(flag, memory_order_acquire) != value)
		if (!patient(shared, &polls))
			return false;
	return true;
}

/* Two chains each of multiplications and of logic keep a core's units busy, so that hyperthreads
 * get in each other's way; nothing leaves the registers. */
static void compute(unsigned steps)
{
	uint64_t a = 1, b = 2, c = 3, d = 4;

	for (unsigned i = 0; i < steps; i++) {
		a = a * 5 + i;
		b = (b ^ a) + 7;
		c = c * 9 + i;
		d = (d ^ c) + 11;
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	}
}

static unsigned involuntary_switches(void)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_THREAD, &usage);
	return (unsigned)usage.ru_nivcsw;
}

static bool follow(struct shared *shared, unsigned order)
{
	switch (order % ORDER_KINDS) {
	case ORDER_ROUND_TRIPS:
		for (uint64_t i = 1; i <= ROUND_TRIPS; i++) {
			if (!wait_flag(shared, &shared->ping, i))
				return false;
			atomic_store_explicit(&shared->pong, i, memory_order_release);
		}
		return true;
	case ORDER_COMPUTE:
		while (atomic_load_explicit(&shared->order, memory_order_relaxed) == order) {
			compute(ALU_STEPS_BESIDE);
			if (!in_time(shared))
				return false;
		}
		return true;
	case ORDER_END:
		return false;
	default:
		return true;
	}
}

static void *helper(void *argument)
{
	_cleanup_(releasep) struct shared *shared = argument;
	unsigned before = involuntary_switches(), seen = 0, polls = 0;

	for (;;) {
		unsigned order = atomic_load_explicit(&shared->order, memory_order_acquire);
		if (order == seen) {
			/* Pauses leave the core to its other hyperthread. */
			relax();
			if (!patient(shared, &polls))
				return NULL;
			continue;
		}
		seen = order;
		atomic_store_explicit(&shared->involuntary, involuntary_switches() - before,
			memory_order_relaxed);
		atomic_store_explicit(&shared->accepted, order, memory_order_release);
		if (!follow(shared, order))
			return NULL;
	}
}

/* Gives an order and waits until the helper has it. */
static bool command(struct shared *shared, unsigned kind)
{
	unsigned last = atomic_load_explicit(&shared->order, memory_order_relaxed);
	unsigned order = (last / ORDER_KINDS + 1) * ORDER_KINDS + kind, polls = 0;

	atomic_store_explicit(&shared->order, order, memory_order_release);
	while (atomic_load_explicit(&shared->accepted, memory_order_acquire) != order)
		if (!patient(shared, &polls))
			return false;
	return true;
}

static bool measure_round_trips(struct shared *shared, struct probe_result *result)
{
	double batches[BATCHES];
	unsigned done = 0;
	bool well = true;

	while (well && done < BATCHES) {
		atomic_store_explicit(&shared->ping, 0, memory_order_relaxed);
		atomic_store_explicit(&shared->pong, 0, memory_order_relaxed);
		well = command(shared, ORDER_ROUND_TRIPS);
		int64_t start = clock_ns();
		for (uint64_t i = 1; well && i <= ROUND_TRIPS; i++) {
			atomic_store_explicit(&shared->ping, i, memory_order_release);
			well = wait_flag(shared, &shared->pong, i);
		}
		if (well)
			batches[done++] = (double)(clock_ns() - start) / ROUND_TRIPS;
	}
	result->batches = done;
	if (!done)
		return false;
	stats_sort(batches, done);
	result->round_trip_ns = stats_median(batches, done);
	result->round_trip_spread =
		(stats_quantile(batches, done, 0.75) - stats_quantile(batches, done, 0.25)) /
		result->round_trip_ns;
	return well;
}

static double timed_compute(void)
{
	int64_t start = clock_ns();

	compute(ALU_STEPS);
	return (double)(clock_ns() - start);
}

/* Alone and together in turns, so that a change of the clock rate meets both. */
static void measure_slowdown(struct shared *shared, struct probe_result *result)
{
	double alone[TURNS], both[TURNS];
	unsigned done = 0;

	while (done < TURNS && command(shared, ORDER_IDLE)) {
		alone[done] = timed_compute();
		if (!command(shared, ORDER_COMPUTE))
			break;
		both[done++] = timed_compute();
	}
	if (done < TURNS_MIN)
		return;
	stats_sort(alone, done);
	stats_sort(both, done);
	result->slowdown = stats_median(both, done) / stats_median(alone, done);
}

static int mask_of(int cpu, struct cpu_mask *ret)
{
	size_t bits = 8 * sizeof(ret->words[0]);

	if (cpu < 0 || cpu >= CPU_BITS)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	ret->words[(size_t)cpu / bits] = 1ul << ((size_t)cpu % bits);
	return 0;
}

static int cannot_use(int r, int cpu)
{
	return fail(r, "cannot probe CPU %d: %s; choose CPUs of `taskset -cp $$`", cpu,
		r == -EINVAL ? "it does not exist, is offline or is not allowed here"
			     : strerror(-r));
}

static int start_helper(struct shared *shared, int cpu)
{
	struct cpu_mask mask;
	pthread_attr_t attributes;
	pthread_t thread;
	int r = mask_of(cpu, &mask);

	if (r < 0)
		return cannot_use(r, cpu);
	r = -pthread_attr_init(&attributes);
	if (r < 0)
		return fail(r, "cannot start the probe's thread: %s", strerror(-r));
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	r = -pthread_attr_setaffinity_np(&attributes, sizeof(mask), (cpu_set_t *)&mask);
	atomic_store_explicit(&shared->users, 2, memory_order_relaxed);
	if (r == 0)
		r = -pthread_create(&thread, &attributes, helper, shared);
	pthread_attr_destroy(&attributes);
	if (r == 0)
		return 0;
	atomic_store_explicit(&shared->users, 1, memory_order_relaxed);
	return cannot_use(r, cpu);
}

static int probe_bound(int cpu_b, int64_t start_ns, struct probe_result *result)
{
	size_t size = (sizeof(struct shared) + LINE - 1) / LINE * LINE;
	_cleanup_(releasep) struct shared *shared = aligned_alloc(LINE, size);
	unsigned before = involuntary_switches();

	if (!shared)
		return fail(-ENOMEM, "cannot probe CPU %d: out of memory", cpu_b);
	memset(shared, 0, size);
	atomic_store_explicit(&shared->users, 1, memory_order_relaxed);
	shared->deadline_ns = start_ns + PROBE_LIMIT_NS;
	int r = start_helper(shared, cpu_b);
	if (r < 0)
		return trace(r);
	if (measure_round_trips(shared, result))
		measure_slowdown(shared, result);
	command(shared, ORDER_END);
	result->involuntary = involuntary_switches() - before +
			      atomic_load_explicit(&shared->involuntary, memory_order_relaxed);
	return 0;
}

int probe_run(int cpu_a, int cpu_b, struct probe_result *ret)
{
	struct cpu_mask before, mask;
	struct probe_result result = {0};
	int64_t start = clock_ns();
	int r = mask_of(cpu_a, &mask);

	if (cpu_a == cpu_b)
		return fail(-EINVAL, "cannot probe CPU %d against itself: name two CPUs", cpu_a);
	if (r < 0)
		return cannot_use(r, cpu_a);
	memset(&before, 0, sizeof(before));
	r = sys(sched_getaffinity(0, sizeof(before), (cpu_set_t *)&before));
	if (r < 0)
		return fail(r, "cannot read the thread's affinity: %s", strerror(-r));
	r = sys(sched_setaffinity(0, sizeof(mask), (cpu_set_t *)&mask));
	if (r < 0)
		return cannot_use(r, cpu_a);
	r = probe_bound(cpu_b, start, &result);
	/* What was allowed a moment ago is so still, or the kernel has chosen something better. */
	sched_setaffinity(0, sizeof(before), (cpu_set_t *)&before);
	if (r < 0)
		return trace(r);
	result.state = probe_classify(&result);
	result.elapsed_ns = clock_ns() - start;
	*ret = result;
	return 0;
}

enum probe_state probe_classify(const struct probe_result *measured)
{
	bool far = measured->round_trip_ns >= PROBE_FAR_NS;

	if (measured->batches < BATCHES_MIN || measured->slowdown <= 0 ||
		measured->round_trip_spread > PROBE_SPREAD_MAX ||
		measured->involuntary > INVOLUNTARY_MAX)
		return PROBE_BUSY;
	if (measured->slowdown >= PROBE_SMT_SLOWDOWN)
		/* Hyperthreads share a core's cache: a slow line means that something else ran. */
		return far ? PROBE_BUSY : PROBE_SMT;
	if (measured->slowdown > PROBE_ALONE_SLOWDOWN)
		return PROBE_BUSY;
	return far ? PROBE_FAR : PROBE_NEAR;
}

static const char *const names[PROBE_STATES] = {"near", "far", "smt", "busy"};

const char *probe_state_name(enum probe_state state)
{
	return names[state];
}

int probe_state_parse(const char *name, enum probe_state *ret_state)
{
	for (int i = 0; i < PROBE_STATES; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*ret_state = (enum probe_state)i;
		return 0;
	}
	return fail(-EINVAL, "'%s' is no placement state: near, far, smt, busy", name);
}
