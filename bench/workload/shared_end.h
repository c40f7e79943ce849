#pragma once
/*
 * Several receivers at one end: the loops of `fan_out` and `many_to_many`. A message goes to
 * whichever receiver takes it first, so none knows how many it will get. The last sender that is
 * done sends an end mark for each receiver, behind all that was sent; who takes one stops. So the
 * timed part is the mechanism's own calls, and one byte of each message that the receivers look at;
 * the marks are in the time and not in the count.
 *
 * What all receivers got together is compared with what was sent: the messages, and where they are
 * touched the sum of their numbers, too.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>

#include "base/error.h"
#include "harness/cell.h"
#include "workload/loop.h"

/* In load->shared; empty between the runs. */
struct shared_end {
	_Atomic uint32_t finished; /* senders */
	_Atomic uint64_t sum;      /* of the numbers that were received */
};

/* A message begins with its kind; a number has a word of its own, where there is room for it. */
enum { SHARED_END_MESSAGE = 0, SHARED_END_MARK = 0xff, SHARED_END_NUMBER_AT = 8 };

static inline struct shared_end *shared_end(const struct load *load)
{
	return load->shared;
}

static inline bool shared_end_has_numbers(const struct load *load)
{
	return load->touch != TOUCH_NONE &&
	       load->size_bytes >= SHARED_END_NUMBER_AT + sizeof(uint64_t);
}

/* Of the i-th message of a sender. */
static inline uint64_t shared_end_number(unsigned side, uint64_t i)
{
	return ((uint64_t)side << 48) + i;
}

static inline __attribute__((always_inline)) int shared_end_receive(
	struct load *load, enum touch touch)
{
	const struct loop_calls call = loop_calls(load);
	const bool has_numbers = shared_end_has_numbers(load);
	uint64_t sum = 0, number, in_batch = 0, done = 0;
	uint64_t before = cycles_now();

	for (;; done++) {
		int r = call.recv(call.state, call.message, call.n);
		if (r < 0)
			return r;
		if (call.message[0] == SHARED_END_MARK)
			break;
		loop_read(load, touch);
		if (touch != TOUCH_NONE && has_numbers) {
			memcpy(&number, call.message + SHARED_END_NUMBER_AT, sizeof(number));
			sum += number;
		}
		if (load->hist && ++in_batch == load->batch) {
			uint64_t now = cycles_now();
			loop_record(load, now - before, in_batch);
			before = now;
			in_batch = 0;
		}
	}
	load->end_ns = clock_ns();
	/* The mark is an arrival, too: there is a sample even of who got nothing else. */
	if (load->hist)
		loop_record(load, cycles_now() - before, in_batch + 1);
	load->done = done;
	atomic_fetch_add(&shared_end(load)->sum, sum);
	return 0;
}

static inline __attribute__((always_inline)) int shared_end_send(
	struct load *load, enum touch touch, unsigned receivers)
{
	const struct loop_calls call = loop_calls(load);
	const bool has_numbers = shared_end_has_numbers(load);
	uint64_t count = load->iterations * receivers;
	int r;

	call.message[0] = SHARED_END_MESSAGE;
	load->begin_ns = clock_ns();
	for (uint64_t i = 0; i < count; i++) {
		if (touch == TOUCH_FULL) {
			loop_write(load, touch, i);
			call.message[0] = SHARED_END_MESSAGE;
		}
		if (touch != TOUCH_NONE && has_numbers) {
			uint64_t number = shared_end_number(load->side, i);
			memcpy(call.message + SHARED_END_NUMBER_AT, &number, sizeof(number));
		}
		r = call.send(call.state, call.message, call.n);
		if (r < 0)
			return r;
	}
	load->done = count;
	if (atomic_fetch_add(&shared_end(load)->finished, 1) + 1 < load->sides - receivers)
		return 0;
	call.message[0] = SHARED_END_MARK;
	for (unsigned i = 0; i < receivers; i++) {
		r = call.send(call.state, call.message, call.n);
		if (r < 0)
			return r;
	}
	return 0;
}

static inline int shared_end_run(struct load *load)
{
	unsigned receivers = (unsigned)load->params[PARAM_RECEIVERS];

#define SHARED_END_SEND(load, touch) shared_end_send(load, touch, receivers)
	return load->side < receivers ? LOOP_BY_TOUCH(shared_end_receive, load)
				      : LOOP_BY_TOUCH(SHARED_END_SEND, load);
#undef SHARED_END_SEND
}

/* Nothing lost, nothing twice; and how evenly the work was shared. */
static inline int shared_end_conclude(struct load *load, const struct load_side *sides)
{
	unsigned receivers = (unsigned)load->params[PARAM_RECEIVERS];
	uint64_t received = 0, sent = 0, fewest = UINT64_MAX, most = 1, expected = 0;
	uint64_t sum = atomic_exchange(&shared_end(load)->sum, 0);

	atomic_store(&shared_end(load)->finished, 0);
	for (unsigned i = 0; i < receivers; i++) {
		received += sides[i].done;
		fewest = sides[i].done < fewest ? sides[i].done : fewest;
		most = sides[i].done > most ? sides[i].done : most;
	}
	for (unsigned i = receivers; i < load->sides; i++) {
		uint64_t n = sides[i].done;
		sent += n;
		expected +=
			n * shared_end_number(i, 0) + (n % 2 ? (n - 1) / 2 * n : n / 2 * (n - 1));
	}
	if (received != sent)
		return fail(-EPROTO, "%" PRIu64 " messages were sent, and %" PRIu64 " received",
			sent, received);
	if (shared_end_has_numbers(load) && sum != expected)
		return fail(-EPROTO, "the numbers of the messages received are not those sent");
	load_fact(load, "fairness", (double)fewest / (double)most);
	return 0;
}

/* An iteration is a message of each sender for each receiver. */
static inline uint64_t shared_end_messages(const struct cell *cell)
{
	return (uint64_t)(cell_param(cell, PARAM_SENDERS, 1) * cell->params[PARAM_RECEIVERS]);
}
