/* uring: values from ring to ring: order, a full house, time-outs; and a stream's end. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../cmocka_prelude.h"
#include "transport/uring.h"

enum { ENTRIES = 64 };

static void test_post_and_take(void **state)
{
	struct transport_limits limits;
	struct uring from = {0}, to = {0};
	uint64_t value;

	(void)state;
	if (uring_probe(&limits, URING_MESSAGE) < 0)
		skip();
	assert_int_equal(uring_open(&from, ENTRIES, false), 0);
	assert_int_equal(uring_open(&to, ENTRIES, false), 0);
	assert_int_equal(uring_take(&to, 0, &value), -ETIMEDOUT);
	assert_int_equal(uring_take(&to, 1, &value), -ETIMEDOUT);
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t i = 0; i < 2 * ENTRIES; i++)
			assert_int_equal(uring_post(&from, &to, round + i), 0);
		for (uint64_t i = 0; i < 2 * ENTRIES; i++) {
			assert_int_equal(uring_take(&to, 1000, &value), 0);
			assert_int_equal(value, round + i);
		}
		assert_int_equal(uring_take(&to, 0, &value), -ETIMEDOUT);
	}
	/* A successful post leaves nothing in its own ring. */
	assert_int_equal(uring_take(&from, 0, &value), -ETIMEDOUT);
	uring_close(&from);
	uring_close(&to);
	uring_close(&to);
}

static void test_stream(void **state)
{
	struct transport_limits limits;
	struct uring uring = {0};
	char sent[100] = "a stream", received[100];
	int ends[2];

	(void)state;
	if (uring_probe(&limits, URING_SEND_RECV) < 0)
		skip();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(uring_open(&uring, 4, true), 0);
	assert_int_equal(uring_send(&uring, ends[0], sent, 60), 0);
	assert_int_equal(uring_send(&uring, ends[0], sent + 60, 40), 0);
	assert_int_equal(uring_recv(&uring, ends[1], received, 100), 0);
	assert_memory_equal(sent, received, 100);
	/* What was sent before the end is received, and then it is the end. */
	assert_int_equal(uring_send(&uring, ends[0], sent, 10), 0);
	close(ends[0]);
	assert_int_equal(uring_recv(&uring, ends[1], received, 10), 0);
	assert_int_equal(uring_recv(&uring, ends[1], received, 10), -EPIPE);
	assert_int_equal(uring_send(&uring, ends[1], sent, 10), -EPIPE);
	close(ends[1]);
	uring_close(&uring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_post_and_take),
		cmocka_unit_test(test_stream),
	};

	return cmocka_run_group_tests_name("uring", tests, NULL, NULL);
}
