#pragma once
/* What the files of this layer share, and nobody else sees. */
#include <hwloc.h>

#include "topo/placement.h"
#include "topo/topo.h"

/* What CPUs may share, from the widest to the narrowest. */
enum level {
	LEVEL_PACKAGE,
	LEVEL_NUMA,
	LEVEL_L3,
	LEVEL_L2,
	LEVEL_CORE,
	LEVEL_PU,
	LEVELS,
};

/*
 * One CPU. ids[level] numbers the groups of that level in logical order, each within its group of
 * the level above: CPUs with the same id share everything down to that level.
 */
struct topo_pu {
	int cpu;
	int ids[LEVELS];
	int node;           /* NUMA node, numbered over the whole machine */
	unsigned core_rank; /* its place among the hyperthreads of its core */
};

struct topo {
	hwloc_topology_t hwloc;
	bool live;
	unsigned count;
	struct topo_pu *pus;
};

enum { PLACEMENT_LACK_MAX = 256 };

/* NULL when the placement exists, else why not, in buffer. */
const char *placement_lack(
	const struct topo *topo, enum placement placement, char buffer[PLACEMENT_LACK_MAX]);
