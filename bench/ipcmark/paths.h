#pragma once
/*
 * Where the parts of an installation are: relative to the executable, so that a build tree and an
 * installed tree that was moved both work. Environment variables come first.
 */
#include <limits.h>

/* A harness binary: $IPCMARK_HARNESS_DIR, else the build tree, else the installed tree. -ENOENT
 * with the directories that were looked in. */
int paths_find_harness(const char *name, char ret_path[PATH_MAX]);

/* A suite by name: $IPCMARK_SUITES, else likewise. -ENOENT with the names that there are. */
int paths_find_suite(const char *name, char ret_path[PATH_MAX]);
