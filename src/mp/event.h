#pragma once
/*
 * A flag that can be waited for: multiprocessing.Event. Nobody holds anything: one who is killed
 * leaves the flag as it is.
 */
#include "mp/base.h"
#include "mp/seats.h"

struct mp_event {
	struct mp_seats_ seats_;
	_Alignas(64) uint32_t state_; /* how often it was set, times two, and whether it is */
};

/* In shared memory of its own, which mp_event_free() gives back. NULL and errno. */
MP_API struct mp_event *mp_event_new(void);
MP_API void mp_event_free(struct mp_event *event);

/* In place, in shared memory. All zero is an event that is not set too. */
MP_API void mp_event_init(struct mp_event *event);

MP_API void mp_event_set(struct mp_event *event);
MP_API void mp_event_clear(struct mp_event *event);
MP_API bool mp_event_is_set(const struct mp_event *event);

/* Until it is set; it was set meanwhile, even if it was cleared at once, and that is good for all
 * who waited. 0; -EAGAIN or -ETIMEDOUT. What was stored before mp_event_set() is seen after. */
MP_API int mp_event_wait(struct mp_event *event, int64_t timeout_ns);
