#include "scenario/ticket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"

/* Long enough that others come in between, on one CPU too, where a sleep lets them run. */
#define THINK_NS (100 * NS_PER_US)

/* How often each ticket was sold; [0] counts those that were promised and not there. */
struct ticket_board {
	_Atomic int64_t sold;
	_Atomic uint32_t copies[];
};

/* What became of a sale. */
struct outcome {
	int64_t sold, oversold, doubled;
};

int ticket_open(struct ticket *ticket, const struct load *load, const struct stock *stock)
{
	ticket->stock = stock;
	ticket->fd = -1;
	ticket->tickets = load->params[PARAM_TICKETS];
	ticket->has_lock = load->params[PARAM_LOCK] == PARAM_LOCK_ON;
	ticket->board_bytes = sizeof(*ticket->board) +
			      (size_t)(ticket->tickets + 1) * sizeof(ticket->board->copies[0]);
	ticket->board = crew_shared_new(ticket->board_bytes);
	if (!ticket->board)
		return fail(-ENOMEM, "no memory for %" PRId64 " tickets", ticket->tickets);
	int r = crew_open(&ticket->crew, load);
	if (r >= 0)
		r = stock->open(ticket);
	return trace(r);
}

void ticket_close(void *state)
{
	struct ticket *ticket = state;

	crew_close(&ticket->crew);
	if (ticket->stock)
		ticket->stock->close(ticket);
	crew_shared_free(ticket->board, ticket->board_bytes);
	*ticket = (struct ticket){.fd = -1};
}

/* ---- a buyer ---- */

static int buy(struct buyer *buyer)
{
	struct ticket *ticket = buyer->ticket;
	const struct timespec think = timespec_of(THINK_NS);

	int64_t left = ticket->stock->look(buyer);
	if (left <= 0)
		return (int)left;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &think, NULL);
	int64_t number = ticket->stock->take(buyer, left);
	if (number < 0 && number != -EAGAIN)
		return trace((int)number);
	if (number > ticket->tickets)
		return fail(-EPROTO, "ticket %" PRId64 " was sold of %" PRId64, number,
			ticket->tickets);
	atomic_fetch_add(&ticket->board->sold, 1);
	atomic_fetch_add(&ticket->board->copies[number < 0 ? 0 : number], 1);
	return 0;
}

static int visit(void *context, unsigned index)
{
	struct buyer buyer = {.ticket = context, .fd = -1};
	const struct stock *stock = buyer.ticket->stock;
	int r = stock->arrive ? stock->arrive(&buyer) : 0;

	(void)index;
	if (r >= 0 && buyer.ticket->has_lock) {
		r = stock->acquire(&buyer);
		if (r >= 0) {
			int bought = buy(&buyer);
			r = stock->release(&buyer);
			r = bought < 0 ? bought : r;
		}
	} else if (r >= 0) {
		r = buy(&buyer);
	}
	if (stock->leave)
		stock->leave(&buyer);
	return trace(r);
}

/* ---- a sale ---- */

static struct outcome count(const struct ticket *ticket)
{
	const struct ticket_board *board = ticket->board;
	struct outcome outcome = {.sold = atomic_load(&board->sold)};

	if (outcome.sold > ticket->tickets)
		outcome.oversold = outcome.sold - ticket->tickets;
	for (int64_t i = 1; i <= ticket->tickets; i++)
		if (board->copies[i] > 1)
			outcome.doubled += board->copies[i] - 1;
	return outcome;
}

/* With the lock, all that could be sold is, and each ticket once. */
static int check(const struct ticket *ticket, const struct outcome *outcome, int64_t buyers)
{
	int64_t expected = buyers < ticket->tickets ? buyers : ticket->tickets;

	if (outcome->oversold > 0)
		return fail(-EPROTO,
			"oversold in spite of the lock: %" PRId64 " of %" PRId64 " tickets",
			outcome->sold, ticket->tickets);
	if (outcome->doubled > 0 || ticket->board->copies[0] > 0)
		return fail(-EPROTO,
			"in spite of the lock, %" PRId64 " were sold twice and %u were not there",
			outcome->doubled, ticket->board->copies[0]);
	if (outcome->sold != expected)
		return fail(-EPROTO,
			"%" PRId64 " of %" PRId64 " tickets were sold to %" PRId64 " buyers",
			outcome->sold, ticket->tickets, buyers);
	return 0;
}

/* All buyers, in waves of as many as there may be at once; how long they took, without their
 * start. */
static int sell(struct ticket *ticket, int64_t buyers, int64_t *ret_elapsed_ns)
{
	int64_t elapsed_ns = 0, end_ns;
	int r = ticket->stock->fill(ticket, ticket->tickets);

	atomic_store(&ticket->board->sold, 0);
	for (int64_t i = 0; i <= ticket->tickets; i++)
		ticket->board->copies[i] = 0;
	while (r >= 0 && buyers > 0) {
		unsigned wave = buyers < CREW_MAX ? (unsigned)buyers : CREW_MAX;
		r = crew_start(&ticket->crew, wave, visit, ticket);
		if (r < 0)
			break;
		int64_t begin_ns = crew_go(&ticket->crew);
		r = crew_join(&ticket->crew, &end_ns);
		if (r >= 0)
			elapsed_ns += end_ns - begin_ns;
		buyers -= wave;
	}
	*ret_elapsed_ns = elapsed_ns;
	return trace(r);
}

int ticket_run(struct load *load)
{
	struct ticket *ticket = load->state;
	int64_t buyers = load->params[PARAM_BUYERS], elapsed_ns;
	struct outcome worst = {0};

	load->begin_ns = clock_ns();
	for (uint64_t i = 0; i < load->iterations; i++) {
		int r = sell(ticket, buyers, &elapsed_ns);
		if (r < 0)
			return trace(r);
		load->busy_ns += elapsed_ns;
		if (load->hist)
			hist_record(load->hist, elapsed_ns * 1000, 1);
		struct outcome outcome = count(ticket);
		if (ticket->has_lock)
			r = check(ticket, &outcome, buyers);
		if (r < 0)
			return trace(r);
		if (i == 0 || outcome.sold > worst.sold)
			worst = outcome;
	}
	load->end_ns = clock_ns();
	load_fact(load, "sold", (double)worst.sold);
	load_fact(load, "oversold", (double)worst.oversold);
	load_fact(load, "doubled", (double)worst.doubled);
	load_fact(load, "verdict_ok", worst.oversold == 0 && worst.doubled == 0);
	return 0;
}
