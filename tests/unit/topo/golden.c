/*
 * What topologies print and where placements go, against tests/golden/topo/NAME.txt. When a change
 * is meant, GOLDEN_RENEW=1 writes the files anew, for review.
 *
 * two_socket_smt.xml is what `lstopo --of xml` writes for "pack:2 l3:2 [numa(memory=8589934592)]
 * l2:2(size=1048576) core:1 pu:2(indexes=2*8:8*1)": CPUs are numbered as Linux does on such a
 * machine, all cores first and then their hyperthreads.
 */
#include "../../cmocka_prelude.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "topo/placement.h"
#include "topo/topo.h"

enum { SIDES = 8 };

struct machine {
	const char *name, *synthetic, *xml, *restriction;
};

static const struct machine machines[] = {
	{.name = "one_cpu", .synthetic = "pack:1 [numa] core:1 pu:1"},
	{.name = "vm_two_cpus", .synthetic = "pack:1 [numa] l3:1(size=33554432) l2:2 core:1 pu:1"},
	{.name = "vm_hidden_caches", .synthetic = "pack:1 [numa] core:4 pu:1"},
	{.name = "shared_l2", .synthetic = "pack:1 [numa] l3:1 l2:2 core:2 pu:1"},
	{.name = "desktop_smt", .synthetic = "pack:1 [numa] l3:1 l2:2 core:1 pu:2"},
	{.name = "two_l3", .synthetic = "pack:1 [numa] l3:2 l2:2 core:1 pu:2"},
	{.name = "nodes_without_packages", .synthetic = "numa:2 core:2 pu:1"},
	{.name = "nodes_below_one_l3", .synthetic = "pack:1 l3:1 numa:2 l2:2 core:1 pu:1"},
	{.name = "two_packages_one_node", .synthetic = "[numa] pack:2 l3:1 l2:2 core:1 pu:1"},
	{.name = "two_sockets", .synthetic = "pack:2 [numa] l3:2 l2:2 core:1 pu:1"},
	{.name = "two_socket_smt", .xml = GOLDEN "/two_socket_smt.xml"},
	{.name = "two_socket_smt_cpuset",
		.xml = GOLDEN "/two_socket_smt.xml",
		.restriction = "0-1,9,12"},
	{.name = "two_socket_smt_uneven",
		.xml = GOLDEN "/two_socket_smt.xml",
		.restriction = "2-5,12-13"},
	{.name = "two_socket_smt_one_cpu",
		.xml = GOLDEN "/two_socket_smt.xml",
		.restriction = "11"},
};

static void print_sides(FILE *out, const struct topo *topo)
{
	int cpus[SIDES];

	fprintf(out, "\nThe CPUs of %d sides\n", SIDES);
	for (int i = 0; i < PLACEMENT_FREE; i++) {
		if (placement_resolve(topo, (enum placement)i, SIDES, cpus) < 0)
			continue;
		fprintf(out, "%-14s", placement_name((enum placement)i));
		for (int side = 0; side < SIDES; side++)
			fprintf(out, " %d", cpus[side]);
		fputc('\n', out);
	}
}

static void print_pairs(FILE *out, const struct topo *topo)
{
	_cleanup_(freep) struct placement_pair *pairs = NULL;
	int count = placement_pairs(topo, &pairs), of_class[PLACEMENTS] = {0};

	assert_true(count >= 0);
	for (int i = 0; i < count; i++)
		of_class[pairs[i].placement]++;
	fprintf(out, "\nPairs of CPUs: %d\n", count);
	for (int i = 0; i < PLACEMENTS; i++)
		if (of_class[i])
			fprintf(out, "%-14s %d\n", placement_name((enum placement)i), of_class[i]);
}

static char *text_of(const struct machine *machine)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	char *text = NULL;
	size_t size = 0;
	int r = machine->xml ? topo_load_xml(machine->xml, &topo)
			     : topo_load_synthetic(machine->synthetic, &topo);

	if (r == 0 && machine->restriction)
		r = topo_restrict(topo, machine->restriction);
	if (r < 0)
		flunk("%s: %s", machine->name, error_message(r));
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(topo_print(out, topo), 0);
	print_sides(out, topo);
	print_pairs(out, topo);
	fclose(out);
	return text;
}

static char *read_all(const char *path)
{
	_cleanup_(fclosep) FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return strdup("");
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		return strdup("");
	}
	return text;
}

/* Line by line; good enough for tables, where lines seldom move. */
static void print_difference(const char *name, const char *wanted, const char *got)
{
	printf("--- tests/golden/topo/%s.txt\n+++ now (GOLDEN_RENEW=1 accepts it)\n", name);
	while (*wanted || *got) {
		int w = (int)strcspn(wanted, "\n"), g = (int)strcspn(got, "\n");
		bool same = w == g && memcmp(wanted, got, (size_t)w) == 0;
		if (!same && *wanted)
			printf("-%.*s\n", w, wanted);
		if (!same && *got)
			printf("+%.*s\n", g, got);
		wanted += w + (wanted[w] != '\0');
		got += g + (got[g] != '\0');
	}
}

static void is_as_recorded(void **state)
{
	const struct machine *machine = *state;
	_cleanup_(freep) char *got = text_of(machine);
	char path[512];

	snprintf(path, sizeof(path), GOLDEN "/%s.txt", machine->name);
	if (getenv("GOLDEN_RENEW")) {
		FILE *file = fopen(path, "we");
		assert_non_null(file);
		fputs(got, file);
		assert_int_equal(fclose(file), 0);
		return;
	}
	_cleanup_(freep) char *wanted = read_all(path);
	if (strcmp(wanted, got) == 0)
		return;
	print_difference(machine->name, wanted, got);
	flunk("%s is not as recorded", machine->name);
}

int main(void)
{
	enum { COUNT = sizeof(machines) / sizeof(machines[0]) };
	struct CMUnitTest tests[COUNT];

	for (unsigned i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){.name = machines[i].name,
			.test_func = is_as_recorded,
			.initial_state = (void *)&machines[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
