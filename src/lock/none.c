/*
 * none: excludes nobody, waits for nobody, and counts without atomicity, so that sums come out
 * wrong when there are several sides. What a workload measures here is the loop of the harness and
 * an indirect call per operation: the floor, which stands in every table.
 */
#include "lock/area.h"

static int none_open(void *state, const struct lock_options *options)
{
	return area_open(state, options);
}

static int none_do(void *state)
{
	(void)state;
	return 0;
}

static int none_post(void *state, unsigned to)
{
	(void)state, (void)to;
	return 0;
}

/* Volatile: what other sides do to it is a race, which is the point, but a real load and store. */
static int none_add(void *state, int64_t n)
{
	volatile int64_t *value = area_lock(state);

	*value = *value + n;
	return 0;
}

static int none_value(void *state, int64_t *ret_value)
{
	*ret_value = *(volatile int64_t *)area_lock(state);
	return 0;
}

const struct lock lock_none = {
	.name = "none",
	.summary = "excludes nobody: the floor of the harness",
	.capabilities = LOCK_PROCESS | LOCK_THREAD | LOCK_MUTEX | LOCK_SIGNAL | LOCK_BARRIER |
			LOCK_COUNTER | LOCK_BASELINE,
	.state_bytes = sizeof(struct area),
	.open = none_open,
	.attach = area_attach,
	.acquire = none_do,
	.release = none_do,
	.post = none_post,
	.wait = none_do,
	.arrive = none_do,
	.add = none_add,
	.value = none_value,
	.close = area_close,
};
