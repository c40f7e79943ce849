/*
 * The text of `ipcmark topology`. An object that is its parent's only child stands on the parent's
 * line, so a core with its private L2 takes one line.
 */
#include "topo/topo_impl.h"

#include <errno.h>

#include "base/error.h"
#include "base/units.h"

enum { LIST_MAX = 256 };

static void print_object(FILE *out, hwloc_obj_t object)
{
	char text[UNITS_TEXT_MAX];

	switch (object->type) {
	case HWLOC_OBJ_L2CACHE:
	case HWLOC_OBJ_L3CACHE:
		fprintf(out, "L%u", object->attr->cache.depth);
		if (object->attr->cache.size)
			fprintf(out, " %s", size_format(text, (size_t)object->attr->cache.size));
		break;
	case HWLOC_OBJ_PU:
		fprintf(out, "CPU %u", object->os_index);
		break;
	case HWLOC_OBJ_MACHINE:
		fputs("Machine", out);
		break;
	default:
		fprintf(out, "%s %u", hwloc_obj_type_string(object->type), object->logical_index);
	}
}

static void print_tree(FILE *out, hwloc_obj_t object, unsigned depth)
{
	print_object(out, object);
	for (hwloc_obj_t memory = object->memory_first_child; memory; memory = memory->next_sibling)
		if (memory->type == HWLOC_OBJ_NUMANODE)
			fprintf(out, " [NUMA node %u]", memory->os_index);
	if (object->arity == 1) {
		fputs(" + ", out);
		print_tree(out, object->first_child, depth);
		return;
	}
	fputc('\n', out);
	for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling) {
		fprintf(out, "%*s", 2 * (int)(depth + 1), "");
		print_tree(out, child, depth + 1);
	}
}

static int print_placement(FILE *out, const struct topo *topo, enum placement placement)
{
	char text[PLACEMENT_LACK_MAX];
	int cpus[2];

	fprintf(out, "%-14s ", placement_name(placement));
	if (placement_lack(topo, placement, text)) {
		fprintf(out, "%-9s %s\n", "-", text);
		return 0;
	}
	int r = placement_resolve(topo, placement, 2, cpus);
	if (r < 0)
		return trace(r);
	if (cpus[0] == PLACEMENT_UNBOUND)
		snprintf(text, sizeof(text), "any");
	else
		snprintf(text, sizeof(text), "%d %d", cpus[0], cpus[1]);
	fprintf(out, "%-9s %s", text, placement_meaning(placement));
	unsigned seats = placement_seats(topo, placement);
	if (seats <= topo->count)
		fprintf(out, " (up to %u sides)", seats);
	fputc('\n', out);
	return 0;
}

int topo_print(FILE *out, const struct topo *topo)
{
	char list[LIST_MAX];

	print_tree(out, hwloc_get_root_obj(topo->hwloc), 0);
	fprintf(out, "\nUsable CPUs: %s\n\n%-14s %-9s %s\n",
		topo_cpu_list(topo, list, sizeof(list)), "placement", "CPUs",
		"what they share, or why there is no such place");
	for (int i = 0; i < PLACEMENTS; i++) {
		int r = print_placement(out, topo, (enum placement)i);
		if (r < 0)
			return trace(r);
	}
	if (ferror(out))
		return fail(-EIO,
			"cannot write the topology: the stream has an error; is the disk full?");
	return 0;
}
