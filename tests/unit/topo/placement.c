/*
 * The promises of placement.h, on every machine below and for every number of sides: by the
 * definition of the classes, not by the choice that the code makes (tests/golden/topo has that).
 */
#include "../../cmocka_prelude.h"
#include "topo/placement.h"
#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { SIDES_MAX = 40 };

static const char *const descriptions[] = {
	"pack:1 core:1 pu:1",
	"pack:1 core:1 pu:4",
	"pack:1 core:2 pu:1",
	"l2:2 core:2 pu:2",
	"pack:1 [numa] l3:1 l2:2 core:1 pu:1",
	"pack:1 [numa] l3:2 l2:2 core:2 pu:2",
	"pack:2 [numa] l3:2 l2:2 core:2 pu:2",
	"pack:2 l3:2 [numa] l2:2 core:1 pu:2(indexes=2*8:8*1)",
	"pack:1 l3:1 numa:2 l2:2 core:1 pu:1",
	"[numa] pack:2 l3:1 l2:2 core:1 pu:1",
	"numa:4 core:2 pu:1",
	"pack:3 core:2 pu:1",
};

/* A pair of cross_numa may be in different packages, where each has one node. */
static bool is_of(const struct topo *topo, enum placement placement, int a, int b)
{
	int class = placement_of(topo, a, b);

	return class == (int)placement ||
	       (placement == PLACEMENT_CROSS_NUMA && class == PLACEMENT_CROSS_PACKAGE);
}

static void check_sides(const struct topo *topo, enum placement placement, unsigned sides)
{
	unsigned seats = placement_seats(topo, placement);
	int cpus[SIDES_MAX], again[SIDES_MAX];

	assert_int_equal(placement_resolve(topo, placement, sides, cpus), 0);
	assert_int_equal(placement_resolve(topo, placement, sides, again), 0);
	assert_memory_equal(cpus, again, sides * sizeof(cpus[0]));
	for (unsigned i = 0; i < sides; i++) {
		assert_true(topo_has_cpu(topo, cpus[i]));
		for (unsigned j = 0; j < i; j++)
			/* Sides of the same seat, one round later, may be nearer. */
			if (i % seats != j % seats && !is_of(topo, placement, cpus[i], cpus[j]))
				flunk("%s: sides %u and %u of %u are on CPUs %d and %d",
					placement_name(placement), i, j, sides, cpus[i], cpus[j]);
	}
}

static void sides_are_of_their_class(void **state)
{
	const char *description = *state;
	_cleanup_(topo_freep) struct topo *topo = NULL;

	assert_int_equal(topo_load_synthetic(description, &topo), 0);
	for (int i = PLACEMENT_SMT; i < PLACEMENT_FREE; i++)
		for (unsigned sides = 1; sides <= SIDES_MAX; sides++)
			if (placement_seats(topo, (enum placement)i))
				check_sides(topo, (enum placement)i, sides);
}

/* A placement exists just when a pair of its class does; and then it is found. */
static void exists_when_a_pair_does(void **state)
{
	const char *description = *state;
	_cleanup_(topo_freep) struct topo *topo = NULL;
	_cleanup_(freep) struct placement_pair *pairs = NULL;
	bool seen[PLACEMENTS] = {false};
	int cpus[2];

	assert_int_equal(topo_load_synthetic(description, &topo), 0);
	int count = placement_pairs(topo, &pairs), n = (int)topo_cpu_count(topo);
	assert_int_equal(count, n * (n - 1) / 2);
	for (int i = 0; i < count; i++) {
		const struct placement_pair *pair = &pairs[i];
		assert_int_not_equal(pair->cpu_a, pair->cpu_b);
		assert_int_equal(placement_of(topo, pair->cpu_a, pair->cpu_b), pair->placement);
		assert_int_equal(placement_of(topo, pair->cpu_b, pair->cpu_a), pair->placement);
		seen[pair->placement] = true;
	}
	for (int i = PLACEMENT_SMT; i < PLACEMENT_FREE; i++) {
		/* Other nodes are in other packages, on some machines. */
		if (i == PLACEMENT_CROSS_NUMA && !seen[i])
			continue;
		int r = placement_resolve(topo, (enum placement)i, 2, cpus);
		assert_int_equal(r, seen[i] ? 0 : -EOPNOTSUPP);
		assert_true((placement_seats(topo, (enum placement)i) >= 2) == seen[i]);
	}
}

