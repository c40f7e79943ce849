/*
 * posix_sem_shm: a ring of slots in shared memory each way (slots.h), notified by unnamed POSIX
 * semaphores in the same mapping: sem_init() with pshared, so there is no name to leave behind.
 * The C library keeps the value and the number of sleepers in one word and calls futex_wake() only
 * when there are any: futex_shm as everybody has it, and it shows what the generality costs.
 *
 * A waiter that is killed stays counted as a sleeper, which costs the other side needless wakes
 * and nothing else. No semaphore is ever destroyed: that would be undefined while such a waiter is
 * counted, and they end with the mapping.
 */
#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "transport/slots.h"

static_assert(sizeof(sem_t) <= SLOTS_CELL_BYTES, "a semaphore fits its cell");

static int posix_sem_shm_take(void *state, unsigned token, int timeout_ms)
{
	sem_t *sem = slots_cell(state, token);

	if (sem_trywait(sem) == 0)
		return 0;
	if (timeout_ms == 0)
		return -ETIMEDOUT;
	struct timespec end = timespec_of(deadline_after_ms(timeout_ms));
	return sem_clockwait(sem, CLOCK_MONOTONIC, &end) < 0 ? -errno : 0;
}

static int posix_sem_shm_put(void *state, unsigned token)
{
	return sem_post(slots_cell(state, token)) < 0 ? trace(-errno) : 0;
}

static const struct slots_tokens posix_sem_shm_tokens = {posix_sem_shm_take, posix_sem_shm_put};

static int posix_sem_shm_open(void *state, const struct transport_options *options)
{
	int r = slots_open(state, options, &posix_sem_shm_tokens);

	for (unsigned i = 0; i < SLOTS_TOKENS && r >= 0; i++)
		r = sys(sem_init(slots_cell(state, i), 1, slots_initial(state, i)));
	return trace(r);
}

const struct transport transport_posix_sem_shm = {
	SLOTS_MEMBERS,
	.name = "posix_sem_shm",
	.summary = "slots in shared memory, notified by POSIX semaphores",
	.state_bytes = sizeof(struct slots),
	.open = posix_sem_shm_open,
	.close = slots_close,
};
