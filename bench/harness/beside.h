#pragma once
/*
 * What lies beside a program: other programs, scripts, suites. Places are relative to the directory
 * of the executable, so that a build tree and an installed tree that was moved both work; an
 * environment variable stands above them.
 */
#include <limits.h>

/* The directory of the executable; ret_dir has room for PATH_MAX. */
int beside_dir(char *ret_dir);

/* DIR/BELOW/NAME, of which the last two may be "". -ENAMETOOLONG with a message. */
int beside_join(char ret_path[PATH_MAX], const char *dir, const char *below, const char *name);

/* The file in the directory that $variable names, or else in the first of the dirs (ended by NULL)
 * that has it, accessible by mode (access(2)). -ENOENT without a message. */
int beside_find(const char *variable, const char *const *dirs, const char *name, int mode,
	char ret_path[PATH_MAX]);
