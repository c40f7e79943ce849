// boost::interprocess::message_queue: in shared memory, guarded by a mutex and two conditions,
// sorted by priority.
#include "bench/peers/queue/sides.h"

#ifdef HAVE_BOOST
#include <boost/interprocess/ipc/message_queue.hpp>
#include <cerrno>
#include <string>
#include <unistd.h>

namespace
{
using boost::interprocess::message_queue;

alignas(64) char buffer[LARGE_BYTES];

void mq_put(void *queue, uint64_t number, size_t n)
{
	message_fill(buffer, number, n);
	static_cast<message_queue *>(queue)->send(buffer, n, 0);
}

uint64_t mq_take(void *queue, size_t n, message_check *check)
{
	message_queue::size_type got;
	unsigned priority;

	static_cast<message_queue *>(queue)->receive(buffer, n, got, priority);
	if (got != n)
		check->is_wrong = true;
	return message_number_verified(buffer, n, check);
}

constexpr ops mq = {mq_put, mq_take, nullptr, nullptr};

// The name is gone as soon as the queue is mapped; forked processes have the mapping.
template <size_t N, size_t Slots> int mq_open(void *, void **ret_queues)
{
	const std::string name = "queue-peers-" + std::to_string(getpid());
	try {
		for (int i = 0; i < 2; i++) {
			ret_queues[i] = new message_queue(
				boost::interprocess::create_only, name.c_str(), Slots, N);
			message_queue::remove(name.c_str());
		}
	} catch (const boost::interprocess::interprocess_exception &e) {
		return -(e.get_native_error() ? e.get_native_error() : EIO);
	}
	return 0;
}

void mq_close(void **queues)
{
	for (int i = 0; i < 2; i++)
		delete static_cast<message_queue *>(queues[i]);
}

SIDES(small, mq, SMALL_BYTES)
SIDES(large, mq, LARGE_BYTES)
} // namespace

extern "C" const struct subject subjects_boost[] = {
	{"boost mq", nullptr, SMALL_BYTES, false, false, 1, mq_open<SMALL_BYTES, SLOTS_SMALL>,
		mq_close, SIDES_LIST(small), nullptr},
	{"boost mq", nullptr, LARGE_BYTES, false, false, 1, mq_open<LARGE_BYTES, SLOTS_LARGE>,
		mq_close, SIDES_LIST(large), nullptr},
	{},
};
#else
extern "C" const struct subject subjects_boost[] = {
	{"boost mq", "built without boost (Debian: libboost-dev)", SMALL_BYTES, false, false, 0,
		nullptr, nullptr, {}, nullptr},
	{},
};
#endif
