/*
 * sysv_sem_undo: a System V semaphore with SEM_UNDO: the kernel keeps account of what each process
 * has taken and gives it back when the process ends. Robust without a word: the next holder is not
 * told that one died.
 */
#include "lock/sysv.h"

static int sysv_sem_undo_acquire(void *state)
{
	return sysv_change(state, 0, -1, SEM_UNDO);
}

static int sysv_sem_undo_release(void *state)
{
	return sysv_change(state, 0, 1, SEM_UNDO);
}

static int sysv_sem_undo_add(void *state, int64_t n)
{
	struct sysv_cell *cell = area_lock(state);

	return area_add(sysv_sem_undo_acquire, sysv_sem_undo_release, state, &cell->value, n);
}

static int sysv_sem_undo_value(void *state, int64_t *ret_value)
{
	struct sysv_cell *cell = area_lock(state);

	return area_value(
		sysv_sem_undo_acquire, sysv_sem_undo_release, state, &cell->value, ret_value);
}

const struct lock lock_sysv_sem_undo = {
	.name = "sysv_sem_undo",
	.summary = "a System V semaphore with SEM_UNDO",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER | LOCK_ROBUST |
			LOCK_KILLABLE,
	.state_bytes = sizeof(struct sysv),
	.probe = sysv_probe,
	.open = sysv_open,
	.attach = sysv_attach,
	.acquire = sysv_sem_undo_acquire,
	.release = sysv_sem_undo_release,
	.add = sysv_sem_undo_add,
	.value = sysv_sem_undo_value,
	.close = sysv_close,
};
