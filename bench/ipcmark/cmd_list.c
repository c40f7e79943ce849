/* `ipcmark list`: what there is to measure on this machine; with patterns, the cells. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "harness/cell.h"
#include "ipcmark/command.h"
#include "ipcmark/plan.h"
#include "topo/placement.h"
#include "topo/topo.h"

enum { OPT_SUITE, OPT_IDLE, OPT_SKIPPED, OPT_RUNNABLE, OPT_JSON };

enum { NAME_COLUMN = 26 };

static const struct option_spec options[] = {
	[OPT_SUITE] = {"suite", 's', "FILE|NAME", "the cells of a suite"},
	[OPT_IDLE] = {"idle", 0, "held|free|auto",
		"for cells that do not say\n(default: auto, held if permitted)"},
	[OPT_SKIPPED] = {"skipped", 0, NULL,
		"only the cells that cannot run here, with the reason"},
	[OPT_RUNNABLE] = {"runnable", 'r', NULL,
		"only the names of cells that can run: for other tools"},
	[OPT_JSON] = {"json", 'j', NULL, "the cells as JSON, with their axes"},
	{.name = NULL},
};

struct arguments {
	const char *suite;
	struct params params;
	bool skipped, runnable, json;
};

static int option_set(void *context, unsigned option, const char *value)
{
	struct arguments *arguments = context;

	if (option == OPT_SUITE)
		arguments->suite = value;
	else if (option == OPT_IDLE)
		return trace(value_idle("--idle", value, &arguments->params.idle));
	else if (option == OPT_SKIPPED)
		arguments->skipped = true;
	else if (option == OPT_RUNNABLE)
		arguments->runnable = true;
	else
		arguments->json = true;
	return 0;
}

static void print_capabilities(const struct subject *subject)
{
	const char *const *names = subject->family->capability_names;
	const char *separator = "";

	printf("  %*s", NAME_COLUMN, "");
	for (unsigned i = 0; !names[i] || names[i][0]; i++) {
		if (!names[i] || !(subject->capabilities & 1U << i))
			continue;
		printf("%s%s", separator, names[i]);
		separator = ", ";
	}
	putchar('\n');
}

static void print_subjects(const struct family *family)
{
	const struct subject_limits *limits;
	char size[UNITS_TEXT_MAX];
	struct subject subject;

	if (!subject_at(family, 0, &subject))
		return;
	printf("%s%s%s:\n", family == families[0] ? "" : "\n", family->title,
		family->sized ? " (up to their largest message here)" : "");
	for (unsigned i = 0; subject_at(family, i, &subject); i++) {
		if (subject_probe(&subject, &limits) < 0) {
			printf("  %-*sskipped: %s\n", NAME_COLUMN, subject.name, limits->reason);
			continue;
		}
		printf("  %-*s%s", NAME_COLUMN, subject.name, subject.summary);
		if (family->sized)
			printf(" (up to %s)", size_format(size, limits->message_max_bytes));
		putchar('\n');
		print_capabilities(&subject);
	}
}

static void print_workloads(void)
{
	printf("\nWorkloads:\n");
	for (unsigned i = 0; workloads[i]; i++) {
		printf("  %-*s%s (per %s)", NAME_COLUMN, workloads[i]->name, workloads[i]->summary,
			workloads[i]->unit);
		for (unsigned j = 0; workloads[i]->params[j].values; j++)
			printf("%s%s=", j ? " " : "; has ",
				param_table[workloads[i]->params[j].key].key);
		putchar('\n');
	}
}

static void print_placements(const struct topo *topo)
{
	printf("\nPlacements of two sides here:\n");
	for (unsigned i = 0; i < PLACEMENTS; i++) {
		enum placement placement = (enum placement)i;
		int cpus[2];
		int r = placement_resolve(topo, placement, 2, cpus);
		printf("  %-*s", NAME_COLUMN, placement_name(placement));
		if (r < 0)
			printf("skipped: %s\n", error_message(r));
		else if (cpus[0] == PLACEMENT_UNBOUND)
			printf("%s\n", placement_meaning(placement));
		else
			printf("CPUs %d and %d: %s\n", cpus[0], cpus[1],
				placement_meaning(placement));
	}
	printf("  %-*sa pair of CPUs, also as a glob: cpu*-cpu*\n", NAME_COLUMN, "cpuA-cpuB");
	printf("  %-*sthe closest of those with two cores\n", NAME_COLUMN, "two_cores");
}

/* Without patterns: the axes. */
static int print_overview(const struct plan *plan, const struct topo *topo)
{
	for (unsigned i = 0; families[i]; i++)
		print_subjects(families[i]);
	print_workloads();
	print_placements(topo);
	printf("\nCells with default keys: %u, and %zu that cannot run here "
	       "('ipcmark list --skipped' has the reasons)\n",
		plan->runnable, plan->cells.count - plan->runnable);
	return EXIT_OK;
}

