#pragma once
/*
 * A file that is whole or not there: written to a temporary name in the same directory, to the
 * disk, then renamed. Whatever fails (a full disk, no permission), the temporary is removed and an
 * older file of that name is untouched.
 */
#include <stddef.h>

/* A negative errno with what failed on what. */
int file_write(const char *dir, const char *name, const void *data, size_t size_bytes);

/* Moves a finished file into its place, atomically; removes it when that fails. */
int file_rename(const char *from, const char *to);

/* Reads all of a file, with a 0 after it; the caller frees. Not for more than INT_MAX bytes. */
int file_read(const char *path, char **ret_data, size_t *ret_size_bytes);
