/* Consumers of an mp_joinable_queue: both ends. */
#include <errno.h>

#include "base/error.h"
#include "scenario/consumers.h"

static int queue_open(struct consumers *consumers)
{
	consumers->joinable = mp_joinable_queue_new(NULL);
	return consumers->joinable ? 0 : fail(-errno, "a queue: %s", mp_strerror(-errno));
}

static void queue_close(struct consumers *consumers)
{
	mp_joinable_queue_free(consumers->joinable);
}

static int queue_put(struct consumers *consumers, uint64_t item, int64_t timeout_ns)
{
	return mp_joinable_queue_put_for(consumers->joinable, &item, sizeof(item), timeout_ns);
}

static int queue_get(struct consumers *consumers, uint64_t *ret_item, int64_t timeout_ns)
{
	return (int)mp_joinable_queue_get_for(
		consumers->joinable, ret_item, sizeof(*ret_item), timeout_ns);
}

static int queue_task_done(struct consumers *consumers)
{
	return mp_joinable_queue_task_done(consumers->joinable);
}

static int queue_join(struct consumers *consumers, int64_t timeout_ns)
{
	int r = mp_joinable_queue_join(consumers->joinable, timeout_ns);

	return r < 0 ? fail(r, "join: %s", mp_strerror(r)) : 0;
}

static const struct consumers_queue queue = {
	.open = queue_open,
	.close = queue_close,
	.put = queue_put,
	.get = queue_get,
	.task_done = queue_task_done,
	.join = queue_join,
};

static int open_queue(void *state, const struct load *load)
{
	return consumers_open(state, load, &queue);
}

const struct scenario scenario_consumers_mp_joinable_queue = {
	.name = "mp_joinable_queue",
	.summary = "items go through an mp_joinable_queue, and may be joined",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_CONSUMERS,
	.state_bytes = sizeof(struct consumers),
	.open = open_queue,
	.run = consumers_run,
	.close = consumers_close,
};
