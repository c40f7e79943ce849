#include "mp/event.h"

#include <errno.h>
#include <limits.h>

#include "mp/shared.h"
#include "mp/wait.h"

enum { IS_SET = 1, ONE_MORE = 2 };

struct mp_event *mp_event_new(void)
{
	return mp_shared_new(sizeof(struct mp_event));
}

void mp_event_free(struct mp_event *event)
{
	mp_shared_free(event);
}

void mp_event_init(struct mp_event *event)
{
	*event = (struct mp_event){.state_ = 0};
}

void mp_event_set(struct mp_event *event)
{
	uint32_t state = __atomic_load_n(&event->state_, __ATOMIC_RELAXED);

	/* Release, also where it is set already: what this one stored before is to be seen. */
	while (!__atomic_compare_exchange_n(&event->state_, &state,
		state & IS_SET ? state : (state + ONE_MORE) | IS_SET, true, __ATOMIC_RELEASE,
		__ATOMIC_RELAXED))
		;
	seats_notify(&event->seats_, INT_MAX);
}

void mp_event_clear(struct mp_event *event)
{
	__atomic_fetch_and(&event->state_, ~(uint32_t)IS_SET, __ATOMIC_ACQ_REL);
}

bool mp_event_is_set(const struct mp_event *event)
{
	return __atomic_load_n(&event->state_, __ATOMIC_ACQUIRE) & IS_SET;
}

struct wait {
	const struct mp_event *event;
	uint32_t before;
};

static bool was_set(const void *argument)
{
	const struct wait *wait = argument;

	/* Acquire, with the release in mp_event_set(). */
	return __atomic_load_n(&wait->event->state_, __ATOMIC_ACQUIRE) != wait->before;
}

int mp_event_wait(struct mp_event *event, int64_t timeout_ns)
{
	struct wait wait = {event, __atomic_load_n(&event->state_, __ATOMIC_ACQUIRE)};

	/* From here on not set, so the state changes only by being set. */
	if (wait.before & IS_SET)
		return 0;
	if (timeout_ns == 0)
		return -EAGAIN;
	return seats_wait(&event->seats_, was_set, &wait, mp_deadline(timeout_ns));
}
