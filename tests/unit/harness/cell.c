/* Names, patterns and the product of the axes, on a synthetic machine of two packages. */
#include <errno.h>
#include <string.h>

#include "../../cmocka_prelude.h"
#include "base/error.h"
#include "harness/cell.h"

static struct topo *topo;

static int load(void **state)
{
	(void)state;
	return topo_load_synthetic("pack:2 l3:2 core:2 pu:2", &topo);
}

static int unload(void **state)
{
	(void)state;
	topo_free(topo);
	return 0;
}

static void test_name_is_its_own_parse(void **state)
{
	static const char *const names[] = {
		"pingpong/pipe/process/same_l3/64B",
		"pingpong/pipe/process/same_l3/100B",
		"stream/shm_ring/thread/smt/4MiB/touch=full/wait=yield/idle=free",
		"wakeup/futex_shm/process/cross_package/1B/gap=1ms",
		"fan_in/posix_mq/process/free/64B/touch=header/senders=7",
		"pingpong/shm_spin/process/cpu3-cpu11/64B",
		"contended/none/process/same_l3/contenders=2/section=100ns",
		"contended/none/thread/free/idle=free/contenders=7/section=0ns",
		"map_tiny/serial/process/same_pu/tasks=10/chunk=auto/workers=1",
		"map_tiny/serial/thread/same_pu/tasks=10/chunk=3/workers=2",
		"spawn/fork/process/same_pu/resident=1MiB",
	};
	struct cell cell;
	(void)state;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(cell_parse(&cell, names[i], topo), 0);
		assert_string_equal(cell.name, names[i]);
	}
}

static void test_defaults_are_left_out(void **state)
{
	struct cell cell;
	(void)state;

	assert_int_equal(cell_parse(&cell,
				 "pingpong/shm_ring/idle=held/process/same_pu/64B/touch=none/"
				 "wait=spin_then_park",
				 topo),
		0);
	assert_string_equal(cell.name, "pingpong/shm_ring/process/same_pu/64B");
	assert_int_equal(cell_param(&cell, PARAM_SENDERS, 1), 1);
	assert_int_equal(cell_sides(&cell), 2);
}

static void expect_error(const char *pattern, const char *part)
{
	struct cell_list list = {0};

	assert_int_equal(cell_list_add(&list, pattern, topo), -EINVAL);
	if (!strstr(error_message(-EINVAL), part))
		flunk("'%s': '%s' is not in '%s'", pattern, part, error_message(-EINVAL));
	assert_int_equal(list.count, 0);
	cell_list_free(&list);
}

static void test_errors_name_the_component(void **state)
{
	(void)state;
	expect_error("pongping", "no workload matches 'pongping' (there are: pingpong, stream");
	expect_error("*/pip", "no subject matches 'pip' (there are: null, pipe");
	expect_error("*/*/fiber", "no exec matches 'fiber'");
	expect_error("*/*/*/here", "no placement matches 'here'");
	expect_error("*/*/*/*/64K", "no size matches");
	expect_error("*/*/*/*/5GiB", "no size matches");
	expect_error("*/*/*/*/64B/more", "one component too many");
	expect_error("*//process", "empty component");
	expect_error("*/colour=red", "'colour' is no key");
	expect_error("*/touch=none/touch=full", "'touch' is given twice");
	expect_error("fan_in/senders=0", "no senders matches '0'");
	expect_error("wakeup/gap=1h", "no gap matches '1h'");
	expect_error("contended/pipe", "no subject matches 'pipe' (there are: none, ");
	expect_error("contended/none/process/same_pu/64B", "contended has no size");
	expect_error("contended/none/gap=1ms", "contended has no gap");
	expect_error("contended/none/touch=full", "contended has no touch");
	expect_error("contended/contenders=0", "no contenders matches '0'");
	expect_error("contended/section=2s", "no section matches '2s'");
	expect_error("map_tiny/chunk=none", "no chunk matches 'none'");
	expect_error("pingpong/none", "no subject matches 'none' (there are: null, pipe");
}

static size_t count(const char *pattern)
{
	struct cell_list list = {0};

	if (cell_list_add(&list, pattern, topo) < 0)
		flunk("%s", error_message(-EINVAL));
	size_t n = list.count;
	/* The same pattern again adds nothing. */
	assert_int_equal(cell_list_add(&list, pattern, topo), 0);
	assert_int_equal(list.count, n);
	cell_list_free(&list);
	return n;
}

