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

typedef uint64_t words4 __attribute__((vector_size(32)));
typedef uint64_t words4_anywhere __attribute__((vector_size(32), may_alias, aligned(8)));

#define MESSAGE_KEY UINT64_C(0x9e3779b97f4a7c15)

static const words4 message_places = {0, 1, 2, 3};

static inline void message_fill(void *message, uint64_t number, size_t n)
{
	uint64_t key = number * MESSAGE_KEY + 1;

	if (n == 8) {
		*(uint64_t *)message = key;
		return;
	}
	words4 words = message_places + key;
	words4_anywhere *to = (words4_anywhere *)message;
	for (size_t i = 0; i < n / sizeof(words); i++)
		to[i] = words + 4 * i;
}

/* Gathers what was wrong; zero: nothing. Looked at once per run, so that the verification of a
 * message is two instructions a line, and the queue is what is measured. */
struct message_check {
	words4 wrong;
	uint64_t wrong8;
};

static inline void message_verify(
	struct message_check *check, const void *message, uint64_t number, size_t n)
{
	uint64_t key = number * MESSAGE_KEY + 1;

	if (n == 8) {
		check->wrong8 |= *(const uint64_t *)message ^ key;
		return;
	}
	words4 words = message_places + key;
	const words4_anywhere *from = (const words4_anywhere *)message;
	words4 wrong = check->wrong;
	for (size_t i = 0; i < n / sizeof(words); i++)
		wrong |= from[i] ^ (words + 4 * i);
	check->wrong = wrong;
}

static inline bool message_all_good(const struct message_check *check)
{
	uint64_t wrong = check->wrong8;

	for (int i = 0; i < 4; i++)
		wrong |= check->wrong[i];
	return wrong == 0;
}