static void uses_all_cpus_before_sharing(void **state)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	int cpus[9];

	(void)state;
	assert_int_equal(topo_load_synthetic("pack:2 [numa] core:2 pu:2", &topo), 0);
	assert_int_equal(placement_resolve(topo, PLACEMENT_CROSS_PACKAGE, 9, cpus), 0);
	/* Packages in turn, the one of CPU 0 second; of each the cores and then the hyperthreads,
	 * and CPU 0's core last of its kind. */
	static const int wanted[] = {4, 2, 6, 0, 5, 3, 7, 1, 4};
	assert_memory_equal(cpus, wanted, sizeof(wanted));
}

static void one_cpu_and_free_seat_everybody(void **state)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	int cpus[4];

	(void)state;
	assert_int_equal(topo_load_synthetic("pack:1 core:2 pu:2", &topo), 0);
	assert_int_equal(placement_resolve(topo, PLACEMENT_SAME_PU, 4, cpus), 0);
	/* Not CPU 1, which is CPU 0's hyperthread. */
	for (int i = 0; i < 4; i++)
		assert_int_equal(cpus[i], 2);
	assert_int_equal(placement_resolve(topo, PLACEMENT_FREE, 4, cpus), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(cpus[i], PLACEMENT_UNBOUND);
	assert_int_equal(placement_seats(topo, PLACEMENT_SAME_PU), UINT_MAX);
	assert_int_equal(placement_seats(topo, PLACEMENT_FREE), UINT_MAX);
	assert_int_equal(placement_of(topo, 3, 3), PLACEMENT_SAME_PU);
}

static void says_why_not(void **state)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	int cpus[2] = {77, 77};

	(void)state;
	assert_int_equal(topo_load_synthetic("pack:1 core:2 pu:1", &topo), 0);
	assert_int_equal(placement_resolve(topo, PLACEMENT_SMT, 2, cpus), -EOPNOTSUPP);
	assert_string_equal(error_message(-EOPNOTSUPP),
		"no smt (hyperthreads of one core) among the usable CPUs 0-1: no core has two of "
		"them");
	assert_int_equal(cpus[0], 77);
	assert_int_equal(placement_of(topo, 0, 2), -EINVAL);
	assert_non_null(strstr(error_message(-EINVAL), "CPU 2"));
}

static void names_are_read_back(void **state)
{
	enum placement read;

	(void)state;
	for (int i = 0; i < PLACEMENTS; i++) {
		assert_int_equal(placement_parse(placement_name((enum placement)i), &read), 0);
		assert_int_equal(read, i);
		assert_non_null(placement_meaning((enum placement)i));
	}
	assert_int_equal(placement_parse("same_l4", &read), -EINVAL);
	assert_non_null(strstr(error_message(-EINVAL), "cross_package, free"));
}

int main(void)
{
	enum { MACHINES = sizeof(descriptions) / sizeof(descriptions[0]) };
	struct CMUnitTest tests[2 * MACHINES + 4] = {
		cmocka_unit_test(uses_all_cpus_before_sharing),
		cmocka_unit_test(one_cpu_and_free_seat_everybody),
		cmocka_unit_test(says_why_not),
		cmocka_unit_test(names_are_read_back),
	};

	for (unsigned i = 0; i < MACHINES; i++) {
		void *description = (void *)(uintptr_t)descriptions[i];
		tests[4 + 2 * i] = (struct CMUnitTest){.name = "sides_are_of_their_class",
			.test_func = sides_are_of_their_class,
			.initial_state = description};
		tests[5 + 2 * i] = (struct CMUnitTest){.name = "exists_when_a_pair_does",
			.test_func = exists_when_a_pair_does,
			.initial_state = description};
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
