/*
 * Concurrency Kit's ck_ring, one producer and one consumer, with entries of the message's size.
 */
#include <stddef.h>

#include "bench/peers/ring/message.h"
#include "bench/peers/ring/subject.h"

#ifdef HAVE_CK
#include <ck_ring.h>

#define SIDES(tag, n, slots)                                                                      \
	struct message_##tag {                                                                    \
		_Alignas((n) < 64 ? (n) : 64) char bytes[n];                                      \
	};                                                                                        \
	CK_RING_PROTOTYPE(ring_##tag, message_##tag)                                              \
	struct queue_##tag {                                                                      \
		_Alignas(128) ck_ring_t ring;                                                     \
		_Alignas(128) struct message_##tag entries[slots];                                \
	};                                                                                        \
	static int open_##tag(void *memory)                                                       \
	{                                                                                         \
		struct queue_##tag *queues = memory;                                              \
		ck_ring_init(&queues[0].ring, (slots));                                           \
		ck_ring_init(&queues[1].ring, (slots));                                           \
		return 0;                                                                         \
	}                                                                                         \
	static inline void put_##tag(struct queue_##tag *queue, uint64_t number)                  \
	{                                                                                         \
		struct message_##tag message;                                                     \
		message_fill(&message, number, (n));                                              \
		while (!CK_RING_ENQUEUE_SPSC(ring_##tag, &queue->ring, queue->entries, &message)) \
			;                                                                         \
	}                                                                                         \
	static inline void take_##tag(                                                            \
		struct queue_##tag *queue, uint64_t number, struct message_check *check)          \
	{                                                                                         \
		struct message_##tag message;                                                     \
		while (!CK_RING_DEQUEUE_SPSC(ring_##tag, &queue->ring, queue->entries, &message)) \
			;                                                                         \
		message_verify(check, &message, number, (n));                                     \
	}                                                                                         \
	static uint64_t produce_##tag(void *memory, uint64_t first, uint64_t count)               \
	{                                                                                         \
		for (uint64_t i = first; i < first + count; i++)                                  \
			put_##tag(memory, i);                                                     \
		return 0;                                                                         \
	}                                                                                         \
	static uint64_t consume_##tag(void *memory, uint64_t first, uint64_t count)               \
	{                                                                                         \
		struct message_check check = {0};                                                 \
		for (uint64_t i = first; i < first + count; i++)                                  \
			take_##tag(memory, i, &check);                                            \
		return check.is_wrong;                                                            \
	}

SIDES(8, 8, SLOTS)
SIDES(64, 64, SLOTS)
SIDES(1k, 1024, SLOTS)
SIDES(4m, 64, SLOTS_4MIB)

static uint64_t ping(void *memory, uint64_t first, uint64_t count)
{
	struct queue_64 *queues = memory;
	struct message_check check = {0};

	for (uint64_t i = first; i < first + count; i++) {
		put_64(&queues[0], i);
		take_64(&queues[1], i, &check);
	}
	return check.is_wrong;
}

static uint64_t pong(void *memory, uint64_t first, uint64_t count)
{
	struct queue_64 *queues = memory;
	struct message_check check = {0};

	for (uint64_t i = first; i < first + count; i++) {
		take_64(&queues[0], i, &check);
		put_64(&queues[1], i);
	}
	return check.is_wrong;
}

#define SUBJECT(cell, tag, side0, side1)                                                 \
	{                                                                                \
		cell, "ck_ring", NULL, 2 * sizeof(struct queue_##tag), open_##tag, NULL, \
		{                                                                        \
			side0, side1                                                     \
		}                                                                        \
	}

const struct subject subjects_ck[] = {
	SUBJECT("8B", 8, consume_8, produce_8),
	SUBJECT("64B", 64, consume_64, produce_64),
	SUBJECT("1KiB", 1k, consume_1k, produce_1k),
	SUBJECT("64B_4MiB", 4m, consume_4m, produce_4m),
	SUBJECT("64B_rtt", 64, ping, pong),
	{0},
};
#else
const struct subject subjects_ck[] = {
	{.cell = "64B", .name = "ck_ring", .skipped = "built without libck (Debian: libck-dev)"},
	{0},
};
#endif
