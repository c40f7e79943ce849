// rigtorp::MPMCQueue with an allocator that places its slots in shared memory; messages are built
// in place and moved out, as its interface has it.
#include "bench/peers/queue/sides.h"

#if __has_include(<rigtorp/MPMCQueue.h>)
#include <new>
#include <rigtorp/MPMCQueue.h>

namespace
{
template <size_t N> struct alignas(64) message {
	char bytes[N];

	message() = default;
	explicit message(uint64_t number) noexcept
	{
		message_fill(bytes, number, N);
	}
};

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
	using slot = rigtorp::mpmc::Slot<message<N>>;
	using inner_queue = rigtorp::MPMCQueue<message<N>, behind<slot>>;

	alignas(128) char object[sizeof(inner_queue)];
	alignas(128) char slots[(Slots + 1) * sizeof(slot)];

	static inner_queue &inner(void *memory)
	{
		return *std::launder(
			reinterpret_cast<inner_queue *>(static_cast<queue *>(memory)->object));
	}

	static void put(void *memory, uint64_t number, size_t)
	{
		inner(memory).emplace(number);
	}

	static uint64_t take(void *memory, size_t, message_check *check)
	{
		message<N> m;
		inner(memory).pop(m);
		return message_number_verified(&m, N, check);
	}

	static int open(void *memory, void **ret_queues)
	{
		for (int i = 0; i < 2; i++) {
			queue *q = static_cast<queue *>(memory) + i;
			new (q->object) inner_queue(Slots, behind<slot>(q->slots));
			ret_queues[i] = q;
		}
		return 0;
	}

	static constexpr ops operations = {put, take, nullptr, nullptr};
};

using small = queue<SMALL_BYTES, SLOTS_SMALL>;
using large = queue<LARGE_BYTES, SLOTS_LARGE>;
SIDES(small, small::operations, SMALL_BYTES)
SIDES(large, large::operations, LARGE_BYTES)
} // namespace

extern "C" const struct subject subjects_rigtorp[] = {
	{"rigtorp", nullptr, SMALL_BYTES, true, false, 2 * sizeof(small), small::open, nullptr,
		SIDES_LIST(small), nullptr},
	{"rigtorp", nullptr, LARGE_BYTES, true, false, 2 * sizeof(large), large::open, nullptr,
		SIDES_LIST(large), nullptr},
	{},
};
#else
extern "C" const struct subject subjects_rigtorp[] = {
	{"rigtorp", "its header was not given (meson option 'rigtorp')", SMALL_BYTES, true, false,
		0, nullptr, nullptr, {}, nullptr},
	{},
};
#endif
