#pragma once
/*
 * Waiting at the seats of an object. Private to libmp.
 *
 * Those who wait share one seat, because anyone may come; each looks at its condition again.
 * Whether spinning can pay depends on where the others run, so each who notifies says so, in a
 * place that its thread's id tells. It is a hint: a place that is used twice, or by one who is
 * gone, costs a spin in vain, or some yields.
 *
 * A wait ends at the latest after a slice when its caller asks for that, to look for what nobody
 * tells: a holder that died, whom the kernel marked in a robust word.
 */
#include <assert.h>
#include <errno.h>
#include <sched.h>

#include "mp/park.h"
#include "mp/seats.h"
#include "mp/thread.h"

enum { WAIT_SLICE_NS = 100 * 1000 * 1000, WAIT_PLACES = 16 };

static_assert(sizeof(struct waiter_seat) == 64, "a seat is half of struct mp_seats_");

static inline struct waiter_seat *seats_waiting(struct mp_seats_ *seats)
{
	return (struct waiter_seat *)(void *)seats->waiting_;
}

/* The CPU of one who notified, plus one; 0: nobody did. */
static inline uint32_t *seats_place(struct mp_seats_ *seats, uint32_t tid)
{
	return (uint32_t *)(void *)seats->notifying_ + tid % WAIT_PLACES;
}

/* 0 or -ETIMEDOUT, as waiter_wait(). */
int seats_wait(
	struct mp_seats_ *seats, waiter_ready *ready, const void *argument, int64_t deadline_ns);

/* The same for a slice at most. */
int seats_wait_slice(
	struct mp_seats_ *seats, waiter_ready *ready, const void *argument, int64_t deadline_ns);

/* After the store that makes the condition of up to `count` of them true. */
static inline void seats_notify(struct mp_seats_ *seats, int count)
{
	uint32_t *place = seats_place(seats, mp_thread_self_()->tid);
	uint32_t here = (uint32_t)sched_getcpu() + 1;

	/* Stored only when it changes, because others read the line. */
	if (__atomic_load_n(place, __ATOMIC_RELAXED) != here)
		__atomic_store_n(place, here, __ATOMIC_RELAXED);
	waiter_notify(mp_waiter(), seats_waiting(seats), count);
}

/* What a wait that ended without success is called. */
static inline int wait_error(int64_t timeout_ns)
{
	return timeout_ns == 0 ? -EAGAIN : -ETIMEDOUT;
}
