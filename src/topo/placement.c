/*
 * With the groups of the levels nested (topo_impl.h), one idea gives all placements: a class is
 * the widest level at which two CPUs differ. Its places are the groups of the level above, and its
 * seats the groups of its own level therein.
 */
#include "topo/placement.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "topo/topo_impl.h"

static const struct {
	const char *name, *meaning;
	enum level level; /* at which the CPUs differ; LEVELS: at none */
} members[PLACEMENTS] = {
	[PLACEMENT_SAME_PU] = {"same_pu", "one CPU", LEVELS},
	[PLACEMENT_SMT] = {"smt", "hyperthreads of one core", LEVEL_PU},
	[PLACEMENT_SAME_L2] = {"same_l2", "cores that share an L2", LEVEL_CORE},
	[PLACEMENT_SAME_L3] = {"same_l3", "cores that share an L3 but no L2", LEVEL_L2},
	[PLACEMENT_SAME_PACKAGE] = {"same_package", "cores of one package that share no cache",
		LEVEL_L3},
	[PLACEMENT_CROSS_NUMA] = {"cross_numa", "different NUMA nodes", LEVEL_NUMA},
	[PLACEMENT_CROSS_PACKAGE] = {"cross_package", "different packages", LEVEL_PACKAGE},
	[PLACEMENT_FREE] = {"free", "unbound, on any of the usable CPUs", LEVELS},
};

const char *placement_name(enum placement placement)
{
	return members[placement].name;
}

const char *placement_meaning(enum placement placement)
{
	return members[placement].meaning;
}

int placement_parse(const char *name, enum placement *ret_placement)
{
	char list[256] = "";

	for (int i = 0; i < PLACEMENTS; i++) {
		if (strcmp(members[i].name, name) == 0) {
			*ret_placement = (enum placement)i;
			return 0;
		}
		size_t used = strlen(list);
		snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", members[i].name);
	}
	return fail(-EINVAL, "'%s' is no placement; there are %s", name, list);
}

static enum placement class_of(const struct topo_pu *a, const struct topo_pu *b)
{
	static const enum placement classes[LEVELS] = {
		[LEVEL_PACKAGE] = PLACEMENT_CROSS_PACKAGE,
		[LEVEL_NUMA] = PLACEMENT_CROSS_NUMA,
		[LEVEL_L3] = PLACEMENT_SAME_PACKAGE,
		[LEVEL_L2] = PLACEMENT_SAME_L3,
		[LEVEL_CORE] = PLACEMENT_SAME_L2,
		[LEVEL_PU] = PLACEMENT_SMT,
	};

	for (int level = 0; level < LEVELS; level++)
		if (a->ids[level] != b->ids[level])
			return classes[level];
	return PLACEMENT_SAME_PU;
}

/* How a placement divides the CPUs: into places, and those into seats. */
struct division {
	int place_level; /* -1: the machine is one place */
	int seat_level;  /* LEVELS: every CPU is a place of one seat */
	bool by_node;    /* the seats are NUMA nodes, whatever the packages */
};

static int place_id(const struct division *division, const struct topo_pu *pu)
{
	return division->place_level < 0 ? 0 : pu->ids[division->place_level];
}

static int seat_id(const struct division *division, const struct topo_pu *pu)
{
	if (division->by_node)
		return pu->node;
	return pu->ids[division->seat_level < LEVELS ? division->seat_level : LEVEL_PU];
}

/* A CPU as a division sees it; sorted, those of a place and of a seat stand together. */
struct chair {
	int place, seat, cpu;
	bool seat_of_0, core_of_0;
	unsigned core_rank, logical;
};

static int compare_chairs(const void *a, const void *b)
{
	const struct chair *x = a, *y = b;

	if (x->place != y->place)
		return x->place - y->place;
	if (x->seat_of_0 != y->seat_of_0)
		return x->seat_of_0 - y->seat_of_0;
	if (x->seat != y->seat)
		return x->seat - y->seat;
	if (x->core_rank != y->core_rank)
		return x->core_rank < y->core_rank ? -1 : 1;
	if (x->core_of_0 != y->core_of_0)
		return x->core_of_0 - y->core_of_0;
	return x->logical < y->logical ? -1 : 1;
}

