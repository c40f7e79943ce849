/*
 * mp_value: libmp's shared value with its lock, as mp_value_add() uses it: Python's
 * `with value.get_lock(): value.value += n`. It outlives who is killed inside, with the old or the
 * new value.
 */
#include <errno.h>

#include "base/error.h"
#include "lock/area.h"
#include "mp/value.h"

struct value {
	struct area area; /* of nothing but the sides' numbers */
	int64_t *shared;
};

static int value_open(void *state, const struct lock_options *options)
{
	struct value *value = state;
	int r = area_open(&value->area, options);

	if (r < 0)
		return trace(r);
	value->shared = mp_value_new(int64_t, 0);
	return value->shared ? 0 : fail(-errno, "no shared value: %s", mp_strerror(-errno));
}

static int add(void *state, int64_t n)
{
	const struct value *value = state;

	mp_value_add(value->shared, n);
	return 0;
}

static int get(void *state, int64_t *ret_value)
{
	const struct value *value = state;

	*ret_value = mp_value_get(value->shared);
	return 0;
}

static void value_close(void *state)
{
	struct value *value = state;

	/* In a process that has it from the opener this does nothing. */
	if (area_owns(&value->area))
		mp_value_free(value->shared);
	value->shared = NULL;
	area_close(state);
}

const struct lock lock_mp_value = {
	.name = "mp_value",
	.summary = "libmp's shared value, with its lock",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_COUNTER,
	.state_bytes = sizeof(struct value),
	.open = value_open,
	.attach = area_attach,
	.add = add,
	.value = get,
	.close = value_close,
};
