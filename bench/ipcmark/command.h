#pragma once
/*
 * The commands of the front end. A command is one file cmd_NAME.c without a header that exports
 * one `const struct command command_NAME`; main.c has the list. Its options are a table, from which
 * both the parser and the help text are made.
 */
#include <stddef.h>

struct option_spec {
	const char *name;     /* without the dashes; NULL ends the table */
	char letter;          /* its short form, 0 for none */
	const char *argument; /* the name of its argument in the help text; NULL: it takes none */
	const char *help;     /* one line, or several */
};

struct command {
	const char *name;
	const char *arguments; /* behind the options in the usage line */
	const char *summary;   /* one line, for the list of commands */
	const char *description;
	const struct option_spec *options;
	/* argv[0] is the command's name. The exit status, or a negative errno, which main prints
	 * and turns into EXIT_ERROR. */
	int (*run)(const struct command *command, int argc, char **argv);
};

/* Exit statuses of all commands. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,        /* a cell failed; with --strict: a finding */
	EXIT_ERROR = 2,         /* usage, or the system did not let us */
	EXIT_INTERRUPTED = 130, /* Ctrl-C or SIGTERM; what was done is kept */
};

extern const struct command command_list, command_run, command_report, command_plot, command_doctor,
	command_topology;

/*
 * Parses argv by the command's table: calls set(context, i, value) for the option options[i], value
 * NULL when it takes none. What set() returns, when negative, ends the parsing.
 *
 * 0: go on, the arguments are argv[*ret_first] … argv[argc - 1]. 1: --help was asked for and
 * printed. -EINVAL with a message for an unknown option, a missing or superfluous value.
 */
int options_parse(const struct command *command, int argc, char **argv,
	int (*set)(void *context, unsigned option, const char *value), void *context,
	int *ret_first);

/* For commands without arguments. -EINVAL with a message when there is one. */
int arguments_none(const struct command *command, int argc, char **argv, int first);

/* Prints the help text of a command. */
void command_help(const struct command *command);

/* The version of the project. */
extern const char ipcmark_version[];
