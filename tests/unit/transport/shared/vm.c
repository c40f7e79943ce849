/*
 * vmsplice: what was sent does not change when the sender goes on: neither when it overwrites its
 * own buffer, nor when it comes to the same page of the ring again while the pipe is full.
 */
#include <pthread.h>
#include <string.h>

#include "../../../cmocka_prelude.h"
#include "transport/transport.h"

enum { MESSAGE_MAX = 20000, MESSAGES = 20000 };

static struct channel opener, hub, other;
static const struct transport *vmsplice;

static void open_both(size_t message_max_bytes, size_t capacity_bytes)
{
	struct transport_options options = {
		.message_max_bytes = message_max_bytes,
		.sides = 2,
		.threads = true,
		.capacity_bytes = capacity_bytes,
	};

	vmsplice = transport_find("vmsplice");
	assert_non_null(vmsplice);
	assert_int_equal(channel_open(&opener, vmsplice, &options), 0);
	hub = other = opener;
	assert_int_equal(channel_attach(&hub, 0), 0);
	assert_int_equal(channel_attach(&other, 1), 0);
}

static void close_both(void)
{
	channel_close(&hub);
	channel_close(&other);
	channel_close(&opener);
}

static void test_overwritten_after_send(void **state)
{
	static const size_t sizes[] = {1, 8, 64, 4095, 4096, 4097, 20000};
	unsigned char message[MESSAGE_MAX], expected[MESSAGE_MAX];

	(void)state;
	open_both(MESSAGE_MAX, 0);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(message, (int)i + 1, sizes[i]);
		memcpy(expected, message, sizes[i]);
		assert_int_equal(vmsplice->send(hub.state, message, sizes[i]), 0);
		/* The buffer is the caller's again, and so is the room of the next message. */
		memset(message, 0xff, sizes[i]);
		assert_int_equal(vmsplice->send(hub.state, message, sizes[i]), 0);
		assert_int_equal(vmsplice->recv(other.state, message, sizes[i]), 0);
		assert_memory_equal(message, expected, sizes[i]);
		assert_int_equal(vmsplice->recv(other.state, message, sizes[i]), 0);
	}
	close_both();
}

/* Small ones, whole pages, and anything. */
static size_t size_of(unsigned i)
{
	uint32_t x = (i + 1) * 2654435761u;

	switch (x >> 30) {
	case 0:
		return 1 + (x >> 8) % 64;
	case 1:
		return 4096 * (1 + (x >> 8) % 4);
	default:
		return 1 + (x >> 8) % MESSAGE_MAX;
	}
}

static void *send_all(void *argument)
{
	void *message;
	intptr_t failed = 0;

	(void)argument;
	for (unsigned i = 0; i < MESSAGES && !failed; i++) {
		size_t n = size_of(i);
		failed = vmsplice->borrow(hub.state, n, &message) < 0;
		if (!failed) {
			memset(message, (int)(i & 0xff), n);
			failed = vmsplice->commit(hub.state, n) < 0;
		}
	}
	return (void *)failed;
}

static unsigned count_wrong(const unsigned char *message, size_t n, unsigned char expected)
{
	unsigned wrong = 0;

	for (size_t k = 0; k < n; k++)
		wrong += *(const volatile unsigned char *)&message[k] != expected;
	return wrong;
}

/* The receiver looks at every byte, so it is the slower one and the pipe is full all the time. */
static void test_ring_reuse(void **state)
{
	static unsigned char message[MESSAGE_MAX];
	pthread_t sender;
	void *failed;

	(void)state;
	open_both(MESSAGE_MAX, 64 << 10);
	assert_int_equal(pthread_create(&sender, NULL, send_all, NULL), 0);
	for (unsigned i = 0; i < MESSAGES; i++) {
		size_t n = size_of(i);
		assert_int_equal(vmsplice->recv(other.state, message, n), 0);
		assert_int_equal(count_wrong(message, n, (unsigned char)i), 0);
	}
	pthread_join(sender, &failed);
	assert_null(failed);
	close_both();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overwritten_after_send),
		cmocka_unit_test(test_ring_reuse),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