static void axis_put(void *context, const char *axis, const char *value)
{
	json_object_set_new(context, axis, json_string(value));
}

static int print_json(const struct plan *plan)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < plan->cells.count; i++) {
		const struct cell *cell = &plan->cells.cells[i];
		json_t *axes = json_object();
		cell_axes(cell, axis_put, axes);
		json_t *one = json_pack("{s:s, s:o}", "name", cell->name, "axes", axes);
		if (cell->reason[0])
			json_object_set_new(one, "skipped", json_string(cell->reason));
		if (json_array_append_new(cells, one) < 0) {
			json_decref(cells);
			return trace(-ENOMEM);
		}
	}
	json_t *root = json_pack("{s:o}", "cells", cells);
	int r = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;
	json_decref(root);
	putchar('\n');
	return r < 0 ? fail(-EIO, "cannot write the list") : EXIT_OK;
}

static int print_cells(const struct plan *plan, const struct arguments *arguments)
{
	for (size_t i = 0; i < plan->cells.count; i++) {
		const struct cell *cell = &plan->cells.cells[i];
		if (cell->reason[0] && !arguments->runnable)
			printf("%s  # skipped: %s\n", cell->name, cell->reason);
		else if (!cell->reason[0] && !arguments->skipped)
			printf("%s\n", cell->name);
	}
	return EXIT_OK;
}

static int plan_make(struct plan *plan, const struct arguments *arguments, int pattern_count,
	char **patterns, const struct topo *topo)
{
	_cleanup_(suite_deinit) struct suite suite = {.job_count = 0};
	struct params defaults, params;

	plan_defaults(false, &defaults);
	params = defaults;
	params_override(&params, &arguments->params);
	if (arguments->suite) {
		int r = suite_load(arguments->suite, &suite);
		if (r == 0)
			r = plan_add_suite(plan, &suite, &defaults, &arguments->params, topo);
		return r < 0 ? trace(r) : trace(plan_keep(plan, pattern_count, patterns));
	}
	for (int i = 0; i < pattern_count; i++) {
		int r = plan_add_pattern(plan, patterns[i], &params, topo);
		if (r < 0)
			return trace(r);
	}
	return pattern_count ? 0 : trace(plan_add_pattern(plan, "*", &params, topo));
}

static int list_command(const struct command *command, int argc, char **argv)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	_cleanup_(plan_deinit) struct plan plan = {.runnable = 0};
	struct arguments arguments = {0};
	int first;

	int r = options_parse(command, argc, argv, option_set, &arguments, &first);
	if (r != 0)
		return r < 0 ? trace(r) : EXIT_OK;
	r = topo_load(&topo);
	if (r == 0)
		r = plan_make(&plan, &arguments, argc - first, argv + first, topo);
	if (r < 0)
		return trace(r);
	if (arguments.json)
		return trace(print_json(&plan));
	if (first == argc && !arguments.suite && !arguments.skipped && !arguments.runnable)
		return trace(print_overview(&plan, topo));
	return trace(print_cells(&plan, &arguments));
}

const struct command command_list = {
	.name = "list",
	.arguments = "[GLOB…]",
	.summary = "what there is to measure; cells, and the skipped with their reasons",
	.description =
		"Without patterns: the subjects, workloads and placements of this machine. With\n"
		"patterns: the cells that match, one per line; behind those that cannot run here\n"
		"stands '# skipped: ' and the reason.",
	.options = options,
	.run = list_command,
};
