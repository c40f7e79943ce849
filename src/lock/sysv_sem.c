/*
 * sysv_sem: System V semaphores without SEM_UNDO: the kernel does not record who holds one, so a
 * side that dies keeps it.
 */
#include "lock/sysv.h"

static int sysv_sem_acquire(void *state)
{
	return sysv_change(state, 0, -1, 0);
}

static int sysv_sem_release(void *state)
{
	return sysv_change(state, 0, 1, 0);
}

static int sysv_sem_post(void *state, unsigned to)
{
	return sysv_change(state, 1 + to, 1, 0);
}

static int sysv_sem_wait(void *state)
{
	const struct sysv *sysv = state;

	return sysv_change(sysv, 1 + sysv->area.side, -1, 0);
}

static int sysv_sem_add(void *state, int64_t n)
{
	struct sysv_cell *cell = area_lock(state);

	return area_add(sysv_sem_acquire, sysv_sem_release, state, &cell->value, n);
}

static int sysv_sem_value(void *state, int64_t *ret_value)
{
	struct sysv_cell *cell = area_lock(state);

	return area_value(sysv_sem_acquire, sysv_sem_release, state, &cell->value, ret_value);
}

const struct lock lock_sysv_sem = {
	.name = "sysv_sem",
	.summary = "System V semaphores",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_COUNTER,
	.state_bytes = sizeof(struct sysv),
	.probe = sysv_probe,
	.open = sysv_open,
	.attach = sysv_attach,
	.acquire = sysv_sem_acquire,
	.release = sysv_sem_release,
	.post = sysv_sem_post,
	.wait = sysv_sem_wait,
	.add = sysv_sem_add,
	.value = sysv_sem_value,
	.close = sysv_close,
};
