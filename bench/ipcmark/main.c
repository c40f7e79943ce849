/*
 * ipcmark: the front end of the benchmarks. It measures nothing itself: every run of a cell is a
 * fresh process of a harness binary.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "ipcmark/command.h"

static const struct command *const commands[] = {&command_list, &command_run, &command_report,
	&command_plot, &command_doctor, &command_topology};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void usage(FILE *out)
{
	fprintf(out,
		"Usage: ipcmark COMMAND [OPTION…] [ARG…]\n\n"
		"Measures how fast Linux processes and threads talk, wait for each other and share "
		"work.\n\nCommands:\n");
	for (unsigned i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out,
		"\nOptions:\n"
		"  -h, --help     show this text; behind a command, its own\n"
		"  -V, --version  show the version\n\n"
		"Exit status: 0 done, 1 a cell failed, 2 an error, 130 interrupted.\n"
		"Start with 'ipcmark doctor' and 'ipcmark run --suite=quick'; see ipcmark(1).\n");
}

static const struct command *command_find(const char *name)
{
	for (unsigned i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* Output that could not be written (a full disk, a closed pipe) must not look like success. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "ipcmark: cannot write to standard output: %s\n", strerror(errno));
	return EXIT_ERROR;
}

static int is_either(const char *text, const char *a, const char *b)
{
	return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_ERROR;
	}
	/* `ipcmark help COMMAND` is what people try first. */
	char help[] = "--help";
	if (strcmp(argv[1], "help") == 0 && argc > 2) {
		argv[1] = argv[2];
		argv[2] = help;
		argc = 3;
	}
	if (is_either(argv[1], "-h", "--help") || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return finish(EXIT_OK);
	}
	if (is_either(argv[1], "-V", "--version")) {
		printf("ipcmark %s\n", ipcmark_version);
		return finish(EXIT_OK);
	}
	const struct command *command = command_find(argv[1]);
	if (!command) {
		fprintf(stderr, "ipcmark: unknown %s '%s' (see 'ipcmark --help')\n",
			argv[1][0] == '-' ? "option" : "command", argv[1]);
		return EXIT_ERROR;
	}
	int r = command->run(command, argc - 1, argv + 1);
	if (r < 0) {
		fflush(stdout);
		error_print(stderr, "ipcmark", r);
		return EXIT_ERROR;
	}
	return finish(r);
}
