/* `ipcmark topology`: the CPUs, and which placements there are. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "ipcmark/command.h"
#include "topo/topo.h"

enum { OPT_XML, OPT_SYNTHETIC, OPT_CPUS };

static const struct option_spec options[] = {
	[OPT_XML] = {"xml", 'x', "FILE", "of another machine, as 'lstopo --of xml' writes it"},
	[OPT_SYNTHETIC] = {"synthetic", 's', "DESCRIPTION",
		"of a machine that need not exist,\nfor example 'pack:2 l3:2 core:4 pu:2'"},
	[OPT_CPUS] = {"cpus", 'c', "LIST", "only these CPUs, for example 0-3,8"},
	{.name = NULL},
};

struct arguments {
	const char *xml, *synthetic, *cpus;
};

static int option_set(void *context, unsigned option, const char *value)
{
	struct arguments *arguments = context;

	if (option == OPT_XML)
		arguments->xml = value;
	else if (option == OPT_SYNTHETIC)
		arguments->synthetic = value;
	else
		arguments->cpus = value;
	return 0;
}

static int topology_command(const struct command *command, int argc, char **argv)
{
	_cleanup_(topo_freep) struct topo *topo = NULL;
	struct arguments arguments = {0};
	int first;

	int r = options_parse(command, argc, argv, option_set, &arguments, &first);
	if (r != 0)
		return r < 0 ? trace(r) : EXIT_OK;
	r = arguments_none(command, argc, argv, first);
	if (r < 0)
		return trace(r);
	if (arguments.xml && arguments.synthetic)
		return fail(-EINVAL, "topology: --xml and --synthetic exclude each other");
	if (arguments.xml)
		r = topo_load_xml(arguments.xml, &topo);
	else if (arguments.synthetic)
		r = topo_load_synthetic(arguments.synthetic, &topo);
	else
		r = topo_load(&topo);
	if (r == 0 && arguments.cpus)
		r = topo_restrict(topo, arguments.cpus);
	if (r == 0)
		r = topo_print(stdout, topo);
	return r < 0 ? trace(r) : EXIT_OK;
}

const struct command command_topology = {
	.name = "topology",
	.arguments = "",
	.summary = "the CPUs, and the placements that they give",
	.description = "Shows the CPUs, what they share, and which placements of the sides of a "
		       "cell that\n"
		       "gives, with the CPUs of each or the reason why there is none.",
	.options = options,
	.run = topology_command,
};
