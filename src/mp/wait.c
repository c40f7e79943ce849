#include "mp/wait.h"

/* A seat that says where those are who may notify: on another CPU if one of them is, for then
 * spinning can pay. Unknown (0) counts as elsewhere. */
static struct waiter_seat find_peer(struct mp_seats_ *seats)
{
	uint32_t mine = mp_thread_self_()->tid % WAIT_PLACES;
	uint32_t here = (uint32_t)sched_getcpu() + 1, found = 0;

	for (uint32_t i = 0; i < WAIT_PLACES; i++) {
		uint32_t there = __atomic_load_n(seats_place(seats, i), __ATOMIC_RELAXED);
		if (i == mine || there == 0)
			continue;
		found = there;
		if (there != here)
			break;
	}
	return (struct waiter_seat){.cpu_plus_1 = (int32_t)found};
}

int seats_wait(
	struct mp_seats_ *seats, waiter_ready *ready, const void *argument, int64_t deadline_ns)
{
	struct waiter_seat peer = find_peer(seats);

	return waiter_wait(mp_waiter(), seats_waiting(seats), &peer, ready, argument, deadline_ns);
}

int seats_wait_slice(
	struct mp_seats_ *seats, waiter_ready *ready, const void *argument, int64_t deadline_ns)
{
	int64_t slice_ns = clock_ns() + WAIT_SLICE_NS;

	return seats_wait(seats, ready, argument, slice_ns < deadline_ns ? slice_ns : deadline_ns);
}
