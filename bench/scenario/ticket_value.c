/*
 * The stock is a shared value, with the lock that every mp_value has. Reading it and writing it
 * back are two steps: without the lock, two buyers read the same number.
 */
#include <errno.h>

#include "base/error.h"
#include "mp/value.h"
#include "scenario/ticket.h"

static int value_open(struct ticket *ticket)
{
	ticket->value = mp_value_new(int64_t, 0);
	return ticket->value ? 0 : fail(-errno, "a shared value: %s", mp_strerror(-errno));
}

static int value_fill(struct ticket *ticket, int64_t tickets)
{
	*ticket->value = tickets;
	return 0;
}

static void value_close(struct ticket *ticket)
{
	mp_value_free(ticket->value);
}

static int value_acquire(struct buyer *buyer)
{
	return mp_lock_acquire_for(mp_value_lock(buyer->ticket->value), CREW_DEADLINE_NS);
}

static int value_release(struct buyer *buyer)
{
	return mp_lock_release(mp_value_lock(buyer->ticket->value));
}

/* Atomic, so that without the lock it is the program that is wrong, and not the language. */
static int64_t value_look(struct buyer *buyer)
{
	return __atomic_load_n(buyer->ticket->value, __ATOMIC_RELAXED);
}

static int64_t value_take(struct buyer *buyer, int64_t left)
{
	__atomic_store_n(buyer->ticket->value, left - 1, __ATOMIC_RELAXED);
	return left;
}

static const struct stock stock = {
	.open = value_open,
	.fill = value_fill,
	.close = value_close,
	.acquire = value_acquire,
	.release = value_release,
	.look = value_look,
	.take = value_take,
};

static int office_open(void *state, const struct load *load)
{
	return ticket_open(state, load, &stock);
}

const struct scenario scenario_ticket_value = {
	.name = "value",
	.summary = "the tickets are a number in shared memory (mp_value)",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TICKET,
	.state_bytes = sizeof(struct ticket),
	.open = office_open,
	.run = ticket_run,
	.close = ticket_close,
};
