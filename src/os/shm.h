#pragma once
/*
 * Anonymous shared memory. A mapping is shared with every process forked after it, has no name
 * that could be left behind, and vanishes with its last holder.
 */
#include <stddef.h>

struct shm {
	void *data;          /* zeroed, page-aligned; NULL: empty */
	size_t size_bytes;   /* as asked for, rounded up to pages */
	size_t mapped_bytes; /* what shm_close() unmaps; 0: borrowed */
};

/* Maps and prefaults. -ENOMEM with the limit that is in the way named. */
int shm_open_anonymous(struct shm *shm, size_t size_bytes);

/* The same pages twice, one behind the other: data[i] and data[i + size_bytes] are one byte, so
 * that what wraps around a ring is contiguous. size_bytes is rounded up to pages. */
int shm_open_mirrored(struct shm *shm, size_t size_bytes);

/* For a copy of the struct that does not own the mapping (a thread's): shm_close() leaves the
 * pages alone. */
void shm_borrow(struct shm *shm);

/* Unmaps; accepts the empty one; keeps errno. A cleanup function. */
void shm_close(struct shm *shm);