static const struct topo_pu *find(const struct topo *topo, int cpu)
{
	for (unsigned i = 0; i < topo->count; i++)
		if (topo->pus[i].cpu == cpu)
			return &topo->pus[i];
	return NULL;
}

/* The caller owns the array, of topo->count chairs; NULL without memory. */
static struct chair *arrange(const struct topo *topo, const struct division *division)
{
	const struct topo_pu *zero = find(topo, 0);
	struct chair *chairs = calloc(topo->count, sizeof(*chairs));

	for (unsigned i = 0; chairs && i < topo->count; i++) {
		const struct topo_pu *pu = &topo->pus[i];
		chairs[i] = (struct chair){
			.place = place_id(division, pu),
			.seat = seat_id(division, pu),
			.cpu = pu->cpu,
			.seat_of_0 = zero && seat_id(division, pu) == seat_id(division, zero),
			.core_of_0 = zero && pu->ids[LEVEL_CORE] == zero->ids[LEVEL_CORE],
			.core_rank = pu->core_rank,
			.logical = i,
		};
	}
	if (chairs)
		qsort(chairs, topo->count, sizeof(*chairs), compare_chairs);
	return chairs;
}

/* A place: a stretch of the sorted chairs. */
struct place {
	const struct chair *first;
	unsigned chairs, seats;
	bool core_of_0;
};

/* The place that begins at chair `from`. */
static struct place place_at(const struct chair *chairs, unsigned count, unsigned from)
{
	struct place place = {.first = chairs + from};

	for (unsigned i = from; i < count && chairs[i].place == chairs[from].place; i++) {
		place.chairs++;
		place.seats += i == from || chairs[i].seat != chairs[i - 1].seat;
		place.core_of_0 |= chairs[i].core_of_0;
	}
	return place;
}

