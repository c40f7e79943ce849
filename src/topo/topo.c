/*
 * hwloc knows all kinds of objects; this layer asks for the four that placements are about
 * (package, L3, L2, core; NUMA nodes and CPUs are always there) and then holds a table of CPUs and
 * groups, so that nothing else walks hwloc's tree but the printer.
 */
#include "topo/topo_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

static void bitmap_freep(hwloc_bitmap_t *bitmap)
{
	hwloc_bitmap_free(*bitmap);
}

/* What identifies a CPU's group of a level: its hwloc object. A cache that isn't there is replaced
 * by the next narrower thing, and so not shared; a package or node that isn't, by NULL: all one. */
static void groups_of(const struct topo *topo, hwloc_obj_t pu, const void *ret_groups[LEVELS])
{
	static const hwloc_obj_type_t types[LEVELS] = {
		[LEVEL_PACKAGE] = HWLOC_OBJ_PACKAGE,
		[LEVEL_L3] = HWLOC_OBJ_L3CACHE,
		[LEVEL_L2] = HWLOC_OBJ_L2CACHE,
		[LEVEL_CORE] = HWLOC_OBJ_CORE,
	};
	int node = pu->nodeset ? hwloc_bitmap_first(pu->nodeset) : -1;

	ret_groups[LEVEL_PU] = pu;
	for (int level = LEVEL_CORE; level >= LEVEL_L3; level--) {
		ret_groups[level] = hwloc_get_ancestor_obj_by_type(topo->hwloc, types[level], pu);
		if (!ret_groups[level])
			ret_groups[level] = ret_groups[level + 1];
	}
	/* Several nodes (DRAM and HBM) may be local: the first stands for all. */
	ret_groups[LEVEL_NUMA] =
		node < 0 ? NULL : hwloc_get_numanode_obj_by_os_index(topo->hwloc, (unsigned)node);
	ret_groups[LEVEL_PACKAGE] =
		hwloc_get_ancestor_obj_by_type(topo->hwloc, types[LEVEL_PACKAGE], pu);
}

/* Numbers the groups as they come, each level within the one above. */
static void number_groups(struct topo_pu *pus, unsigned count, const void *groups[][LEVELS])
{
	int next[LEVELS] = {0}, next_node = 0;

	for (unsigned i = 0; i < count; i++) {
		struct topo_pu *pu = &pus[i];
		for (int level = 0; level < LEVELS; level++)
			pu->ids[level] = -1;
		pu->node = -1;
		for (unsigned j = 0; j < i; j++) {
			for (int level = 0; level < LEVELS; level++) {
				if (groups[i][level] != groups[j][level])
					break;
				pu->ids[level] = pus[j].ids[level];
			}
			if (groups[i][LEVEL_NUMA] == groups[j][LEVEL_NUMA])
				pu->node = pus[j].node;
			pu->core_rank += pu->ids[LEVEL_CORE] >= 0 &&
					 pus[j].ids[LEVEL_CORE] == pu->ids[LEVEL_CORE];
		}
		for (int level = 0; level < LEVELS; level++)
			if (pu->ids[level] < 0)
				pu->ids[level] = next[level]++;
		if (pu->node < 0)
			pu->node = next_node++;
	}
}

/* Makes the table of CPUs; the one before stays when that fails. */
static int survey(struct topo *topo)
{
	int found = hwloc_get_nbobjs_by_type(topo->hwloc, HWLOC_OBJ_PU);
	unsigned count = found > 0 ? (unsigned)found : 0;

	if (!count)
		return fail(-EINVAL, "the topology has no CPU that may be used");
	_cleanup_(freep) struct topo_pu *pus = calloc(count, sizeof(*pus));
	_cleanup_(freep) const void *(*groups)[LEVELS] = calloc(count, sizeof(*groups));
	if (!pus || !groups)
		return fail(-ENOMEM, "out of memory for a topology of %u CPUs", count);
	for (unsigned i = 0; i < count; i++) {
		hwloc_obj_t pu = hwloc_get_obj_by_type(topo->hwloc, HWLOC_OBJ_PU, i);
		pus[i].cpu = (int)pu->os_index;
		groups_of(topo, pu, groups[i]);
	}
	number_groups(pus, count, groups);
	free(topo->pus);
	topo->pus = TAKE_PTR(pus);
	topo->count = count;
	return 0;
}

