/*
 * What the machine allows.
 *
 * "bare flag", the floor of a round trip: one cache line each way, 56 bytes of data with a number
 * behind them. "bare flag, 72 B": the same for 64 bytes, which need a second line: the data behind
 * the number, written from the end, and the poll asks for both lines.
 *
 * "bare copy", the ceiling of a stream: as many bytes as the queues have slots, copied from one
 * side to the other by string instructions, one index each way for every bulk of 32 messages (or
 * "8 KiB", for so much), and nothing else in the way: no sizes, no messages, nothing made by the
 * producer, and of what arrives one word per line is looked at.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "bench/peers/ring/message.h"
#include "bench/peers/ring/subject.h"
#include "os/ring_copy.h"
#include "os/waiter.h"

struct line {
	_Alignas(128) uint64_t data[7];
	_Atomic uint64_t number;
};

static int open_lines(void *memory)
{
	(void)memory;
	return 0;
}

static inline void put(struct line *line, uint64_t number)
{
	for (uint64_t i = 0; i < 7; i++)
		line->data[i] = number * MESSAGE_KEY + i;
	atomic_store_explicit(&line->number, number, memory_order_release);
}

static inline uint64_t take(struct line *line, uint64_t number)
{
	uint64_t wrong = 0;

	while (atomic_load_explicit(&line->number, memory_order_acquire) != number)
		waiter_pause();
	for (uint64_t i = 0; i < 7; i++)
		wrong |= line->data[i] ^ (number * MESSAGE_KEY + i);
	return wrong != 0;
}

static uint64_t ping(void *memory, uint64_t first, uint64_t count)
{
	struct line *lines = memory;
	uint64_t wrong = 0;

	for (uint64_t i = first + 1; i <= first + count; i++) {
		put(&lines[0], i);
		wrong += take(&lines[1], i);
	}
	return wrong;
}

static uint64_t pong(void *memory, uint64_t first, uint64_t count)
{
	struct line *lines = memory;
	uint64_t wrong = 0;

	for (uint64_t i = first + 1; i <= first + count; i++) {
		wrong += take(&lines[0], i);
		put(&lines[1], i);
	}
	return wrong;
}

struct pair {
	_Alignas(128) _Atomic uint64_t number;
	uint64_t data[8];
};

static inline void put_pair(struct pair *pair, uint64_t number)
{
	for (uint64_t i = 8; i-- > 0;)
		pair->data[i] = number * MESSAGE_KEY + i;
	atomic_store_explicit(&pair->number, number, memory_order_release);
}

static inline uint64_t take_pair(struct pair *pair, uint64_t number)
{
	uint64_t wrong = 0;

	do
		__builtin_prefetch(&pair->data[7]);
	while (atomic_load_explicit(&pair->number, memory_order_acquire) != number);
	for (uint64_t i = 0; i < 8; i++)
		wrong |= pair->data[i] ^ (number * MESSAGE_KEY + i);
	return wrong != 0;
}

static uint64_t ping_pair(void *memory, uint64_t first, uint64_t count)
{
	struct pair *pairs = memory;
	uint64_t wrong = 0;

	for (uint64_t i = first + 1; i <= first + count; i++) {
		put_pair(&pairs[0], i);
		wrong += take_pair(&pairs[1], i);
	}
	return wrong;
}

static uint64_t pong_pair(void *memory, uint64_t first, uint64_t count)
{
	struct pair *pairs = memory;
	uint64_t wrong = 0;

	for (uint64_t i = first + 1; i <= first + count; i++) {
		wrong += take_pair(&pairs[0], i);
		put_pair(&pairs[1], i);
	}
	return wrong;
}

struct stream {
	_Alignas(128) _Atomic uint64_t tail;
	_Alignas(128) _Atomic uint64_t head;
	_Alignas(128) char bytes[];
};

/* A last chunk that is not full is not sent. */
static inline __attribute__((always_inline)) uint64_t stream_out(
	struct stream *stream, uint64_t bytes, size_t size, size_t chunk_bytes)
{
	static _Alignas(64) char chunk[BULK * 1024];
	uint64_t at = atomic_load_explicit(&stream->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&stream->head, memory_order_acquire);

	for (uint64_t end = at + bytes / chunk_bytes * chunk_bytes; at < end; at += chunk_bytes) {
		while (at + chunk_bytes > head + size)
			head = atomic_load_explicit(&stream->head, memory_order_acquire);
		ring_copy_in_large(stream->bytes + at % size, chunk, chunk_bytes);
		atomic_store_explicit(&stream->tail, at + chunk_bytes, memory_order_release);
	}
	return 0;
}

static inline __attribute__((always_inline)) uint64_t stream_in(
	struct stream *stream, uint64_t bytes, size_t size, size_t chunk_bytes)
{
	uint64_t at = atomic_load_explicit(&stream->head, memory_order_relaxed), tail = at;
	uint64_t sum = 0;

	for (uint64_t end = at + bytes / chunk_bytes * chunk_bytes; at < end; at += chunk_bytes) {
		while (tail < at + chunk_bytes)
			tail = atomic_load_explicit(&stream->tail, memory_order_acquire);
		const char *from = stream->bytes + at % size;
		for (size_t i = 0; i < chunk_bytes; i += 64)
			sum |= *(const uint64_t *)(from + i);
		if ((at + chunk_bytes) % (size / 8) == 0)
			atomic_store_explicit(
				&stream->head, at + chunk_bytes, memory_order_release);
	}
	atomic_store_explicit(&stream->head, at, memory_order_release);
	__asm__ volatile("" : : "r"(sum));
	return 0;
}

#define STREAM(tag, n, chunk_bytes)                                                    \
	static uint64_t stream_out_##tag(void *memory, uint64_t first, uint64_t count) \
	{                                                                              \
		(void)first;                                                           \
		return stream_out(memory, count * (n), SLOTS * (n), (chunk_bytes));    \
	}                                                                              \
	static uint64_t stream_in_##tag(void *memory, uint64_t first, uint64_t count)  \
	{                                                                              \
		(void)first;                                                           \
		return stream_in(memory, count * (n), SLOTS * (n), (chunk_bytes));     \
	}

STREAM(64, 64, BULK * 64)
STREAM(64_8k, 64, 8192)
STREAM(1k, 1024, BULK * 1024)

const struct subject subjects_flag[] = {
	{"64B_rtt", "bare flag", NULL, 2 * sizeof(struct line), open_lines, NULL, {ping, pong}},
	{"64B_rtt", "bare flag, 72 B", NULL, 2 * sizeof(struct pair), open_lines, NULL,
		{ping_pair, pong_pair}},
	{"64B", "bare copy", NULL, sizeof(struct stream) + SLOTS * 64, open_lines, NULL,
		{stream_in_64, stream_out_64}},
	{"64B", "bare copy 8 KiB", NULL, sizeof(struct stream) + SLOTS * 64, open_lines, NULL,
		{stream_in_64_8k, stream_out_64_8k}},
	{"1KiB", "bare copy", NULL, sizeof(struct stream) + SLOTS * 1024, open_lines, NULL,
		{stream_in_1k, stream_out_1k}},
	{0},
};
