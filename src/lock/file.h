#pragma once
/*
 * A file to lock, for flock and fcntl. Two sides exclude each other only through open file
 * descriptions (or processes) of their own, so each opens the file anew in attach(). It is a memfd,
 * opened again through /proc/self/fd: it never has a name that could be left behind, and locks are
 * the business of the kernel's layer above all file systems.
 *
 * The kernel drops a lock with its last descriptor: a holder that is killed holds nothing.
 */
#include "lock/area.h"

struct file {
	struct area area;
	int inherited; /* the opener's */
	int own;       /* this side's, after attach() */
};

/* What the lock guards. */
struct file_cell {
	int64_t value;
};

/* The members of struct lock, for state that begins with a struct file. */
int file_probe(char reason[LOCK_REASON_MAX]);
int file_open(void *state, const struct lock_options *options);
int file_attach(void *state, unsigned side);
void file_close(void *state);
