#include "../../cmocka_prelude.h"
#include "topo/topo.h"
#include "base/error.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static void loads_this_machine(void **state)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	cpu_set_t before, after;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(topo_load(&topo), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	assert_true(topo_is_live(topo));
	assert_int_equal(topo_cpu_count(topo), CPU_COUNT(&before));
	for (unsigned i = 0; i < topo_cpu_count(topo); i++)
		assert_true(CPU_ISSET(topo_cpu(topo, i), &before));
}

/* What taskset leaves us is all that there is. */
static void obeys_the_affinity(void **state)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	cpu_set_t old, one;
	char list[32], wanted[32];
	int cpu = sched_getcpu();

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(old), &old), 0);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	int r = topo_load(&topo);
	assert_int_equal(sched_setaffinity(0, sizeof(old), &old), 0);
	assert_int_equal(r, 0);
	snprintf(wanted, sizeof(wanted), "%d", cpu);
	assert_string_equal(topo_cpu_list(topo, list, sizeof(list)), wanted);
}

static void restricts(void **state)
{
	static const char *const wrong[] = {
		"", "x", "1x", "0-", "-", ",", "3,,4", "1-2-3", "1,", "8", "9-12"};
	_cleanup_(topo_freep) struct topo *topo = NULL;
	char list[32];

	(void)state;
	assert_int_equal(topo_load_synthetic("pack:2 core:4 pu:1", &topo), 0);
	assert_false(topo_is_live(topo));
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (topo_restrict(topo, wrong[i]) != -EINVAL)
			flunk("'%s' was accepted", wrong[i]);
		assert_int_equal(topo_cpu_count(topo), 8);
	}
	assert_int_equal(topo_restrict(topo, "1-2,6,100"), 0);
	assert_string_equal(topo_cpu_list(topo, list, sizeof(list)), "1-2,6");
	assert_int_equal(topo_cpu_count(topo), 3);
	assert_int_equal(topo_cpu(topo, 2), 6);
	assert_true(topo_has_cpu(topo, 2));
	assert_false(topo_has_cpu(topo, 0));
	assert_int_equal(topo_restrict(topo, "0"), -EINVAL);
	assert_non_null(strstr(error_message(-EINVAL), "1-2,6"));
}

static void cuts_long_lists(void **state)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	char list[12];

	(void)state;
	assert_int_equal(topo_load_synthetic("core:16 pu:1", &topo), 0);
	assert_int_equal(topo_restrict(topo, "0,2,4,6,8,10"), 0);
	assert_string_equal(topo_cpu_list(topo, list, sizeof(list)), "0,2,4,6,…");
}

static void refuses_what_is_no_topology(void **state)
{
	struct topo *topo = (void *)state;

	assert_int_equal(topo_load_synthetic("two cores please", &topo), -EINVAL);
	assert_non_null(strstr(error_message(-EINVAL), "two cores please"));
	assert_true(topo_load_xml("/nonexistent.xml", &topo) < 0);
	assert_true(topo_load_xml("/dev/null", &topo) < 0);
	assert_ptr_equal(topo, state);
	topo_free(NULL);
}

/* Two machines have one hash when they share alike, whatever the sizes; and only then. */
static void the_hash_tells_machines_apart(void **state)
{
	static const char *const descriptions[] = {
		"pack:1 [numa] l3:1(size=1MB) l2:2 core:2 pu:1",
		"pack:1 [numa] l3:1(size=2MB) l2:2 core:2 pu:1",
		"pack:1 [numa] l3:2 l2:1 core:2 pu:1",
		"pack:1 [numa] l3:1 l2:4 core:1 pu:1",
		"pack:1 [numa] l3:1 l2:2 core:1 pu:2",
		"pack:2 l3:1 l2:1 core:2 pu:1",
		"pack:1 [numa] l3:1 l2:2 core:2 pu:1(indexes=0,2,1,3)",
		"pack:1 numa:2 l2:1 core:2 pu:1",
	};
	enum { COUNT = sizeof(descriptions) / sizeof(descriptions[0]) };
	uint64_t hashes[COUNT];

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		_cleanup_(topo_freep) struct topo *topo = NULL;
		assert_int_equal(topo_load_synthetic(descriptions[i], &topo), 0);
		hashes[i] = topo_hash(topo);
		for (unsigned j = 0; j < i; j++)
			if ((hashes[i] == hashes[j]) != (i == 1 && j == 0))
				flunk("machines %u and %u", i, j);
	}
}

static void a_full_disk_is_an_error(void **state)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full)
		skip();
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(topo_load_synthetic("core:2 pu:1", &topo), 0);
	assert_int_equal(topo_print(full, topo), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_this_machine),
		cmocka_unit_test(obeys_the_affinity),
		cmocka_unit_test(restricts),
		cmocka_unit_test(cuts_long_lists),
		cmocka_unit_test(refuses_what_is_no_topology),
		cmocka_unit_test(the_hash_tells_machines_apart),
		cmocka_unit_test(a_full_disk_is_an_error),
	};
	/* Another machine may be set there, and this test is about this one. */
	unsetenv("HWLOC_XMLFILE");
	unsetenv("HWLOC_SYNTHETIC");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
