/*
 * ticket: a spinlock in which the sides are served in the order in which they came. Fair to the
 * last one, and that is how it fails: when the next in the line is not running, because there are
 * more sides than CPUs, all others wait for the scheduler to come round to it.
 */
#include <stdatomic.h>

#include "lock/area.h"
#include "os/waiter.h"

struct cell {
	_Atomic uint32_t next, serving;
	int64_t value;
};

static int ticket_open(void *state, const struct lock_options *options)
{
	return area_open(state, options);
}

static int ticket_acquire(void *state)
{
	struct cell *cell = area_lock(state);
	uint32_t mine = atomic_fetch_add_explicit(&cell->next, 1, memory_order_relaxed);

	while (atomic_load_explicit(&cell->serving, memory_order_acquire) != mine)
		waiter_pause();
	return 0;
}

/* Only the holder writes it. */
static int ticket_release(void *state)
{
	struct cell *cell = area_lock(state);
	uint32_t mine = atomic_load_explicit(&cell->serving, memory_order_relaxed);

	atomic_store_explicit(&cell->serving, mine + 1, memory_order_release);
	return 0;
}

static int ticket_add(void *state, int64_t n)
{
	struct cell *cell = area_lock(state);

	return area_add(ticket_acquire, ticket_release, state, &cell->value, n);
}

static int ticket_value(void *state, int64_t *ret_value)
{
	struct cell *cell = area_lock(state);

	return area_value(ticket_acquire, ticket_release, state, &cell->value, ret_value);
}

const struct lock lock_ticket = {
	.name = "ticket",
	.summary = "a spinlock in order of arrival",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_COUNTER | LOCK_SPINS,
	.state_bytes = sizeof(struct area),
	.open = ticket_open,
	.attach = area_attach,
	.acquire = ticket_acquire,
	.release = ticket_release,
	.add = ticket_add,
	.value = ticket_value,
	.close = area_close,
};
