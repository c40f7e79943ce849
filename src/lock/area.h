#pragma once
/*
 * What the members have in common: a piece of shared memory in which their words lie, and a value
 * that they guard.
 *
 * A member's state begins with a struct area. Its cells are two cache lines each, because
 * prefetchers bring lines in pairs: the lock with the value that it guards, as programs lay them
 * out that want one line to bring both; the barrier; and one for each side to wait at.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/lock.h"
#include "os/shm.h"

enum { AREA_CELL_BYTES = 128 };

struct area {
	struct shm memory;
	unsigned side, sides;
	bool threads;
};

/* All cells, zeroed. */
int area_open(struct area *area, const struct lock_options *options);

/* For a member with a layout of its own. */
int area_open_bytes(struct area *area, const struct lock_options *options, size_t bytes);

/* For a member's attach; `state` begins with a struct area. A thread's copy owns nothing. */
int area_attach(void *state, unsigned side);

/* False in a thread's copy, which must not release what it shares. */
bool area_owns(const struct area *area);

/* For a member's close; accepts the empty one, and twice. */
void area_close(void *state);

static inline void *area_cell(const void *state, unsigned cell)
{
	const struct area *area = state;

	return (char *)area->memory.data + (size_t)cell * AREA_CELL_BYTES;
}

/* The lock with its value. */
static inline void *area_lock(const void *state)
{
	return area_cell(state, 0);
}

/* A barrier has two cells: who arrives writes the first, who waits looks at the second. */
static inline void *area_arrivals(const void *state)
{
	return area_cell(state, 1);
}

static inline void *area_generation(const void *state)
{
	return area_cell(state, 2);
}

/* What a side waits at for its signal. */
static inline void *area_signal(const void *state, unsigned side)
{
	return area_cell(state, 3 + side);
}

/* LOCK_COUNTER of a lock: acquire and release are constants in each member, and inlined. */
static inline __attribute__((always_inline)) int area_add(
	int (*acquire)(void *), int (*release)(void *), void *state, int64_t *value, int64_t n)
{
	int r = acquire(state);

	if (r < 0)
		return r;
	*value += n;
	return release(state);
}

static inline __attribute__((always_inline)) int area_value(int (*acquire)(void *),
	int (*release)(void *), void *state, const int64_t *value, int64_t *ret_value)
{
	int r = acquire(state);

	if (r < 0)
		return r;
	*ret_value = *value;
	return release(state);
}
