/*
 * The table of a command, given to getopt_long(), whose own messages are replaced by ours: they
 * name the command, and where to look.
 */
#include "ipcmark/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

const char ipcmark_version[] = IPCMARK_VERSION;

enum { OPTIONS_MAX = 32, SHORT_MAX = 3 * OPTIONS_MAX, HELP_COLUMN = 26 };

/* getopt's values of long options: behind the letters. */
enum { VALUE_LONG = 256, VALUE_HELP = VALUE_LONG + OPTIONS_MAX };

static unsigned options_count(const struct option_spec *options)
{
	unsigned count = 0;

	while (options[count].name)
		count++;
	return count;
}

static void print_option(const struct option_spec *option)
{
	char left[64];
	int n = 0;

	if (option->letter)
		n = snprintf(left, sizeof(left), "-%c, ", option->letter);
	else
		n = snprintf(left, sizeof(left), "    ");
	snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", option->name,
		option->argument ? "=" : "", option->argument ? option->argument : "");
	printf("  %-*s", HELP_COLUMN - 2, left);
	/* The text starts on the next line when there is no room for a gap. */
	if (strlen(left) > HELP_COLUMN - 4)
		printf("\n%*s", HELP_COLUMN, "");
	for (const char *line = option->help; line;) {
		const char *end = strchr(line, '\n');
		int length = end ? (int)(end - line) : (int)strlen(line);
		printf("%s%.*s\n", "", length, line);
		line = end ? end + 1 : NULL;
		if (line)
			printf("%*s", HELP_COLUMN, "");
	}
}

void command_help(const struct command *command)
{
	static const struct option_spec help = {"help", 'h', NULL, "show this text"};

	printf("Usage: ipcmark %s [OPTION…]%s%s\n\n%s\n\nOptions:\n", command->name,
		command->arguments[0] ? " " : "", command->arguments, command->description);
	for (unsigned i = 0; command->options[i].name; i++)
		print_option(&command->options[i]);
	print_option(&help);
}

static int unknown(const struct command *command, const char *given)
{
	return fail(-EINVAL, "%s: unknown option '%s' (see 'ipcmark %s --help')", command->name,
		given, command->name);
}

/* What getopt_long() found wrong in argv[optind - 1]. */
static int complain(const struct command *command, int found, char **argv)
{
	const char *given = argv[optind - 1];
	char letter[] = {'-', (char)optopt, '\0'};

	if (found == ':')
		return fail(-EINVAL, "%s: the option '%s' needs a value", command->name,
			optopt < VALUE_LONG ? letter : given);
	if (optopt >= VALUE_LONG)
		return fail(-EINVAL, "%s: the option '%s' takes no value", command->name, given);
	return trace(unknown(command, optopt ? letter : given));
}

/* The index in the command's table of what getopt_long() returned. */
static unsigned option_index(const struct command *command, int found)
{
	unsigned i = 0;

	if (found >= VALUE_LONG)
		return (unsigned)(found - VALUE_LONG);
	while (command->options[i].letter != found)
		i++;
	return i;
}

static void options_convert(
	const struct command *command, struct option *ret_longs, char *ret_shorts)
{
	unsigned count = options_count(command->options);
	char *at = ret_shorts;

	/* ':' makes getopt tell a missing value from an unknown option. */
	*at++ = ':';
	*at++ = 'h';
	for (unsigned i = 0; i < count; i++) {
		const struct option_spec *option = &command->options[i];
		ret_longs[i] = (struct option){.name = option->name,
			.has_arg = option->argument ? required_argument : no_argument,
			.val = VALUE_LONG + (int)i};
		if (option->letter)
			*at++ = option->letter;
		if (option->letter && option->argument)
			*at++ = ':';
	}
	ret_longs[count] = (struct option){.name = "help", .val = VALUE_HELP};
	*at = '\0';
}

int options_parse(const struct command *command, int argc, char **argv,
	int (*set)(void *context, unsigned option, const char *value), void *context,
	int *ret_first)
{
	struct option longs[OPTIONS_MAX + 2] = {{0}};
	char shorts[SHORT_MAX];
	int found;

	options_convert(command, longs, shorts);
	opterr = 0;
	optind = 1;
	while ((found = getopt_long(argc, argv, shorts, longs, NULL)) >= 0) {
		if (found == 'h' || found == VALUE_HELP) {
			command_help(command);
			return 1;
		}
		if (found == '?' || found == ':')
			return trace(complain(command, found, argv));
		int r = set(context, option_index(command, found), optarg);
		if (r < 0)
			return trace(r);
	}
	*ret_first = optind;
	return 0;
}

int arguments_none(const struct command *command, int argc, char **argv, int first)
{
	if (first < argc)
		return fail(-EINVAL,
			"%s takes no arguments, but there is '%s' (see 'ipcmark %s --help')",
			command->name, argv[first], command->name);
	return 0;
}
