#include "pattern.h"

#include <inttypes.h>
#include <string.h>

struct header {
	uint32_t sender_and_last;
	uint32_t tid;
	uint64_t sequence;
};

#define LAST UINT32_C(0x80000000)

static uint64_t stream_of(const struct pattern_key *key)
{
	uint64_t state = key->seed ^ (uint64_t)key->sender << 56 ^ key->sequence << 1 ^ key->last;

	return pattern_random(&state);
}

void pattern_fill(void *message, size_t n, const struct pattern_key *key)
{
	unsigned char *to = message;
	struct pattern_key stream_key = *key;

	/* Nothing in a small message could tell its receiver that it is the last one. */
	if (n < PATTERN_HEADER_BYTES)
		stream_key.last = false;
	uint64_t state = stream_of(&stream_key);
	if (n >= PATTERN_HEADER_BYTES) {
		struct header header = {
			key->sender | (key->last ? LAST : 0), key->tid, key->sequence};
		memcpy(to, &header, sizeof(header));
		to += sizeof(header);
		n -= sizeof(header);
	}
	for (; n >= sizeof(uint64_t); n -= sizeof(uint64_t), to += sizeof(uint64_t)) {
		uint64_t word = pattern_random(&state);
		memcpy(to, &word, sizeof(word));
	}
	uint64_t word = pattern_random(&state);
	memcpy(to, &word, n);
}

/* The offset of the first byte that differs from what the key says; n when none does. */
static size_t first_wrong(const void *message, size_t n, const struct pattern_key *key)
{
	const unsigned char *from = message;
	uint64_t state = stream_of(key);
	size_t offset = 0;

	if (n >= PATTERN_HEADER_BYTES)
		offset = PATTERN_HEADER_BYTES;
	while (offset < n) {
		uint64_t word = pattern_random(&state);
		size_t bytes = n - offset < sizeof(word) ? n - offset : sizeof(word);
		if (memcmp(from + offset, &word, bytes) != 0) {
			while (from[offset] == (unsigned char)word)
				word >>= 8, offset++;
			return offset;
		}
		offset += bytes;
	}
	return n;
}

uint32_t pattern_sender(const void *message)
{
	struct header header;

	memcpy(&header, message, sizeof(header));
	return header.sender_and_last & ~LAST;
}

bool pattern_read(const void *message, size_t n, uint64_t seed, struct pattern_key *ret)
{
	struct header header;

	memcpy(&header, message, sizeof(header));
	*ret = (struct pattern_key){
		.seed = seed,
		.sender = header.sender_and_last & ~LAST,
		.tid = header.tid,
		.sequence = header.sequence,
		.last = (header.sender_and_last & LAST) != 0,
	};
	return first_wrong(message, n, ret) == n;
}

static bool take_missing(struct ledger *ledger, uint64_t sequence)
{
	for (unsigned i = 0; i < ledger->missing_count; i++) {
		if (ledger->missing[i] == sequence) {
			ledger->missing[i] = ledger->missing[--ledger->missing_count];
			return true;
		}
	}
	return false;
}

/* Books a message that is whole and from the right sender. */
static void book(struct ledger *ledger, struct cell *cell, uint64_t sequence)
{
	uint64_t next = ledger->next.sequence;

	if (sequence < next) {
		bool late = take_missing(ledger, sequence);
		found(cell, late ? "reordered" : "duplicated",
			"message %" PRIu64 " of side %u came %s message %" PRIu64, sequence,
			ledger->next.sender, late ? "after" : "again, after", next - 1);
		return;
	}
	/* It may come later: only the end of the conversation tells. */
	for (uint64_t gap = next; gap < sequence && ledger->missing_count < LEDGER_MISSING_MAX;
		gap++)
		ledger->missing[ledger->missing_count++] = gap;
	ledger->next.sequence = sequence + 1;
}

/* Without a header only the neighbours of the expected message can be recognized. */
static void take_small(
	struct ledger *ledger, struct cell *cell, unsigned side, const void *message, size_t n)
{
	struct pattern_key key = ledger->next;
	uint64_t expected = key.sequence;

	for (uint64_t distance = 0; distance <= 4; distance++) {
		for (int sign = 1; sign >= -1; sign -= 2) {
			if (sign < 0 && distance > expected)
				continue;
			key.sequence = sign > 0 ? expected + distance : expected - distance;
			if (first_wrong(message, n, &key) == n) {
				book(ledger, cell, key.sequence);
				return;
			}
		}
	}
	key.sender = side;
	key.sequence = expected;
	if (first_wrong(message, n, &key) == n)
		found(cell, "self_echo", "side %u received its own message %" PRIu64, side,
			expected);
	else
		found(cell, "corrupted", "message %" PRIu64 " of %zu bytes from side %u", expected,
			n, ledger->next.sender);
}

void ledger_take(
	struct ledger *ledger, struct cell *cell, unsigned side, const void *message, size_t n)
{
	struct header header;

	if (n < PATTERN_HEADER_BYTES) {
		take_small(ledger, cell, side, message, n);
		return;
	}
	memcpy(&header, message, sizeof(header));
	struct pattern_key key = {
		.seed = ledger->next.seed,
		.sender = header.sender_and_last & ~LAST,
		.tid = header.tid,
		.sequence = header.sequence,
		.last = header.sender_and_last & LAST,
	};
	size_t wrong = first_wrong(message, n, &key);
	if (wrong < n) {
		found(cell, "corrupted",
			"byte %zu of %zu: side %u expected message %" PRIu64 " of side %u, got one "
			"that says it is message %" PRIu64 " of side %u",
			wrong, n, side, ledger->next.sequence, ledger->next.sender, key.sequence,
			key.sender);
		return;
	}
	if (key.sender == side) {
		found(cell, "self_echo", "side %u received its own message %" PRIu64, side,
			key.sequence);
		return;
	}
	if (ledger->next.tid == 0)
		ledger->next.tid = key.tid;
	if (key.sender != ledger->next.sender || key.tid != ledger->next.tid) {
		found(cell, "stranger",
			"side %u expected a message of side %u (thread %u), got one of side %u "
			"(thread %u)",
			side, ledger->next.sender, ledger->next.tid, key.sender, key.tid);
		return;
	}
	ledger->saw_last |= key.last;
	book(ledger, cell, key.sequence);
}

void ledger_close(struct ledger *ledger, struct cell *cell)
{
	if (ledger->missing_count > 0)
		found(cell, "lost", "%u messages of side %u never came, such as message %" PRIu64,
			ledger->missing_count, ledger->next.sender, ledger->missing[0]);
}
