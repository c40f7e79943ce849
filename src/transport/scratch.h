#pragma once
/*
 * A fresh directory of our own (mode 0700) under $TMPDIR or /tmp, with room for one name per
 * direction, for mechanisms that meet in the file system. It lives as long as the open() that needs
 * it: a kill in these microseconds is the only way to leave it behind.
 */
#include <stddef.h>

enum { SCRATCH_PATH_MAX = 4096 };

struct scratch {
	char directory[SCRATCH_PATH_MAX]; /* "": none */
};

/* Fails with the directory's name. */
int scratch_open(struct scratch *scratch);

/* The path of name 0 or 1 in it. -ENAMETOOLONG when it does not fit (a socket address has 108
 * bytes). */
int scratch_path(const struct scratch *scratch, unsigned name, char *ret_path, size_t size);

/* Unlinks the names and removes the directory; accepts the empty one; keeps errno. A cleanup
 * function. */
void scratch_close(struct scratch *scratch);