static void test_products(void **state)
{
	(void)state;
	assert_int_equal(count("pingpong/pipe/process/same_l3/64B"), 1);
	/* same_pu smt same_l3 same_package cross_package … and free, as the machine has them. */
	size_t placements = count("pingpong/pipe/process/*/64B");
	assert_in_range(placements, 5, 8);
	assert_int_equal(count("pingpong/pipe/*/*/64B"), 2 * placements);
	assert_int_equal(count("pingpong/pipe/process/same_pu/64B/touch=*"), 3);
	assert_int_equal(count("pingpong/shm_ring/process/same_pu/64B/wait=*"), 4);
	/* A mechanism without the choice has its one way of waiting only. */
	assert_int_equal(count("*/pipe/process/same_pu/64B/wait=*/idle=*/gap=1ms"), 2);
	assert_int_equal(count("wakeup/pipe/process/same_pu/64B"), 6);
	assert_int_equal(count("fan_in/pipe/process/same_pu/64B"), 2);
	/* 16 CPUs. */
	assert_int_equal(count("pingpong/shm_spin/process/cpu*-cpu*/64B"), 16 * 15 / 2);
	assert_int_equal(count("pingpong/shm_spin/process/cpu0-cpu*/64B"), 15);
}

static void test_params(void **state)
{
	struct cell cell;
	(void)state;

	assert_int_equal(
		cell_parse(&cell, "map_tiny/serial/process/same_pu/tasks=10/chunk=auto/workers=3",
			topo),
		0);
	assert_int_equal(cell_param(&cell, PARAM_TASKS, 0), 10);
	assert_int_equal(cell_param(&cell, PARAM_CHUNK, 7), 0);
	assert_int_equal(cell_param(&cell, PARAM_SECTION, 7), 7);
	assert_int_equal(cell.size_bytes, 0);
	/* The caller is the only side, and three workers have a seat. */
	assert_int_equal(cell_sides(&cell), 1);
	assert_int_equal(cell_seats(&cell), 3);
	assert_int_equal(
		cell_parse(&cell, "contended/none/process/free/contenders=5/section=100ns", topo),
		0);
	assert_int_equal(cell_sides(&cell), 5);
	/* A star in the place of the size takes what has none; so does nothing at all. */
	assert_int_equal(count("*/none/process/same_pu/*/contenders=2/section=100ns"), 1);
	assert_int_equal(count("*/none/process/same_pu/contenders=2/section=100ns"), 1);
	/* Of all workloads that have the subject, those with the key. */
	assert_int_equal(count("*/fork/process/same_pu/resident=1MiB"), 1);
}

/* What does not fit is no cell of a wide pattern, but a row with a reason when it was asked for. */
static void test_what_does_not_fit(void **state)
{
	struct cell cell;
	(void)state;

	assert_int_equal(cell_parse(&cell, "fan_in/shm_ring/process/free/64B/senders=2", topo), 0);
	assert_string_equal(cell.reason, "shm_ring has one sender only");
	struct cell_list list = {0};
	assert_int_equal(cell_list_add(&list, "fan_in/*/process/free/64B/senders=2", topo), 0);
	for (size_t i = 0; i < list.count; i++)
		assert_string_not_equal(list.cells[i].subject.name, "shm_ring");
	cell_list_free(&list);
	assert_int_equal(cell_parse(&cell, "pingpong/pipe/process/same_pu/64B/wait=park", topo), 0);
	assert_non_null(strstr(cell.reason, "no choice of waiting"));
	assert_int_equal(cell_parse(&cell, "pingpong/signal/process/same_pu/4MiB", topo), 0);
	assert_non_null(strstr(cell.reason, "4MiB is over the limit"));
	/* A class that the machine does not have. */
	assert_int_equal(cell_parse(&cell, "pingpong/pipe/process/same_l2/64B", topo), 0);
	assert_non_null(strstr(cell.reason, "same_l2"));
}

static void test_cpus(void **state)
{
	int cpus[SEATS_MAX];
	struct cell cell;
	(void)state;

	assert_int_equal(cell_parse(&cell, "fan_in/pipe/process/cpu2-cpu5/64B/senders=3", topo), 0);
	assert_int_equal(cell_cpus(&cell, topo, cpus), 0);
	assert_int_equal(cpus[0], 2);
	assert_int_equal(cpus[1], 5);
	assert_int_equal(cpus[2], 2);
	assert_int_equal(cpus[3], 5);
	assert_int_equal(cell_parse(&cell, "pingpong/pipe/process/free/64B", topo), 0);
	assert_int_equal(cell_cpus(&cell, topo, cpus), 0);
	assert_int_equal(cpus[0], -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_is_its_own_parse),
		cmocka_unit_test(test_defaults_are_left_out),
		cmocka_unit_test(test_errors_name_the_component),
		cmocka_unit_test(test_products),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_what_does_not_fit),
		cmocka_unit_test(test_cpus),
	};
	return cmocka_run_group_tests_name("harness/cell", tests, load, unload);
}
