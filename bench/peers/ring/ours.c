/*
 * os/ring in three manners: copied one by one, in place one by one, and many at a time. The ring
 * has as many bytes as the peers' slots; its headers make that fewer messages, not more.
 */
#include <string.h>

#include "base/clock.h"
#include "bench/peers/ring/message.h"
#include "bench/peers/ring/subject.h"
#include "os/ring.h"

enum manner { COPY, IN_PLACE, MANY, MANY_OUT, MANY_IN_PLACE };

/* Per process: the mappings are made before the fork, the ends after it. */
struct ours {
	struct ring rings[2];
};

static struct ring_tx tx;
static struct ring_rx rx;

static inline int open_rings(void *memory, size_t capacity, size_t n)
{
	struct ours *ours = memory;

	for (int i = 0; i < 2; i++) {
		int r = ring_open(&ours->rings[i], capacity, n);
		if (r < 0)
			return r;
	}
	return 0;
}

static void close_rings(void *memory)
{
	struct ours *ours = memory;

	ring_close(&ours->rings[0]);
	ring_close(&ours->rings[1]);
}

static inline __attribute__((always_inline)) uint64_t produce(
	struct ours *ours, uint64_t first, uint64_t count, size_t n, enum manner manner)
{
	_Alignas(64) char messages[BULK * 1024];
	void *room;

	if (first == 0)
		ring_tx_init(&tx, &ours->rings[0], WAITER_SPIN);
	for (uint64_t i = first; i < first + count;) {
		if (manner == COPY) {
			message_fill(messages, i, n);
			while (!ring_put(&tx, messages, n))
				ring_wait_room(&tx, n, DEADLINE_NEVER);
			i++;
		} else if (manner == IN_PLACE) {
			while (!(room = ring_borrow(&tx, n)))
				ring_wait_room(&tx, n, DEADLINE_NEVER);
			message_fill(room, i, n);
			ring_commit(&tx, n);
			i++;
		} else if (manner == MANY_IN_PLACE) {
			size_t want = first + count - i < BULK ? (size_t)(first + count - i) : BULK;
			char *at;
			while (!(at = ring_borrow(&tx, want * n)))
				ring_wait_room(&tx, want * n, DEADLINE_NEVER);
			for (size_t j = 0; j < want; j++)
				message_fill(at + j * n, i + j, n);
			ring_commit_many(&tx, n, (uint32_t)want);
			i += want;
		} else {
			size_t want = first + count - i < BULK ? (size_t)(first + count - i) : BULK;
			for (size_t j = 0; j < want; j++)
				message_fill(messages + j * n, i + j, n);
			for (size_t done = 0; done < want;) {
				size_t put =
					ring_put_many(&tx, messages + done * n, n, want - done);
				if (put == 0)
					ring_wait_room(&tx, n, DEADLINE_NEVER);
				done += put;
			}
			i += want;
		}
	}
	return 0;
}

static inline __attribute__((always_inline)) uint64_t consume(
	struct ours *ours, uint64_t first, uint64_t count, size_t n, size_t lag, enum manner manner)
{
	_Alignas(64) char messages[BULK * 1024];
	struct message_check check = {0};
	size_t size;

	if (first == 0)
		ring_rx_init(&rx, &ours->rings[0], WAITER_SPIN, lag);
	for (uint64_t i = first; i < first + count;) {
		if (manner == COPY) {
			while (ring_get(&rx, messages, n) == 0)
				ring_wait_message(&rx, DEADLINE_NEVER);
			message_verify(&check, messages, i, n);
			i++;
		} else if (manner == IN_PLACE) {
			const void *at;
			while (!(at = ring_peek(&rx, &size)))
				ring_wait_message(&rx, DEADLINE_NEVER);
			message_verify(&check, at, i, n);
			ring_release(&rx);
			i++;
		} else if (manner == MANY_OUT || manner == MANY_IN_PLACE) {
			const char *at;
			size_t got;
			while (!(at = ring_peek_many(&rx, &size, &got)))
				ring_wait_message(&rx, DEADLINE_NEVER);
			for (size_t j = 0; j < got; j++)
				message_verify(&check, at + j * n, i + j, n);
			ring_release_many(&rx, (uint32_t)got);
			i += got;
		} else {
			size_t want = first + count - i < BULK ? (size_t)(first + count - i) : BULK;
			size_t got = ring_get_many(&rx, messages, n, want);
			if (got == 0)
				ring_wait_message(&rx, DEADLINE_NEVER);
			for (size_t j = 0; j < got; j++)
				message_verify(&check, messages + j * n, i + j, n);
			i += got;
		}
	}
	return check.is_wrong;
}

static inline void send(uint64_t number, enum manner manner)
{
	_Alignas(64) char message[64];

	/* At most one message is under way: there is room. */
	if (manner == IN_PLACE) {
		message_fill(ring_borrow(&tx, 64), number, 64);
		ring_commit(&tx, 64);
	} else {
		message_fill(message, number, 64);
		ring_put(&tx, message, 64);
	}
}

static inline void receive(struct message_check *check, uint64_t number, enum manner manner)
{
	_Alignas(64) char message[64];
	const void *at = message;
	size_t size;

	if (manner == IN_PLACE) {
		while (!(at = ring_peek(&rx, &size)))
			ring_wait_message(&rx, DEADLINE_NEVER);
		message_verify(check, at, number, 64);
		ring_release(&rx);
	} else {
		while (ring_get(&rx, message, 64) == 0)
			ring_wait_message(&rx, DEADLINE_NEVER);
		message_verify(check, message, number, 64);
	}
}

