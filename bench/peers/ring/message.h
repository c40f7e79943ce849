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

static inline bool message_is_zero(words4 words)
{
#ifdef __AVX__
	typedef long long words4_signed __attribute__((vector_size(32)));
	return __builtin_ia32_ptestz256((words4_signed)words, (words4_signed)words);
#else
	return (words[0] | words[1] | words[2] | words[3]) == 0;
#endif
}

/* What the receiver found. A branch that is never taken, and not a sum: a vector that is carried
 * from message to message goes through memory in a loop that calls functions, and 400 M/s were
 * the limit of the verification. */
struct message_check {
	bool is_wrong;
};

static inline void message_verify(
	struct message_check *check, const void *message, uint64_t number, size_t n)
{
	uint64_t key = number * MESSAGE_KEY + 1;

	if (n == 8) {
		if (__builtin_expect(*(const uint64_t *)message != key, 0))
			check->is_wrong = true;
		return;
	}
	words4 words = message_places + key;
	words4 wrong = {0, 0, 0, 0};
	const words4_anywhere *from = (const words4_anywhere *)message;
	for (size_t i = 0; i < n / sizeof(words); i++)
		wrong |= from[i] ^ (words + 4 * i);
	if (__builtin_expect(!message_is_zero(wrong), 0))
		check->is_wrong = true;
}