static int start(struct topo **ret_topo)
{
	static const hwloc_obj_type_t wanted[] = {
		HWLOC_OBJ_PACKAGE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_CORE};
	_cleanup_(topo_freep) struct topo *topo = calloc(1, sizeof(*topo));

	if (!topo || hwloc_topology_init(&topo->hwloc) < 0)
		return fail(-ENOMEM, "out of memory for a topology");
	hwloc_topology_set_all_types_filter(topo->hwloc, HWLOC_TYPE_FILTER_KEEP_NONE);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		hwloc_topology_set_type_filter(topo->hwloc, wanted[i], HWLOC_TYPE_FILTER_KEEP_ALL);
	/* A NUMA node that is part of a package or cache hangs on a group; without it, hwloc would
	 * make the node local to all. */
	hwloc_topology_set_type_filter(
		topo->hwloc, HWLOC_OBJ_GROUP, HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
	*ret_topo = TAKE_PTR(topo);
	return 0;
}

static int load(struct topo *topo, unsigned long flags, const char *what)
{
	hwloc_topology_set_flags(topo->hwloc, flags | HWLOC_TOPOLOGY_FLAG_NO_DISTANCES |
						      HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS |
						      HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS);
	if (hwloc_topology_load(topo->hwloc) < 0)
		return fail(errno > 0 ? -errno : -EIO, "cannot load the topology of %s: %s", what,
			strerror(errno > 0 ? errno : EIO));
	topo->live = hwloc_topology_is_thissystem(topo->hwloc);
	return 0;
}

static int restrict_to(struct topo *topo, hwloc_const_bitmap_t cpus)
{
	if (hwloc_bitmap_isincluded(hwloc_topology_get_topology_cpuset(topo->hwloc), cpus))
		return 0;
	if (hwloc_topology_restrict(topo->hwloc, cpus, HWLOC_RESTRICT_FLAG_REMOVE_CPULESS) < 0)
		return fail(-errno, "cannot restrict the topology: %s", strerror(errno));
	return 0;
}

int topo_load(struct topo **ret_topo)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	_cleanup_(bitmap_freep) hwloc_bitmap_t affinity = hwloc_bitmap_alloc();

	if (!affinity)
		return fail(-ENOMEM, "out of memory for a topology");
	int r = start(&topo);
	/* hwloc's x86 reader would visit every CPU; Linux tells the same without moving us. */
	if (r == 0)
		r = load(topo, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING, "this machine");
	/* hwloc leaves out what the cpuset forbids; taskset is for us to obey. HWLOC_XMLFILE in
	 * the environment makes it another machine, where our affinity means nothing. */
	if (r == 0 && topo->live &&
		hwloc_get_cpubind(topo->hwloc, affinity, HWLOC_CPUBIND_THREAD) == 0)
		r = restrict_to(topo, affinity);
	if (r == 0)
		r = survey(topo);
	if (r < 0)
		return trace(r);
	*ret_topo = TAKE_PTR(topo);
	return 0;
}

int topo_load_xml(const char *path, struct topo **ret_topo)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	int r = start(&topo);

	if (r < 0)
		return trace(r);
	if (hwloc_topology_set_xml(topo->hwloc, path) < 0)
		return fail(errno == ENOENT ? -ENOENT : -EINVAL,
			"cannot read the topology '%s': it does not exist or is no XML of hwloc; "
			"make one with `lstopo --of xml FILE`",
			path);
	r = load(topo, 0, path);
	if (r == 0)
		r = survey(topo);
	if (r < 0)
		return trace(r);
	*ret_topo = TAKE_PTR(topo);
	return 0;
}