static inline __attribute__((always_inline)) uint64_t round_trips(
	struct ours *ours, unsigned side, uint64_t first, uint64_t count, enum manner manner)
{
	struct message_check check = {0};

	if (first == 0) {
		ring_tx_init(&tx, &ours->rings[side], WAITER_SPIN);
		ring_rx_init(&rx, &ours->rings[!side], WAITER_SPIN, 0);
	}
	for (uint64_t i = first; i < first + count; i++) {
		if (side == 0)
			send(i, manner);
		receive(&check, i, manner);
		if (side == 1)
			send(i, manner);
	}
	return check.is_wrong;
}

static uint64_t ping(void *memory, uint64_t first, uint64_t count)
{
	return round_trips(memory, 0, first, count, COPY);
}

static uint64_t pong(void *memory, uint64_t first, uint64_t count)
{
	return round_trips(memory, 1, first, count, COPY);
}

static uint64_t ping_in_place(void *memory, uint64_t first, uint64_t count)
{
	return round_trips(memory, 0, first, count, IN_PLACE);
}

static uint64_t pong_in_place(void *memory, uint64_t first, uint64_t count)
{
	return round_trips(memory, 1, first, count, IN_PLACE);
}

#define OURS(tag, n, slots, manner)                                                 \
	static int open_##tag(void *memory)                                         \
	{                                                                           \
		return open_rings(memory, (size_t)(n) * (slots), (n));              \
	}                                                                           \
	static uint64_t produce_##tag(void *memory, uint64_t first, uint64_t count) \
	{                                                                           \
		return produce(memory, first, count, (n), (manner));                \
	}                                                                           \
	static uint64_t consume_##tag(void *memory, uint64_t first, uint64_t count) \
	{                                                                           \
		return consume(memory, first, count, (n), LAG_BYTES, (manner));     \
	}

/* The distance that the consumer keeps; at most half of the ring is used. */
enum { LAG_BYTES = 64 * 1024 };

OURS(mout_8, 8, SLOTS, MANY_OUT)
OURS(mpl_8, 8, SLOTS, MANY_IN_PLACE)
OURS(many_8, 8, SLOTS, MANY)
OURS(place_8, 8, SLOTS, IN_PLACE)
OURS(copy_8, 8, SLOTS, COPY)
OURS(mout_64, 64, SLOTS, MANY_OUT)
OURS(mpl_64, 64, SLOTS, MANY_IN_PLACE)
OURS(many_64, 64, SLOTS, MANY)
OURS(place_64, 64, SLOTS, IN_PLACE)
OURS(copy_64, 64, SLOTS, COPY)
OURS(mout_1k, 1024, SLOTS, MANY_OUT)
OURS(mpl_1k, 1024, SLOTS, MANY_IN_PLACE)
OURS(many_1k, 1024, SLOTS, MANY)
OURS(place_1k, 1024, SLOTS, IN_PLACE)
OURS(copy_1k, 1024, SLOTS, COPY)
OURS(mout_4m, 64, SLOTS_4MIB, MANY_OUT)
OURS(mpl_4m, 64, SLOTS_4MIB, MANY_IN_PLACE)
OURS(many_4m, 64, SLOTS_4MIB, MANY)
OURS(place_4m, 64, SLOTS_4MIB, IN_PLACE)
OURS(copy_4m, 64, SLOTS_4MIB, COPY)

static int open_rtt(void *memory)
{
	return open_rings(memory, 64 * SLOTS, 64);
}

#define SUBJECT(cell, name, tag)                                                \
	{                                                                       \
		cell, name, NULL, sizeof(struct ours), open_##tag, close_rings, \
		{                                                               \
			consume_##tag, produce_##tag                            \
		}                                                               \
	}

const struct subject subjects_ours[] = {
	SUBJECT("8B", "ring many out", mout_8),
	SUBJECT("8B", "ring many place", mpl_8),
	SUBJECT("8B", "ring many", many_8),
	SUBJECT("8B", "ring in place", place_8),
	SUBJECT("8B", "ring", copy_8),
	SUBJECT("64B", "ring many out", mout_64),
	SUBJECT("64B", "ring many place", mpl_64),
	SUBJECT("64B", "ring many", many_64),
	SUBJECT("64B", "ring in place", place_64),
	SUBJECT("64B", "ring", copy_64),
	SUBJECT("1KiB", "ring many out", mout_1k),
	SUBJECT("1KiB", "ring many place", mpl_1k),
	SUBJECT("1KiB", "ring many", many_1k),
	SUBJECT("1KiB", "ring in place", place_1k),
	SUBJECT("1KiB", "ring", copy_1k),
	SUBJECT("64B_4MiB", "ring many out", mout_4m),
	SUBJECT("64B_4MiB", "ring many place", mpl_4m),
	SUBJECT("64B_4MiB", "ring many", many_4m),
	SUBJECT("64B_4MiB", "ring in place", place_4m),
	SUBJECT("64B_4MiB", "ring", copy_4m),
	{"64B_rtt", "ring in place", NULL, sizeof(struct ours), open_rtt, close_rings,
		{ping_in_place, pong_in_place}},
	{"64B_rtt", "ring", NULL, sizeof(struct ours), open_rtt, close_rings, {ping, pong}},
	{0},
};
