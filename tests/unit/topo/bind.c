#include "../../cmocka_prelude.h"
#include "topo/bind.h"
#include "base/error.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "topo/placement.h"

static struct topo *topo;

static int load(void **state)
{
	(void)state;
	return topo_load(&topo);
}

static int unload(void **state)
{
	(void)state;
	topo_free(topo);
	return 0;
}

static void binds_to_every_cpu(void **state)
{
	cpu_set_t before, now;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (unsigned i = 0; i < topo_cpu_count(topo); i++) {
		int cpu = topo_cpu(topo, i);
		assert_int_equal(bind_cpu(topo, cpu), 0);
		assert_int_equal(sched_getcpu(), cpu);
		assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
		assert_true(CPU_COUNT(&now) == 1 && CPU_ISSET(cpu, &now));
		assert_int_equal(bind_verify(topo, cpu), 0);
		if (topo_cpu_count(topo) > 1)
			assert_int_equal(bind_verify(topo, PLACEMENT_UNBOUND), -EXDEV);
	}
	assert_int_equal(bind_cpu(topo, PLACEMENT_UNBOUND), 0);
	assert_int_equal(bind_verify(topo, PLACEMENT_UNBOUND), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_true(CPU_EQUAL(&before, &now));
}

static void sees_that_a_binding_was_undone(void **state)
{
	cpu_set_t all;

	(void)state;
	if (topo_cpu_count(topo) < 2)
		skip();
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(bind_cpu(topo, topo_cpu(topo, 1)), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(bind_verify(topo, topo_cpu(topo, 1)), -EXDEV);
	assert_non_null(strstr(error_message(-EXDEV), "should be bound to CPU"));
}

static void refuses_other_cpus(void **state)
{
	_cleanup_(topo_freep) struct topo *other = NULL;

	(void)state;
	assert_int_equal(bind_cpu(topo, 8000), -EINVAL);
	assert_non_null(strstr(error_message(-EINVAL), "CPU 8000"));
	assert_int_equal(bind_cpu(topo, 1 << 30), -EINVAL);
	/* A CPU of a topology that isn't this machine's. */
	assert_int_equal(topo_load_synthetic("core:2 pu:1(indexes=8000,8001)", &other), 0);
	assert_int_equal(bind_cpu(other, 8001), -EINVAL);
	assert_non_null(strstr(error_message(-EINVAL), "choose among 8000-8001"));
	assert_int_equal(bind_free(other), -EINVAL);
	assert_int_equal(bind_verify(topo, PLACEMENT_UNBOUND), 0);
}

static void every_failed_call_is_an_error(void **state)
{
	unsigned k = 1;

	(void)state;
	for (;; k++) {
		fault_arm(k, EPERM);
		int r = bind_cpu(topo, topo_cpu(topo, 0));
		if (!fault_disarm()) {
			assert_int_equal(r, 0);
			break;
		}
		assert_int_equal(r, -EPERM);
	}
	assert_int_equal(k, 3);
	assert_int_equal(bind_free(topo), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_to_every_cpu),
		cmocka_unit_test(sees_that_a_binding_was_undone),
		cmocka_unit_test(refuses_other_cpus),
		cmocka_unit_test(every_failed_call_is_an_error),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
