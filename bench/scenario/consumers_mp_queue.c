/* Consumers of an mp_queue, which has no join(). */
#include <errno.h>

#include "base/error.h"
#include "scenario/consumers.h"

static int queue_open(struct consumers *consumers)
{
	consumers->mp_queue = mp_queue_new(NULL);
	return consumers->mp_queue ? 0 : fail(-errno, "a queue: %s", mp_strerror(-errno));
}

static void queue_close(struct consumers *consumers)
{
	mp_queue_free(consumers->mp_queue);
}

static int queue_put(struct consumers *consumers, uint64_t item, int64_t timeout_ns)
{
	return mp_queue_put_for(consumers->mp_queue, &item, sizeof(item), timeout_ns);
}

static int queue_get(struct consumers *consumers, uint64_t *ret_item, int64_t timeout_ns)
{
	return (int)mp_queue_get_for(consumers->mp_queue, ret_item, sizeof(*ret_item), timeout_ns);
}

static const struct consumers_queue queue = {
	.open = queue_open,
	.close = queue_close,
	.put = queue_put,
	.get = queue_get,
};

static int open_queue(void *state, const struct load *load)
{
	return consumers_open(state, load, &queue);
}

const struct scenario scenario_consumers_mp_queue = {
	.name = "mp_queue",
	.summary = "items go through an mp_queue",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_CONSUMERS,
	.state_bytes = sizeof(struct consumers),
	.open = open_queue,
	.run = consumers_run,
	.close = consumers_close,
};
