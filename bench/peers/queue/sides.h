#pragma once
/*
 * The behaviour of every subject, made from its put and take. The loops are inlined into each
 * subject's own functions, so that no indirect call is timed: `ops` is a constant there.
 */
#include "base/clock.h"
#include "bench/peers/queue/subject.h"
#include "bench/peers/ring/message.h"

/* Makes the message of this number and puts it; waits for room. */
typedef void put_function(void *queue, uint64_t number, size_t n);
/* Waits for a message, verifies it, and returns its number. */
typedef uint64_t take_function(void *queue, size_t n, struct message_check *check);
/* Puts `count` messages, numbered on from the first. */
typedef void put_many_function(void *queue, uint64_t number, size_t n, unsigned count);
/* Waits for one or more, at most BULK, and returns how many. */
typedef unsigned take_many_function(
	void *queue, size_t n, uint64_t *ret_numbers, struct message_check *check);

struct ops {
	put_function *put;
	take_function *take;
	put_many_function *put_many; /* with take_many; optional */
	take_many_function *take_many;
};

#define SIDES_INLINE static inline __attribute__((always_inline))

#define SENTINEL UINT64_MAX
#define PRODUCER_SHIFT 48

enum {
	PUTS_BETWEEN_LOOKS = 64, /* at the clock */
	GROUP_LONGEST = 32,      /* round trips */
	SHORT_GROUP_NS = 100000,
};

/* 1 / MESSAGE_KEY, modulo 2^64. */
#define MESSAGE_KEY_INVERSE UINT64_C(0xf1de83e19937733d)

/* The number of a message that message_fill() made, by its first word. */
SIDES_INLINE uint64_t message_number(const void *message)
{
	return (*(const uint64_t *)message - 1) * MESSAGE_KEY_INVERSE;
}

SIDES_INLINE uint64_t message_number_verified(
	const void *message, size_t n, struct message_check *check)
{
	uint64_t number = message_number(message);

	message_verify(check, message, number, n);
	return number;
}

SIDES_INLINE void tally_count(struct tally *tally, uint64_t number)
{
	uint64_t producer = number >> PRODUCER_SHIFT;
	uint64_t index = number & ((UINT64_C(1) << PRODUCER_SHIFT) - 1);

	if (producer >= PRODUCERS_MAX || index < tally->next[producer]) {
		tally->is_wrong = true;
		return;
	}
	tally->next[producer] = index + 1;
	tally->got[producer]++;
	tally->sum[producer] += index;
}

SIDES_INLINE void sides_produce(const struct ops *ops, struct part *part, size_t n)
{
	uint64_t number = ((uint64_t)part->index << PRODUCER_SHIFT) + part->tally.put;

	do {
		if (ops->put_many) {
			for (unsigned i = 0; i < PUTS_BETWEEN_LOOKS; i += BULK)
				ops->put_many(part->queues[0], number + i, n, BULK);
		} else {
			for (unsigned i = 0; i < PUTS_BETWEEN_LOOKS; i++)
				ops->put(part->queues[0], number + i, n);
		}
		number += PUTS_BETWEEN_LOOKS;
	} while (clock_ns() < part->until_ns);
	part->tally.put = number & ((UINT64_C(1) << PRODUCER_SHIFT) - 1);
	if (__atomic_sub_fetch(part->producing, 1, __ATOMIC_ACQ_REL) == 0)
		for (unsigned i = 0; i < part->consumers; i++)
			ops->put(part->queues[0], SENTINEL, n);
}

/* A sentinel is the last but for other sentinels, and those are for the other consumers. */
SIDES_INLINE void sides_consume_many(const struct ops *ops, struct part *part, size_t n)
{
	struct message_check check = {false};
	uint64_t numbers[BULK];
	unsigned sentinels = 0;

	while (sentinels == 0) {
		unsigned got = ops->take_many(part->queues[0], n, numbers, &check);
		for (unsigned i = 0; i < got; i++) {
			if (__builtin_expect(numbers[i] == SENTINEL, 0))
				sentinels++;
			else
				tally_count(&part->tally, numbers[i]);
		}
	}
	while (--sentinels > 0)
		ops->put(part->queues[0], SENTINEL, n);
	part->tally.is_wrong |= check.is_wrong;
}

SIDES_INLINE void sides_consume(const struct ops *ops, struct part *part, size_t n)
{
	struct message_check check = {false};

	if (ops->take_many) {
		sides_consume_many(ops, part, n);
		return;
	}
	for (;;) {
		uint64_t number = ops->take(part->queues[0], n, &check);
		if (__builtin_expect(number == SENTINEL, 0))
			break;
		tally_count(&part->tally, number);
	}
	part->tally.is_wrong |= check.is_wrong;
}

/* In groups, whose median tells the round trip also when other work interrupts some of them: of
 * many where a round trip is short, because looking at the clock takes time too. */
SIDES_INLINE void sides_ping(const struct ops *ops, struct part *part, size_t n)
{
	struct message_check check = {false};
	unsigned in_group = 1;
	uint64_t number = 0;
	int64_t begin, now = clock_ns();

	do {
		begin = now;
		for (unsigned i = 0; i < in_group; i++) {
			ops->put(part->queues[0], number, n);
			if (ops->take(part->queues[1], n, &check) != number)
				check.is_wrong = true;
			number++;
		}
		now = clock_ns();
		part->groups[part->group_count++ % GROUPS_MAX] = (double)(now - begin) / in_group;
		in_group = now - begin < SHORT_GROUP_NS ? GROUP_LONGEST : 1;
	} while (now < part->until_ns);
	ops->put(part->queues[0], SENTINEL, n);
	if (ops->take(part->queues[1], n, &check) != SENTINEL)
		check.is_wrong = true;
	part->tally.is_wrong |= check.is_wrong;
}

SIDES_INLINE void sides_pong(const struct ops *ops, struct part *part, size_t n)
{
	struct message_check check = {false};
	uint64_t number, expected = 0;

	do {
		number = ops->take(part->queues[0], n, &check);
		if (number != expected++ && number != SENTINEL)
			check.is_wrong = true;
		ops->put(part->queues[1], number, n);
	} while (number != SENTINEL);
	part->tally.is_wrong |= check.is_wrong;
}

SIDES_INLINE void sides_fill(const struct ops *ops, struct part *part, size_t n)
{
	for (uint64_t i = 0;; i++)
		ops->put(part->queues[1], i, n);
}

SIDES_INLINE void sides_drain(const struct ops *ops, struct part *part, size_t n)
{
	struct message_check check = {false};

	for (;;)
		ops->take(part->queues[0], n, &check);
}

/* The functions of a subject, and the list of them. */
#define SIDES_ROLE(role, tag, ops, n)               \
	static void tag##_##role(struct part *part) \
	{                                           \
		sides_##role(&(ops), part, (n));    \
	}
#define SIDES(tag, ops, n)               \
	SIDES_ROLE(produce, tag, ops, n) \
	SIDES_ROLE(consume, tag, ops, n) \
	SIDES_ROLE(ping, tag, ops, n)    \
	SIDES_ROLE(pong, tag, ops, n)    \
	SIDES_ROLE(fill, tag, ops, n)    \
	SIDES_ROLE(drain, tag, ops, n)
#define SIDES_LIST(tag)                                                                       \
	{                                                                                     \
		tag##_produce, tag##_consume, tag##_ping, tag##_pong, tag##_fill, tag##_drain \
	}
