#pragma once
/*
 * Named placements: where the sides of a cell run, said by what their CPUs share.
 *
 *	same_pu        one CPU
 *	smt            hyperthreads of one core
 *	same_l2        cores that share an L2
 *	same_l3        cores that share an L3 but no L2
 *	same_package   cores of one package and NUMA node that share no cache
 *	cross_numa     different NUMA nodes of one package; on a machine whose packages have one
 *	               node each, different nodes at all (the pairs are then those of cross_package)
 *	cross_package  different packages
 *	free           unbound, anywhere in the allowed CPUs
 *
 * Every pair of CPUs is in exactly one class (placement_of): that of the widest thing that it does
 * not share, looking at package, NUMA node, L3, L2, core, CPU in this order. A cache that the
 * machine doesn't show counts as not shared; without packages or NUMA nodes it is all one.
 *
 * The sides of a placement sit on `seats`, e.g. for same_l3 the cores of one L3. Sides up to the
 * number of seats are pairwise of the class. Further sides take the next CPU of each seat in turn
 * (cores before hyperthreads), and a seat whose CPUs are all taken starts again with its first; so
 * sides i and j are of the class as long as i and j differ modulo the seats.
 *
 * The choice is deterministic. Of the places that seat all sides, or else most of them, it is the
 * first in logical order without CPU 0, or else the first. CPU 0 serves most interrupts: so within
 * a place its seat, and within a seat its core, come last. On a machine of two cores the sides of
 * same_l3 are therefore CPU 1 and CPU 0, in this order.
 */
#include <stddef.h>

#include "topo/topo.h"

enum placement {
	PLACEMENT_SAME_PU,
	PLACEMENT_SMT,
	PLACEMENT_SAME_L2,
	PLACEMENT_SAME_L3,
	PLACEMENT_SAME_PACKAGE,
	PLACEMENT_CROSS_NUMA,
	PLACEMENT_CROSS_PACKAGE,
	PLACEMENT_FREE,
	PLACEMENTS, /* how many there are */
};

enum { PLACEMENT_UNBOUND = -1 };

/* "same_pu", …; and back, -EINVAL with a message that lists the names. */
const char *placement_name(enum placement placement);
int placement_parse(const char *name, enum placement *ret_placement);

/* One line for help texts: "hyperthreads of one core". */
const char *placement_meaning(enum placement placement);

/*
 * The CPU (OS index) of each side, PLACEMENT_UNBOUND for `free`. sides ≥ 1.
 * -EOPNOTSUPP when this topology has no such place; error_message() says why.
 */
int placement_resolve(
	const struct topo *topo, enum placement placement, unsigned sides, int cpus[]);

/* The most sides that are pairwise of the class; 0 when it doesn't exist. For same_pu and free
 * UINT_MAX: any number. */
unsigned placement_seats(const struct topo *topo, enum placement placement);

/* The class of two CPUs; -EINVAL when one is not in the topology. Never `free`. */
int placement_of(const struct topo *topo, int cpu_a, int cpu_b);

/* All pairs a ≠ b, once each, a before b in logical order. */
struct placement_pair {
	int cpu_a, cpu_b;
	enum placement placement;
};

/* Returns their number, n (n - 1) / 2 of n CPUs, and an array of the caller's (free), NULL when
 * there are none; -ENOMEM. */
int placement_pairs(const struct topo *topo, struct placement_pair **ret_pairs);
