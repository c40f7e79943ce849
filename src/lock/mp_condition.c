/*
 * mp_condition: libmp's conditions, one for each side, with a flag that the condition's lock
 * guards: as pthread_cond, and it outlives whoever is killed inside: who comes next has the lock,
 * and the flag is whole, because one store changes it.
 */
#include <errno.h>

#include "base/error.h"
#include "lock/area.h"
#include "mp/condition.h"

struct flag {
	struct mp_condition changed;
	bool is_given;
};

static struct flag *flag_of(void *state, unsigned side)
{
	const struct area *area = state;

	return (struct flag *)area->memory.data + side;
}

static int subject_open(void *state, const struct lock_options *options)
{
	int r = area_open_bytes(state, options, options->sides * sizeof(struct flag));

	for (unsigned i = 0; i < options->sides && r >= 0; i++)
		mp_condition_init(&flag_of(state, i)->changed, NULL);
	return trace(r);
}

static bool has_failed(int r)
{
	return r < 0 && r != -EOWNERDEAD;
}

static int post(void *state, unsigned to)
{
	struct flag *flag = flag_of(state, to);
	int r = mp_condition_acquire(&flag->changed);

	if (has_failed(r))
		return r;
	flag->is_given = true;
	r = mp_condition_notify(&flag->changed, 1);
	int released = mp_condition_release(&flag->changed);
	return r < 0 ? r : released;
}

static int take(void *state)
{
	const struct area *area = state;
	struct flag *flag = flag_of(state, area->side);
	int r = mp_condition_acquire(&flag->changed);

	if (has_failed(r))
		return r;
	while (!flag->is_given && !has_failed(r))
		r = mp_condition_wait(&flag->changed, MP_FOREVER);
	flag->is_given = false;
	int released = mp_condition_release(&flag->changed);
	return has_failed(r) ? r : released;
}

const struct lock lock_mp_condition = {
	.name = "mp_condition",
	.summary = "libmp's conditions, with a flag",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_SIGNAL,
	.state_bytes = sizeof(struct area),
	.open = subject_open,
	.attach = area_attach,
	.post = post,
	.wait = take,
	.close = area_close,
};