static unsigned at_most(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static struct place choose(const struct chair *chairs, unsigned count, unsigned sides)
{
	struct place best = {0}, place;

	for (unsigned from = 0; from < count; from += place.chairs) {
		place = place_at(chairs, count, from);
		int seats = (int)at_most(place.seats, sides) - (int)at_most(best.seats, sides);
		int room = (int)at_most(place.chairs, sides) - (int)at_most(best.chairs, sides);
		bool better = seats  ? seats > 0
			      : room ? room > 0
				     : best.core_of_0 && !place.core_of_0;
		if (better)
			best = place;
	}
	return best;
}

/* Side after side takes the next seat, and of it the next chair. */
static void seat_sides(const struct place *place, unsigned sides, int cpus[])
{
	for (unsigned side = 0; side < sides; side++) {
		unsigned wanted = side % place->seats, first = 0, size = 0;
		for (unsigned seat = 0; seat <= wanted; seat++) {
			first += size;
			for (size = 1; first + size < place->chairs &&
				       place->first[first + size].seat == place->first[first].seat;
				size++)
				;
		}
		cpus[side] = place->first[first + side / place->seats % size].cpu;
	}
}

/* The division of a bound placement: the nodes of one package if any has two, else all nodes. */
static struct division division_of(const struct topo *topo, enum placement placement)
{
	enum level level = members[placement].level;
	struct division division = {
		.place_level = level == LEVELS ? LEVEL_PU : (int)level - 1, .seat_level = level};

	if (placement != PLACEMENT_CROSS_NUMA)
		return division;
	for (unsigned i = 0; i < topo->count; i++)
		for (unsigned j = 0; j < i; j++)
			if (class_of(&topo->pus[i], &topo->pus[j]) == PLACEMENT_CROSS_NUMA)
				return division;
	return (struct division){.place_level = -1, .by_node = true};
}

static bool shows(const struct topo *topo, hwloc_obj_type_t type)
{
	return hwloc_get_nbobjs_by_type(topo->hwloc, type) > 0;
}

static const char *reason_of(const struct topo *topo, enum placement placement)
{
	switch (placement) {
	case PLACEMENT_SMT:
		return "no core has two of them";
	case PLACEMENT_SAME_L2:
		return shows(topo, HWLOC_OBJ_L2CACHE)
			       ? "no L2 serves two cores"
			       : "the machine shows no L2 (virtual machines may hide it)";
	case PLACEMENT_SAME_L3:
		return shows(topo, HWLOC_OBJ_L3CACHE)
			       ? "no L3 serves two cores with an L2 each"
			       : "the machine shows no L3 (virtual machines may hide it)";
	case PLACEMENT_SAME_PACKAGE:
		return "all cores of a package's NUMA node share a cache";
	case PLACEMENT_CROSS_NUMA:
		return "they are all on one NUMA node";
	default:
		return "they are all in one package";
	}
}

const char *placement_lack(
	const struct topo *topo, enum placement placement, char buffer[PLACEMENT_LACK_MAX])
{
	char list[128];

	if (placement_seats(topo, placement) > 0)
		return NULL;
	snprintf(buffer, PLACEMENT_LACK_MAX, "%s: %s", topo_cpu_list(topo, list, sizeof(list)),
		topo->count == 1 ? "it is the only one" : reason_of(topo, placement));
	return buffer;
}

int placement_resolve(const struct topo *topo, enum placement placement, unsigned sides, int cpus[])
{
	char lack[PLACEMENT_LACK_MAX];

	assert(sides > 0);
	if (placement_lack(topo, placement, lack))
		return fail(-EOPNOTSUPP, "no %s (%s) among the usable CPUs %s",
			members[placement].name, members[placement].meaning, lack);
	if (placement == PLACEMENT_FREE) {
		for (unsigned side = 0; side < sides; side++)
			cpus[side] = PLACEMENT_UNBOUND;
		return 0;
	}
	struct division division = division_of(topo, placement);
	_cleanup_(freep) struct chair *chairs = arrange(topo, &division);
	if (!chairs)
		return fail(-ENOMEM, "out of memory for a placement");
	/* One side sits where two would: alone, a place of one seat would do as well. */
	struct place place = choose(chairs, topo->count, sides < 2 ? 2 : sides);
	seat_sides(&place, sides, cpus);
	return 0;
}

/* Whether no CPU before this one is in its group. */
static bool is_first(const struct topo *topo, unsigned place,
	int (*id)(const struct division *, const struct topo_pu *), const struct division *division)
{
	for (unsigned i = 0; i < place; i++)
		if (id(division, &topo->pus[i]) == id(division, &topo->pus[place]))
			return false;
	return true;
}

unsigned placement_seats(const struct topo *topo, enum placement placement)
{
	unsigned most = 0;

	if (members[placement].level == LEVELS)
		return UINT_MAX;
	struct division division = division_of(topo, placement);
	for (unsigned i = 0; i < topo->count; i++) {
		unsigned seats = 0;
		if (!is_first(topo, i, place_id, &division))
			continue;
		for (unsigned j = i; j < topo->count; j++)
			seats += place_id(&division, &topo->pus[j]) ==
					 place_id(&division, &topo->pus[i]) &&
				 is_first(topo, j, seat_id, &division);
		if (seats > most)
			most = seats;
	}
	return most > 1 ? most : 0;
}

int placement_of(const struct topo *topo, int cpu_a, int cpu_b)
{
	const struct topo_pu *a = find(topo, cpu_a), *b = find(topo, cpu_b);
	char list[128];

	if (!a || !b)
		return fail(-EINVAL, "CPU %d is none of the usable CPUs %s", a ? cpu_b : cpu_a,
			topo_cpu_list(topo, list, sizeof(list)));
	return class_of(a, b);
}

int placement_pairs(const struct topo *topo, struct placement_pair **ret_pairs)
{
	size_t count = (size_t)topo->count * (topo->count - 1) / 2, at = 0;
	struct placement_pair *pairs = NULL;

	if (count > INT_MAX)
		return fail(-EOVERFLOW, "too many pairs of %u CPUs", topo->count);
	if (count && !(pairs = calloc(count, sizeof(*pairs))))
		return fail(-ENOMEM, "out of memory for %zu pairs of CPUs", count);
	for (unsigned i = 0; i < topo->count; i++)
		for (unsigned j = i + 1; j < topo->count; j++)
			pairs[at++] = (struct placement_pair){
				.cpu_a = topo->pus[i].cpu,
				.cpu_b = topo->pus[j].cpu,
				.placement = class_of(&topo->pus[i], &topo->pus[j]),
			};
	*ret_pairs = pairs;
	return (int)count;
}
