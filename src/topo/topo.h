#pragma once
/*
 * The machine's topology: of this machine, of an XML file (lstopo --of xml), or of hwloc's
 * synthetic description ("pack:2 l3:2 core:2 pu:2"). It holds only the CPUs that may be used: of a
 * live machine, those of the cpuset and of the calling thread's affinity, so load it before
 * binding.
 *
 * A topology doesn't change after loading (but by topo_restrict) and may then be read by all
 * threads. CPUs are named by their OS index; their order is the logical one (neighbours in the
 * machine are neighbours in the order).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct topo;

/* The caller owns *ret_topo. A negative errno and a message when it cannot be loaded. */
int topo_load(struct topo **ret_topo);
int topo_load_xml(const char *path, struct topo **ret_topo);
int topo_load_synthetic(const char *description, struct topo **ret_topo);

/* Accepts NULL. */
void topo_free(struct topo *topo);

/* For _cleanup_(topo_freep). */
void topo_freep(struct topo **topo);

/* Leaves only the CPUs of the list ("0-3,8"). -EINVAL when it is no list or would leave none; the
 * topology is then as before. */
int topo_restrict(struct topo *topo, const char *cpu_list);

unsigned topo_cpu_count(const struct topo *topo);

/* OS index of the CPU at this place of the logical order. */
int topo_cpu(const struct topo *topo, unsigned place);
bool topo_has_cpu(const struct topo *topo, int cpu);

/* "0-3,8": the OS indices; returns buffer. A list that is too long ends in "…". */
char *topo_cpu_list(const struct topo *topo, char *buffer, size_t size);

/* Whether it describes the machine that this process runs on. */
bool topo_is_live(const struct topo *topo);

/* Stable hash of what placements depend on: CPUs, and which share what. */
uint64_t topo_hash(const struct topo *topo);

/*
 * For `ipcmark topology`: the tree, then every placement with its CPUs for two sides or the reason
 * why it does not exist. A negative errno when the stream has an error.
 */
int topo_print(FILE *out, const struct topo *topo);
