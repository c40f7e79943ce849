#pragma once
/*
 * The directory of results. What is there already is never overwritten unless that was asked for;
 * that it can be written is found out before the measuring, not after.
 */
#include <limits.h>
#include <stdbool.h>
#include <time.h>

/*
 * Makes the directory (with its parents) and tries to write to it. `wanted` NULL: a new
 * out/ipcmark-DATE-TIME. -EEXIST when it holds results and `overwrite` is false; all with a
 * message.
 */
int outdir_open(const char *wanted, bool overwrite, time_t now, char ret_path[PATH_MAX]);

/* A directory for records below $TMPDIR (/tmp); removed by workdir_remove(), with its files. */
int workdir_open(char ret_path[PATH_MAX]);

/* Accepts "". A cleanup function for a char[PATH_MAX]. */
void workdir_remove(char (*path)[PATH_MAX]);
