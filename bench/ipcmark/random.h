#pragma once
/*
 * Random numbers from a seed that is recorded: the same on every machine. splitmix64 (Steele, Lea &
 * Flood 2014): one word of state, passes BigCrush, any seed is good.
 */
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 … bound - 1, without the bias of a remainder: what would give it is drawn again. */
static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
	uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
	uint64_t value;

	do
		value = random_next(state);
	while (value >= limit);
	return value % bound;
}
