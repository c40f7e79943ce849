// rigtorp::SPSCQueue with an allocator that places its slots in shared memory; messages are built
// and read in place, as its own benchmark does.
#include "bench/peers/ring/queue.hh"

#if __has_include(<rigtorp/SPSCQueue.h>)
#include <new>
#include <rigtorp/SPSCQueue.h>

namespace
{
// Hands out what lies behind the queue object, once.
template <class T> struct behind {
	using value_type = T;

	char *slots;

	explicit behind(char *at) : slots(at)
	{
	}
	template <class U> behind(const behind<U> &other) : slots(other.slots)
	{
	}
	T *allocate(size_t)
	{
		return reinterpret_cast<T *>(slots);
	}
	void deallocate(T *, size_t)
	{
	}
};

template <size_t N, size_t Slots> struct alignas(128) queue {
	using element = message<N>;
	using inner_queue = rigtorp::SPSCQueue<element, behind<element>>;

	alignas(128) char object[sizeof(inner_queue)];
	// The queue adds one slack element, and a line's worth at both ends.
	alignas(128) char slots[(Slots + 1 + 2 * 64) * N];

	inner_queue &inner()
	{
		return *std::launder(reinterpret_cast<inner_queue *>(object));
	}

	void put(uint64_t number)
	{
		inner().emplace(number);
	}

	void take(uint64_t number, message_check *check)
	{
		element *front;
		while (!(front = inner().front()))
			;
		message_verify(check, front, number, N);
		inner().pop();
	}

	static int open(void *memory)
	{
		for (int i = 0; i < 2; i++) {
			queue *q = static_cast<queue *>(memory) + i;
			new (q->object) inner_queue(Slots, behind<element>(q->slots));
		}
		return 0;
	}

	static constexpr subject one(const char *cell)
	{
		return {cell, "rigtorp", nullptr, 2 * sizeof(queue), open, nullptr,
			{sides<queue>::consume, sides<queue>::produce}};
	}

	static constexpr subject rtt(const char *cell)
	{
		return {cell, "rigtorp", nullptr, 2 * sizeof(queue), open, nullptr,
			{sides<queue>::ping, sides<queue>::pong}};
	}
};
} // namespace

extern "C" const struct subject subjects_rigtorp[] = {
	queue<8, SLOTS>::one("8B"),
	queue<64, SLOTS>::one("64B"),
	queue<1024, SLOTS>::one("1KiB"),
	queue<64, SLOTS_4MIB>::one("64B_4MiB"),
	queue<64, SLOTS>::rtt("64B_rtt"),
	{},
};
#else
extern "C" const struct subject subjects_rigtorp[] = {
	{"64B", "rigtorp", "its header was not given (meson option 'rigtorp')", 0, nullptr, nullptr,
		{}},
	{},
};
#endif
