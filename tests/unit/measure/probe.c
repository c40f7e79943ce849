#include "../../cmocka_prelude.h"
#include "measure/probe.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"

/* Two CPUs that this process may use; false when there is only one. */
static bool two_cpus(int ret_cpus[2])
{
	cpu_set_t set;
	int found = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			ret_cpus[found++] = cpu;
	return found == 2;
}

static void classifies(void **state)
{
	static const struct {
		struct probe_result measured;
		enum probe_state wanted;
	} cases[] = {
#define MEASURED(rtt, spread, slow, n, switches) \
	{.round_trip_ns = rtt,                   \
		.round_trip_spread = spread,     \
		.slowdown = slow,                \
		.batches = n,                    \
		.involuntary = switches}
		/* The populations that were seen. */
		{MEASURED(105, 0.01, 1.00, 24, 0), PROBE_NEAR},
		{MEASURED(120, 0.05, 1.02, 24, 1), PROBE_NEAR},
		{MEASURED(496, 0.05, 1.00, 24, 0), PROBE_FAR},
		{MEASURED(50, 0.05, 1.98, 24, 0), PROBE_SMT},
		/* The thresholds. */
		{MEASURED(229, 0.05, 1.00, 24, 0), PROBE_NEAR},
		{MEASURED(230, 0.05, 1.00, 24, 0), PROBE_FAR},
		/* What tells nothing. */
		{MEASURED(105, 0.60, 1.00, 24, 0), PROBE_BUSY},
		{MEASURED(105, 0.01, 1.00, 24, 3), PROBE_BUSY},
		{MEASURED(105, 0.01, 1.00, 4, 0), PROBE_BUSY},
		{MEASURED(105, 0.01, 1.40, 24, 0), PROBE_BUSY},
		{MEASURED(496, 0.01, 1.98, 24, 0), PROBE_BUSY},
		{MEASURED(105, 0.01, 0.00, 24, 0), PROBE_BUSY},
		{MEASURED(0, 0, 0, 0, 0), PROBE_BUSY},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (probe_classify(&cases[i].measured) != cases[i].wanted)
			flunk("case %u is %s", i,
				probe_state_name(probe_classify(&cases[i].measured)));
}

static void names_are_read_back(void **state)
{
	enum probe_state read;

	(void)state;
	for (int i = 0; i < PROBE_STATES; i++) {
		assert_int_equal(
			probe_state_parse(probe_state_name((enum probe_state)i), &read), 0);
		assert_int_equal(read, i);
	}
	assert_int_equal(probe_state_parse("nearby", &read), -EINVAL);
}

static void probes_this_machine(void **state)
{
	struct probe_result result;
	cpu_set_t before, after;
	int cpus[2];

	(void)state;
	if (!two_cpus(cpus))
		skip();
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(probe_run(cpus[0], cpus[1], &result), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	assert_int_equal(result.state, probe_classify(&result));
	assert_true(result.elapsed_ns > 0);
	if (result.state == PROBE_BUSY)
		return;
	/* A line can't travel faster than light through a core, nor can a machine be so slow. */
	assert_true(result.round_trip_ns > 5 && result.round_trip_ns < 20000);
	assert_true(result.slowdown > 0.5 && result.slowdown < 4);
}

static void refuses_what_is_no_pair(void **state)
{
	struct probe_result result = {.batches = 77};
	int cpus[2] = {0, 1};

	(void)state;
	two_cpus(cpus);
	assert_int_equal(probe_run(cpus[0], cpus[0], &result), -EINVAL);
	assert_int_equal(probe_run(cpus[0], 8191, &result), -EINVAL);
	assert_int_equal(probe_run(8191, cpus[0], &result), -EINVAL);
	assert_int_equal(probe_run(-1, cpus[0], &result), -EINVAL);
	assert_int_equal(probe_run(cpus[0], 1 << 30, &result), -EINVAL);
	assert_int_equal(result.batches, 77);
}

static void every_failed_call_is_an_error(void **state)
{
	struct probe_result result;
	int cpus[2];

	(void)state;
	if (!two_cpus(cpus))
		skip();
	for (unsigned k = 1;; k++) {
		fault_arm(k, EPERM);
		int r = probe_run(cpus[0], cpus[1], &result);
		if (!fault_disarm()) {
			assert_int_equal(r, 0);
			assert_true(k > 2);
			return;
		}
		assert_int_equal(r, -EPERM);
	}
}

static atomic_bool stop;

static void *spin(void *unused)
{
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		;
	return unused;
}

/* More spinners than CPUs: whatever the probe says then, it says it soon. */
static void ends_on_a_busy_machine(void **state)
{
	enum { SPINNERS = 6, ROUNDS = 5 };
	pthread_t threads[SPINNERS];
	struct probe_result result;
	int cpus[2];

	(void)state;
	if (!two_cpus(cpus))
		skip();
	for (int i = 0; i < SPINNERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, spin, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(probe_run(cpus[0], cpus[1], &result), 0);
		assert_true(result.elapsed_ns < 2 * NS_PER_S);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < SPINNERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

struct thief {
	int64_t deadline_ns;
	atomic_bool runs, stop;
};

static void *steal(void *argument)
{
	struct thief *thief = argument;

	atomic_store(&thief->runs, true);
	while (!atomic_load(&thief->stop) && clock_ns() < thief->deadline_ns)
		;
	return NULL;
}

/* A real-time thread leaves the helper no CPU for 950 ms: the probe must not wait for that. */
static void ends_without_the_other_cpu(void **state)
{
	struct thief thief = {.deadline_ns = deadline_after_ms(2000)};
	struct sched_param priority = {.sched_priority = 1};
	struct probe_result result;
	pthread_attr_t attributes;
	pthread_t thread;
	cpu_set_t set;
	int cpus[2];

	(void)state;
	if (!two_cpus(cpus))
		skip();
	CPU_ZERO(&set);
	CPU_SET(cpus[1], &set);
	pthread_attr_init(&attributes);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &priority);
	pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	int r = pthread_create(&thread, &attributes, steal, &thief);
	pthread_attr_destroy(&attributes);
	if (r == EPERM)
		skip();
	assert_int_equal(r, 0);
	while (!atomic_load(&thief.runs))
		sched_yield();
	int64_t cpu_ns = clock_thread_cpu_ns();
	r = probe_run(cpus[0], cpus[1], &result);
	cpu_ns = clock_thread_cpu_ns() - cpu_ns;
	atomic_store(&thief.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(r, 0);
	assert_int_equal(result.state, PROBE_BUSY);
	/* By the CPU time that it spun: others may keep the caller itself from its CPU. */
	if (cpu_ns > 4 * PROBE_LIMIT_NS)
		flunk("it waited for %lld ns", (long long)cpu_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classifies),
		cmocka_unit_test(names_are_read_back),
		cmocka_unit_test(probes_this_machine),
		cmocka_unit_test(refuses_what_is_no_pair),
		cmocka_unit_test(every_failed_call_is_an_error),
		cmocka_unit_test(ends_on_a_busy_machine),
		cmocka_unit_test(ends_without_the_other_cpu),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
