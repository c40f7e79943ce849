#pragma once
/*
 * A set of System V semaphores, for sysv_sem and sysv_sem_undo: the first, with the value 1, is the
 * lock; the others are the sides' signals. The values live in the kernel, so every operation is a
 * system call.
 *
 * A set lives until it is removed, and that ends it for all at once. A keeper (os/keeper.h) removes
 * it when the last side is gone, also when all were killed; only a kill of the keeper with them
 * leaves one behind, with the key 0, which 'ipcs -s' shows and 'ipcrm -s ID' removes.
 */
#include <errno.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include "lock/area.h"
#include "os/keeper.h"

struct sysv {
	struct area area;
	struct keeper keeper;
	int id;
	bool attached;
};

/* Cell 0 of the area. The keeper reads the set's number there. */
struct sysv_cell {
	_Atomic int id_plus_1; /* 0: none */
	int64_t value;
};

/* The members of struct lock, for state that is a struct sysv. */
int sysv_probe(char reason[LOCK_REASON_MAX]);
int sysv_open(void *state, const struct lock_options *options);
int sysv_attach(void *state, unsigned side);
void sysv_close(void *state);

/* Adds `n`, 1 or -1, to a semaphore; sleeps until that leaves it at 0 or more. `flags` are 0 or
 * SEM_UNDO. */
static inline int sysv_change(const struct sysv *sysv, unsigned semaphore, int n, int flags)
{
	struct sembuf change = {
		.sem_num = (unsigned short)semaphore,
		.sem_op = (short)n,
		.sem_flg = (short)flags,
	};
	int r;

	do {
		r = semop(sysv->id, &change, 1);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}
