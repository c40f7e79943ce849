#pragma once
/*
 * Messages that prove themselves. A message of 16 bytes or more starts with a header (who sent it,
 * from which thread, its number); all bytes after that are a stream of random numbers keyed by the
 * header and the seed. A smaller one is the stream alone, keyed by what the receiver expects.
 */
#include "conformance.h"

struct pattern_key {
	uint64_t seed;
	uint32_t sender; /* side */
	uint32_t tid;    /* of the sender, by its own account */
	uint64_t sequence;
	bool last;
};

enum { PATTERN_HEADER_BYTES = 16 };

void pattern_fill(void *message, size_t n, const struct pattern_key *key);

/* What has been received from one sender, and what must come next. */
enum { LEDGER_MISSING_MAX = 64 };

struct ledger {
	struct pattern_key next; /* .tid 0: taken from the first message that has one */
	uint64_t missing[LEDGER_MISSING_MAX];
	unsigned missing_count;
	bool saw_last;
};

/* Judges a message that `side` received; writes findings. */
void ledger_take(
	struct ledger *ledger, struct cell *cell, unsigned side, const void *message, size_t n);

/* At the end: what never came is lost. */
void ledger_close(struct ledger *ledger, struct cell *cell);

/* What a message of at least 16 bytes says of itself; false: it is not what that sender would have
 * made of it. */
bool pattern_read(const void *message, size_t n, uint64_t seed, struct pattern_key *ret);

/* The sender that a message of at least 16 bytes names. */
uint32_t pattern_sender(const void *message);

/* A small, good generator, also for the choices of the checks: splitmix64. */
static inline uint64_t pattern_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}
