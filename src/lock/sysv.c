#include "lock/sysv.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/error.h"
#include "base/fault.h"

/* The kernel's argument; the C library leaves its definition to the program. */
union semun {
	int val;
	unsigned short *array;
	struct seminfo *info;
};

int sysv_probe(char reason[LOCK_REASON_MAX])
{
	struct seminfo info;

	if (semctl(0, 0, IPC_INFO, (union semun){.info = &info}) >= 0)
		return 0;
	snprintf(reason, LOCK_REASON_MAX,
		"no System V semaphores: the kernel was built without CONFIG_SYSVIPC, or a seccomp "
		"filter forbids semctl()");
	return -EOPNOTSUPP;
}

/* In the keeper. */
static bool sysv_duty(void *argument, unsigned gone)
{
	struct sysv_cell *cell = argument;

	if (gone != KEEPER_ALL_GONE)
		return true;
	int id = atomic_exchange(&cell->id_plus_1, 0) - 1;
	if (id >= 0)
		semctl(id, 0, IPC_RMID);
	return true;
}

int sysv_open(void *state, const struct lock_options *options)
{
	struct sysv *sysv = state;
	unsigned short values[1 + LOCK_SIDES_MAX] = {1};

	sysv->id = -1;
	int r = area_open(&sysv->area, options);
	if (r < 0)
		return trace(r);
	struct sysv_cell *cell = area_lock(state);
	r = keeper_open(&sysv->keeper, sysv_duty, cell);
	if (r < 0)
		return trace(r);
	sysv->id = sys(semget(IPC_PRIVATE, (int)(1 + options->sides), 0600));
	if (sysv->id < 0)
		return fail(sysv->id,
			"semget: %s (the limits are in kernel.sem; 'ipcs -s' lists what is there)",
			error_message(sysv->id));
	atomic_store(&cell->id_plus_1, sysv->id + 1);
	return trace(sys(semctl(sysv->id, 0, SETALL, (union semun){.array = values})));
}

int sysv_attach(void *state, unsigned side)
{
	struct sysv *sysv = state;

	area_attach(state, side);
	sysv->attached = true;
	if (!sysv->area.threads)
		keeper_attach(&sysv->keeper, side);
	return 0;
}

void sysv_close(void *state)
{
	struct sysv *sysv = state;

	/* A thread's copy holds nothing of its own. */
	if (!(sysv->area.threads && sysv->attached))
		keeper_close(&sysv->keeper);
	area_close(state);
	*sysv = (struct sysv){.id = -1};
}
