#pragma once
/*
 * What all subjects send: words that each tell the message's number and their place, so that a
 * lost, repeated, torn or mixed message is found. Written and read in the width in which the
 * queues copy: a narrow store just before a wide load of the same bytes stalls until it has
 * reached the cache, and such a stall made every queue four times slower.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t words4 __attribute__((vector_size(32), may_alias, aligned(8)));

#define MESSAGE_KEY UINT64_C(0x9e3779b97f4a7c15)

static inline void message_fill(void *message, uint64_t number, size_t n)
{
	uint64_t key = number * MESSAGE_KEY + 1;

	if (n == 8) {
		*(uint64_t *)message = key;
		return;
	}
	words4 words = {key, key + 1, key + 2, key + 3};
	words4 *to = (words4 *)message;
	for (size_t i = 0; i < n / sizeof(words); i++)
		to[i] = words + 4 * i;
}

static inline bool message_is(const void *message, uint64_t number, size_t n)
{
	uint64_t key = number * MESSAGE_KEY + 1;

	if (n == 8)
		return *(const uint64_t *)message == key;
	words4 words = {key, key + 1, key + 2, key + 3};
	words4 wrong = {0, 0, 0, 0};
	const words4 *from = (const words4 *)message;
	for (size_t i = 0; i < n / sizeof(words); i++)
		wrong |= from[i] ^ (words + 4 * i);
	return (wrong[0] | wrong[1] | wrong[2] | wrong[3]) == 0;
}
