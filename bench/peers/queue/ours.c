/*
 * mp_queue, in the default way: it sleeps when it waits long, and a process that is killed takes
 * at most its own message with it.
 *
 *	mp_queue	put and get: copied in and out
 *	mp_queue many	put_many and get_many, 32 at a time, copied in and out
 *	mp_queue in place  borrow and commit, peek and release
 */
#include <errno.h>

#include "base/error.h"
#include "bench/peers/queue/sides.h"
#include "mp/queue.h"

static _Alignas(64) char buffer[LARGE_BYTES];
static _Alignas(64) char many[BULK * SMALL_BYTES];

/* What may not fail is a message that is wrong. */
static inline void expect(bool is_right, struct message_check *check)
{
	if (__builtin_expect(!is_right, false))
		check->is_wrong = true;
}

static inline void copy_put(void *queue, uint64_t number, size_t n)
{
	message_fill(buffer, number, n);
	mp_queue_put(queue, buffer, n);
}

static inline uint64_t copy_take(void *queue, size_t n, struct message_check *check)
{
	expect(mp_queue_get(queue, buffer, n) == (ssize_t)n, check);
	return message_number_verified(buffer, n, check);
}

static inline void many_put(void *queue, uint64_t number, size_t n, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		message_fill(many + i * n, number + i, n);
	for (unsigned done = 0; done < count;) {
		ssize_t put =
			mp_queue_put_many(queue, many + done * n, n, count - done, MP_FOREVER);
		if (put < 0)
			return;
		done += (unsigned)put;
	}
}

static inline unsigned many_take(
	void *queue, size_t n, uint64_t *ret_numbers, struct message_check *check)
{
	ssize_t got = mp_queue_get_many(queue, many, n, BULK, MP_FOREVER);

	expect(got > 0, check);
	for (ssize_t i = 0; i < got; i++)
		ret_numbers[i] = message_number_verified(many + (size_t)i * n, n, check);
	return got > 0 ? (unsigned)got : 0;
}

static inline void place_put(void *queue, uint64_t number, size_t n)
{
	void *message;

	if (mp_queue_borrow(queue, n, MP_FOREVER, &message) < 0)
		return;
	message_fill(message, number, n);
	mp_queue_commit(queue);
}

static inline uint64_t place_take(void *queue, size_t n, struct message_check *check)
{
	const void *message = buffer;

	expect(mp_queue_peek(queue, MP_FOREVER, &message) == (ssize_t)n, check);
	uint64_t number = message_number_verified(message, n, check);
	mp_queue_release(queue);
	return number;
}

static const struct ops copy_ops = {.put = copy_put, .take = copy_take};
static const struct ops many_ops = {
	.put = copy_put, .take = copy_take, .put_many = many_put, .take_many = many_take};
static const struct ops place_ops = {.put = place_put, .take = place_take};

SIDES(copy_small, copy_ops, SMALL_BYTES)
SIDES(copy_large, copy_ops, LARGE_BYTES)
SIDES(many_small, many_ops, SMALL_BYTES)
SIDES(place_small, place_ops, SMALL_BYTES)
SIDES(place_large, place_ops, LARGE_BYTES)

static int ours_open(size_t capacity_bytes, void **ret_queues)
{
	struct mp_queue_options options = {.capacity_bytes = capacity_bytes};

	for (unsigned i = 0; i < 2; i++) {
		ret_queues[i] = mp_queue_new(&options);
		if (!ret_queues[i])
			return fail(-errno, "mp_queue_new: %s", error_message(-errno));
	}
	return 0;
}

/* As many bytes as the peers' slots. */
static int small_open(void *memory, void **ret_queues)
{
	(void)memory;
	return ours_open((size_t)SLOTS_SMALL * SMALL_BYTES, ret_queues);
}

static int large_open(void *memory, void **ret_queues)
{
	(void)memory;
	return ours_open((size_t)SLOTS_LARGE * LARGE_BYTES, ret_queues);
}

static void ours_close(void **queues)
{
	for (unsigned i = 0; i < 2; i++)
		mp_queue_free(queues[i]);
}

#define SMALL(text, tag)                                                          \
	{                                                                         \
		.name = (text), .message_bytes = SMALL_BYTES, .memory_bytes = 1,  \
		.open = small_open, .close = ours_close, .roles = SIDES_LIST(tag) \
	}
#define LARGE(text, tag)                                                          \
	{                                                                         \
		.name = (text), .message_bytes = LARGE_BYTES, .memory_bytes = 1,  \
		.open = large_open, .close = ours_close, .roles = SIDES_LIST(tag) \
	}

const struct subject subjects_ours[] = {
	SMALL("mp_queue", copy_small),
	SMALL("mp_queue many", many_small),
	SMALL("mp_queue in place", place_small),
	LARGE("mp_queue", copy_large),
	LARGE("mp_queue in place", place_large),
	{0},
};