int topo_load_synthetic(const char *description, struct topo **ret_topo)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	int r = start(&topo);

	if (r < 0)
		return trace(r);
	if (hwloc_topology_set_synthetic(topo->hwloc, description) < 0)
		return fail(-EINVAL,
			"'%s' is no synthetic topology (example: \"pack:2 l3:2 core:4 pu:2\"; "
			"HWLOC_SYNTHETIC_VERBOSE=1 tells more)",
			description);
	r = load(topo, 0, description);
	if (r == 0)
		r = survey(topo);
	if (r < 0)
		return trace(r);
	*ret_topo = TAKE_PTR(topo);
	return 0;
}

void topo_free(struct topo *topo)
{
	int saved = errno;

	if (!topo)
		return;
	if (topo->hwloc)
		hwloc_topology_destroy(topo->hwloc);
	free(topo->pus);
	free(topo);
	errno = saved;
}

void topo_freep(struct topo **topo)
{
	topo_free(*topo);
}

/* "0-3,8": hwloc would take anything that begins so, and ranges without an end. */
static bool is_list(const char *text)
{
	for (;; text++) {
		size_t digits = strspn(text, "0123456789");
		if (digits && text[digits] == '-') {
			text += digits + 1;
			digits = strspn(text, "0123456789");
		}
		text += digits;
		if (!digits || (*text && *text != ','))
			return false;
		if (!*text)
			return true;
	}
}

int topo_restrict(struct topo *topo, const char *cpu_list)
{
	_cleanup_(bitmap_freep) hwloc_bitmap_t cpus = hwloc_bitmap_alloc();

	if (!cpus)
		return fail(-ENOMEM, "out of memory for a list of CPUs");
	if (!is_list(cpu_list) || hwloc_bitmap_list_sscanf(cpus, cpu_list) < 0)
		return fail(-EINVAL, "'%s' is no list of CPUs (example: 0-3,8)", cpu_list);
	if (!hwloc_bitmap_intersects(cpus, hwloc_topology_get_topology_cpuset(topo->hwloc))) {
		char have[128];
		return fail(-EINVAL, "the topology has none of the CPUs %s: it has %s", cpu_list,
			topo_cpu_list(topo, have, sizeof(have)));
	}
	int r = restrict_to(topo, cpus);
	return r < 0 ? trace(r) : trace(survey(topo));
}

unsigned topo_cpu_count(const struct topo *topo)
{
	return topo->count;
}

int topo_cpu(const struct topo *topo, unsigned place)
{
	assert(place < topo->count);
	return topo->pus[place].cpu;
}

bool topo_has_cpu(const struct topo *topo, int cpu)
{
	for (unsigned i = 0; i < topo->count; i++)
		if (topo->pus[i].cpu == cpu)
			return true;
	return false;
}

char *topo_cpu_list(const struct topo *topo, char *buffer, size_t size)
{
	static const char cut[] = "…";

	assert(size >= sizeof(cut));
	int length = hwloc_bitmap_list_snprintf(
		buffer, size, hwloc_topology_get_topology_cpuset(topo->hwloc));
	if (length < 0 || (size_t)length >= size) {
		buffer[size - sizeof(cut)] = '\0';
		char *comma = strrchr(buffer, ',');
		memcpy(comma ? comma + 1 : buffer, cut, sizeof(cut));
	}
	return buffer;
}

bool topo_is_live(const struct topo *topo)
{
	return topo->live;
}

uint64_t topo_hash(const struct topo *topo)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < topo->count; i++) {
		const struct topo_pu *pu = &topo->pus[i];
		hash = (hash ^ (unsigned)pu->cpu) * UINT64_C(0x100000001b3);
		hash = (hash ^ (unsigned)pu->node) * UINT64_C(0x100000001b3);
		for (int level = 0; level < LEVELS; level++)
			hash = (hash ^ (unsigned)pu->ids[level]) * UINT64_C(0x100000001b3);
	}
	return hash;
}
