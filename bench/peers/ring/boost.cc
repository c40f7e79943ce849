// boost::lockfree::spsc_queue with its capacity fixed at compile time, which places it in shared
// memory; single and bulk.
#include "bench/peers/ring/queue.hh"

#ifdef HAVE_BOOST
#include <boost/lockfree/spsc_queue.hpp>
#include <new>

namespace
{
template <size_t N, size_t Slots> struct alignas(128) queue {
	boost::lockfree::spsc_queue<message<N>, boost::lockfree::capacity<Slots>> inner;

	void put(uint64_t number)
	{
		message<N> m(number);
		while (!inner.push(m))
			;
	}

	void take(uint64_t number, message_check *check)
	{
		message<N> m;
		while (!inner.pop(m))
			;
		message_verify(check, &m, number, N);
	}

	uint64_t put_many(uint64_t number, uint64_t count)
	{
		message<N> batch[BULK];
		for (uint64_t i = 0; i < count; i++)
			message_fill(&batch[i], number + i, N);
		for (uint64_t done = 0; done < count;)
			done += inner.push(batch + done, count - done);
		return count;
	}

	uint64_t take_many(uint64_t number, uint64_t count, message_check *check)
	{
		message<N> batch[BULK];
		uint64_t got = inner.pop(batch, count);
		for (uint64_t i = 0; i < got; i++)
			message_verify(check, &batch[i], number + i, N);
		return got;
	}

	static int open(void *memory)
	{
		new (memory) queue();
		new (static_cast<queue *>(memory) + 1) queue();
		return 0;
	}

	static constexpr subject one(const char *cell)
	{
		return {cell, "boost", nullptr, 2 * sizeof(queue), open, nullptr,
			{sides<queue>::consume, sides<queue>::produce}};
	}

	static constexpr subject many(const char *cell)
	{
		return {cell, "boost bulk", nullptr, 2 * sizeof(queue), open, nullptr,
			{sides<queue>::consume_many, sides<queue>::produce_many}};
	}

	static constexpr subject rtt(const char *cell)
	{
		return {cell, "boost", nullptr, 2 * sizeof(queue), open, nullptr,
			{sides<queue>::ping, sides<queue>::pong}};
	}
};
} // namespace

extern "C" const struct subject subjects_boost[] = {
	queue<8, SLOTS>::one("8B"),
	queue<8, SLOTS>::many("8B"),
	queue<64, SLOTS>::one("64B"),
	queue<64, SLOTS>::many("64B"),
	queue<1024, SLOTS>::one("1KiB"),
	queue<1024, SLOTS>::many("1KiB"),
	queue<64, SLOTS_4MIB - 2>::one("64B_4MiB"),
	queue<64, SLOTS_4MIB - 2>::many("64B_4MiB"),
	queue<64, SLOTS>::rtt("64B_rtt"),
	{},
};
#else
extern "C" const struct subject subjects_boost[] = {
	{"64B", "boost", "built without boost (Debian: libboost-dev)", 0, nullptr, nullptr, {}},
	{},
};
#endif
