/*
 * POSIX message queues, as long as the limits allow: the default of ten messages is lifted for
 * the privileged only.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/peers/queue/sides.h"

static _Alignas(64) char buffer[LARGE_BYTES];

/* A queue is a descriptor, and travels as a pointer. */
static inline mqd_t descriptor(void *queue)
{
	return (mqd_t)(intptr_t)queue;
}

static inline void mq_put(void *queue, uint64_t number, size_t n)
{
	message_fill(buffer, number, n);
	while (mq_send(descriptor(queue), buffer, n, 0) < 0)
		;
}

static inline uint64_t mq_take(void *queue, size_t n, struct message_check *check)
{
	while (mq_receive(descriptor(queue), buffer, n, NULL) < 0)
		;
	return message_number_verified(buffer, n, check);
}

static const struct ops mq = {.put = mq_put, .take = mq_take};

SIDES(small, mq, SMALL_BYTES)
SIDES(large, mq, LARGE_BYTES)

static int open_one(size_t n, long slots, void **ret_queue)
{
	struct mq_attr attributes = {.mq_maxmsg = slots, .mq_msgsize = (long)n};
	char name[64];

	snprintf(name, sizeof(name), "/queue-peers-%d", getpid());
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
	if (queue < 0)
		return -errno;
	mq_unlink(name);
	*ret_queue = (void *)(intptr_t)queue;
	return 0;
}

static void mq_close_all(void **queues)
{
	for (unsigned i = 0; i < 2; i++)
		if (queues[i])
			mq_close(descriptor(queues[i]));
}

/* The longest that the limits allow, of a few lengths. */
static int open_pair(size_t n, void **ret_queues)
{
	static const long lengths[] = {SLOTS_SMALL, 256, 64, 10, 5, 2};
	int r = -EINVAL;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		r = open_one(n, lengths[i], &ret_queues[0]);
		if (r == 0)
			r = open_one(n, lengths[i], &ret_queues[1]);
		if (r == 0)
			return 0;
		mq_close_all(ret_queues);
		ret_queues[0] = ret_queues[1] = NULL;
	}
	return fail(-EOPNOTSUPP, "no queue for messages of %zu bytes: %s (fs.mqueue, 'ulimit -q')",
		n, error_message(r));
}

static int small_open(void *memory, void **ret_queues)
{
	(void)memory;
	return open_pair(SMALL_BYTES, ret_queues);
}

static int large_open(void *memory, void **ret_queues)
{
	(void)memory;
	return open_pair(LARGE_BYTES, ret_queues);
}

const struct subject subjects_posix_mq[] = {
	{.name = "POSIX mq",
		.message_bytes = SMALL_BYTES,
		.memory_bytes = 1,
		.open = small_open,
		.close = mq_close_all,
		.roles = SIDES_LIST(small)},
	{.name = "POSIX mq",
		.message_bytes = LARGE_BYTES,
		.memory_bytes = 1,
		.open = large_open,
		.close = mq_close_all,
		.roles = SIDES_LIST(large)},
	{0},
};
