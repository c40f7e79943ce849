/* `ipcmark doctor`: what on this machine disturbs or forbids measurements, and what to do. */
#include <stdio.h>

#include "base/error.h"
#include "ipcmark/command.h"
#include "ipcmark/doctor.h"

enum { OPT_ALL, OPT_JSON, OPT_STRICT, OPT_ROOT };

static const struct option_spec options[] = {
	[OPT_ALL] = {"all", 'a', NULL, "also what is in order"},
	[OPT_JSON] = {"json", 'j', NULL, "all findings as JSON"},
	[OPT_STRICT] = {"strict", 0, NULL, "exit with 1 when there is a warning"},
	[OPT_ROOT] = {"root", 0, "DIR",
		"look at copies of /proc, /sys and /dev below DIR;\nwhat only the live machine "
		"tells is "
		"left out"},
	{.name = NULL},
};

struct arguments {
	bool all, json, strict;
	const char *root;
};

static int option_set(void *context, unsigned option, const char *value)
{
	struct arguments *arguments = context;

	if (option == OPT_ALL)
		arguments->all = true;
	else if (option == OPT_JSON)
		arguments->json = true;
	else if (option == OPT_STRICT)
		arguments->strict = true;
	else
		arguments->root = value;
	return 0;
}

static int doctor_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.root = ""};
	struct doctor doctor;
	int first;

	int r = options_parse(command, argc, argv, option_set, &arguments, &first);
	if (r != 0)
		return r < 0 ? trace(r) : EXIT_OK;
	r = arguments_none(command, argc, argv, first);
	if (r < 0)
		return trace(r);
	doctor_run(arguments.root, &doctor);
	r = arguments.json ? doctor_print_json(stdout, &doctor)
			   : doctor_print(stdout, &doctor, arguments.all);
	if (r < 0)
		return trace(r);
	return arguments.strict && doctor_count(&doctor, DOCTOR_WARNING) ? EXIT_FAILED : EXIT_OK;
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "",
	.summary = "what on this machine disturbs or forbids measurements",
	.description = "Looks at what on this machine will disturb or forbid measurements, and "
		       "says for each\n"
		       "what to do. It changes nothing.",
	.options = options,
	.run = doctor_command,
};
