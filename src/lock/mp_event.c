/*
 * mp_event: libmp's events, one for each side: set by who posts, waited for and cleared by the
 * side. The waiter spins where that can pay, then sleeps.
 */
#include "base/error.h"
#include "lock/area.h"
#include "mp/event.h"

static struct mp_event *event_of(void *state, unsigned side)
{
	const struct area *area = state;

	return (struct mp_event *)area->memory.data + side;
}

static int subject_open(void *state, const struct lock_options *options)
{
	int r = area_open_bytes(state, options, options->sides * sizeof(struct mp_event));

	for (unsigned i = 0; i < options->sides && r >= 0; i++)
		mp_event_init(event_of(state, i));
	return trace(r);
}

static int post(void *state, unsigned to)
{
	mp_event_set(event_of(state, to));
	return 0;
}

/* At most one signal is outstanding, so none is cleared that was not waited for. */
static int take(void *state)
{
	const struct area *area = state;
	struct mp_event *event = event_of(state, area->side);
	int r = mp_event_wait(event, MP_FOREVER);

	if (r >= 0)
		mp_event_clear(event);
	return r;
}

const struct lock lock_mp_event = {
	.name = "mp_event",
	.summary = "libmp's events",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_SIGNAL,
	.state_bytes = sizeof(struct area),
	.open = subject_open,
	.attach = area_attach,
	.post = post,
	.wait = take,
	.close = area_close,
};
