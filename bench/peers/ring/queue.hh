#pragma once
// The two sides of a C++ queue of messages, made from its put and take.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "bench/peers/ring/message.h"
#include "bench/peers/ring/subject.h"

template <size_t N> struct alignas(N < 64 ? N : 64) message {
	char bytes[N];

	message() = default;
	explicit message(uint64_t number)
	{
		message_fill(this, number, N);
	}
};

// Q has put(number) and take(number, check), which wait; with
// bulk, put_many(number, count) and take_many(number, count, check), which take what is there.
template <class Q> struct sides {
	static Q *queues(void *memory)
	{
		return static_cast<Q *>(memory);
	}

	static uint64_t produce(void *memory, uint64_t first, uint64_t count)
	{
		for (uint64_t i = first; i < first + count; i++)
			queues(memory)[0].put(i);
		return 0;
	}

	static uint64_t consume(void *memory, uint64_t first, uint64_t count)
	{
		message_check check = {};
		for (uint64_t i = first; i < first + count; i++)
			queues(memory)[0].take(i, &check);
		return check.is_wrong;
	}

	static uint64_t produce_many(void *memory, uint64_t first, uint64_t count)
	{
		for (uint64_t i = first, end = first + count; i < end;)
			i += queues(memory)[0].put_many(i, std::min<uint64_t>(end - i, BULK));
		return 0;
	}

	static uint64_t consume_many(void *memory, uint64_t first, uint64_t count)
	{
		message_check check = {};
		for (uint64_t i = first, end = first + count; i < end;)
			i += queues(memory)[0].take_many(
				i, std::min<uint64_t>(end - i, BULK), &check);
		return check.is_wrong;
	}

	static uint64_t ping(void *memory, uint64_t first, uint64_t count)
	{
		message_check check = {};
		for (uint64_t i = first; i < first + count; i++) {
			queues(memory)[0].put(i);
			queues(memory)[1].take(i, &check);
		}
		return check.is_wrong;
	}

	static uint64_t pong(void *memory, uint64_t first, uint64_t count)
	{
		message_check check = {};
		for (uint64_t i = first; i < first + count; i++) {
			queues(memory)[0].take(i, &check);
			queues(memory)[1].put(i);
		}
		return check.is_wrong;
	}
};
