/*
 * The floor of a round trip: one cache line each way, 56 bytes of data with a number behind them.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "bench/peers/ring/message.h"
#include "bench/peers/ring/subject.h"
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

const struct subject subjects_flag[] = {
	{"64B_rtt", "bare flag", NULL, 2 * sizeof(struct line), open_lines, NULL, {ping, pong}},
	{0},
};
