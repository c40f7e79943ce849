#pragma once
/*
 * Waiting at the seats of an object. Private to libmp.
 *
 * Those who wait share one seat, because anyone may come; each looks at its condition again. The
 * one who notified last is taken for the one who will notify next: where it runs decides whether
 * spinning can pay.
 *
 * A wait ends at the latest after a slice when its caller asks for that, to look for what nobody
 * tells: a holder that died, whom the kernel marked in a robust word.
 */
#include <assert.h>

#include "mp/park.h"
#include "mp/seats.h"

enum { WAIT_SLICE_NS = 100 * 1000 * 1000 };

static_assert(sizeof(struct waiter_seat) == 64, "a seat is half of struct mp_seats_");

static inline struct waiter_seat *seats_waiting(struct mp_seats_ *seats)
{
	return (struct waiter_seat *)(void *)seats->waiting_;
}

static inline struct waiter_seat *seats_notifying(struct mp_seats_ *seats)
{
	return (struct waiter_seat *)(void *)seats->notifying_;
}

/* 0 or -ETIMEDOUT, as waiter_wait(). */
static inline int seats_wait(
	struct mp_seats_ *seats, waiter_ready *ready, const void *argument, int64_t deadline_ns)
{
	return waiter_wait(mp_waiter(), seats_waiting(seats), seats_notifying(seats), ready,
		argument, deadline_ns);
}

/* The same for a slice at most. */
static inline int seats_wait_slice(
	struct mp_seats_ *seats, waiter_ready *ready, const void *argument, int64_t deadline_ns)
{
	int64_t slice_ns = clock_ns() + WAIT_SLICE_NS;

	return seats_wait(seats, ready, argument, slice_ns < deadline_ns ? slice_ns : deadline_ns);
}

/* After the store that makes the condition of up to `count` of them true. */
static inline void seats_notify(struct mp_seats_ *seats, int count)
{
	waiter_sit(seats_notifying(seats));
	waiter_notify(mp_waiter(), seats_waiting(seats), count);
}

/* What a wait that ended without success is called. */
static inline int wait_error(int64_t timeout_ns)
{
	return timeout_ns == 0 ? -EAGAIN : -ETIMEDOUT;
}
