/* A datagram that the kernel drops is an error, and no later one is taken for it. */
#include "test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "os/fd.h"

/* Behind the transport's back: the receive buffers of all datagram sockets of this process get this
 * size, so that the window is larger than what they hold. */
static void resize_buffers(int bytes)
{
	for (int fd = 3; fd < 64; fd++) {
		int type = 0;
		socklen_t size = sizeof(type);
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM)
			assert_int_equal(
				0, setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)));
	}
}

/* Sends `count` into a small buffer and receives until it fails: what came, and the error. */
static unsigned overrun(struct both *both, unsigned count, int *ret_r)
{
	uint32_t message[16] = {0};
	unsigned received = 0;

	resize_buffers(1);
	for (uint32_t i = 0; i < count; i++) {
		message[0] = i;
		assert_int_equal(0, put(&both->sender, message, sizeof(message)));
	}
	resize_buffers(1 << 20);
	while ((*ret_r = get(&both->hub, message, sizeof(message))) == 0)
		assert_int_equal(received++, message[0]);
	return received;
}

static void test_lost_at_the_end(void **state)
{
	struct both both;
	char text[64];
	int r;
	(void)state;

	both_open(&both, "udp", 64);
	unsigned received = overrun(&both, 50, &r);
	assert_int_equal(-EIO, r);
	assert_in_range(received, 1, 49);
	snprintf(text, sizeof(text), "%u datagrams lost", 50 - received);
	assert_non_null(strstr(error_message(r), text));
	both_close(&both);
}

static void test_lost_in_the_middle(void **state)
{
	uint32_t message[16] = {0}, received = 0;
	struct both both;
	int r;
	(void)state;

	both_open(&both, "udp", 64);
	resize_buffers(1);
	for (uint32_t i = 0; i <= 50; i++) {
		message[0] = i;
		/* The last one has room again. */
		if (i == 50)
			resize_buffers(1 << 20);
		assert_int_equal(0, put(&both.sender, message, sizeof(message)));
	}
	while ((r = get(&both.hub, message, sizeof(message))) == 0)
		assert_int_equal(received++, message[0]);
	assert_int_equal(-EIO, r);
	/* And it stays one: the rest is not taken for what is missing. */
	assert_true(get(&both.hub, message, sizeof(message)) < 0);
	both_close(&both);
}

/* Many small senders have a window each, or the sysctl is named. */
static void test_no_room_for_many_senders(void **state)
{
	struct transport_options options = {
		.message_max_bytes = 2048, .sides = 33, .capacity_bytes = 65536};
	struct channel channel;
	(void)state;

	int r = channel_open(&channel, transport_find("udp"), &options);
	assert_int_equal(-EMSGSIZE, r);
	assert_non_null(strstr(error_message(r), "net.core.rmem_max"));
	options.capacity_bytes = 0;
	assert_int_equal(0, channel_open(&channel, transport_find("udp"), &options));
	channel_close(&channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_at_the_end),
		cmocka_unit_test(test_lost_in_the_middle),
		cmocka_unit_test(test_no_room_for_many_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
