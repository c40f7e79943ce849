/*
 * The stock is a queue in which each ticket is a message. No ticket is ever sold twice; but a buyer
 * who saw that the queue is not empty, and was promised one, may find none when he comes to take
 * it: between looking and taking, a lock is needed all the same.
 */
#include <errno.h>

#include "base/error.h"
#include "scenario/ticket.h"

static int queue_open(struct ticket *ticket)
{
	/* In the ring each message takes 16 bytes. */
	const struct mp_queue_options options = {
		.capacity_bytes = (size_t)ticket->tickets * 32 + (64 << 10)};

	ticket->queue = mp_queue_new(&options);
	if (!ticket->queue)
		return fail(-errno, "a queue: %s", mp_strerror(-errno));
	ticket->lock = mp_lock_new();
	return ticket->lock ? 0 : fail(-errno, "a lock: %s", mp_strerror(-errno));
}

static int queue_fill(struct ticket *ticket, int64_t tickets)
{
	int64_t number;
	int r = 0;

	/* What was not sold the last time. */
	while (mp_queue_get_nowait(ticket->queue, &number, sizeof(number)) > 0)
		;
	for (number = tickets; r >= 0 && number > 0; number--)
		r = mp_queue_put_nowait(ticket->queue, &number, sizeof(number));
	return r < 0 ? fail(r, "putting a ticket: %s", mp_strerror(r)) : 0;
}

static void queue_close(struct ticket *ticket)
{
	mp_queue_free(ticket->queue);
	mp_lock_free(ticket->lock);
}

static int queue_acquire(struct buyer *buyer)
{
	return mp_lock_acquire_for(buyer->ticket->lock, CREW_DEADLINE_NS);
}

static int queue_release(struct buyer *buyer)
{
	return mp_lock_release(buyer->ticket->lock);
}

static int64_t queue_look(struct buyer *buyer)
{
	return (int64_t)mp_queue_qsize(buyer->ticket->queue);
}

static int64_t queue_take(struct buyer *buyer, int64_t left)
{
	int64_t number = 0;

	(void)left;
	ssize_t n = mp_queue_get_nowait(buyer->ticket->queue, &number, sizeof(number));
	if (n == -EAGAIN)
		return -EAGAIN;
	return n < 0 ? fail((int)n, "getting a ticket: %s", mp_strerror((int)n)) : number;
}

static const struct stock stock = {
	.open = queue_open,
	.fill = queue_fill,
	.close = queue_close,
	.acquire = queue_acquire,
	.release = queue_release,
	.look = queue_look,
	.take = queue_take,
};

static int office_open(void *state, const struct load *load)
{
	return ticket_open(state, load, &stock);
}

const struct scenario scenario_ticket_queue = {
	.name = "queue",
	.summary = "the tickets are messages in an mp_queue",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TICKET,
	.state_bytes = sizeof(struct ticket),
	.open = office_open,
	.run = ticket_run,
	.close = ticket_close,
};
