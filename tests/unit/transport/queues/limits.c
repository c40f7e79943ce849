/* What is too large is refused before anything is sent, and the text names what lifts the limit. */
#include "test.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/fd.h"
#include "transport/fdpair.h"
#include "transport/sysctl.h"

static void refuses(const char *name, size_t bytes, const char *lifted_by)
{
	struct transport_options options = {.message_max_bytes = bytes, .sides = 2};
	struct channel channel;
	int fds = fd_count();
	int r = channel_open(&channel, transport_find(name), &options);

	assert_int_equal(-EMSGSIZE, r);
	if (!strstr(error_message(r), lifted_by))
		print_error("'%s' does not name %s\n", error_message(r), lifted_by);
	assert_non_null(strstr(error_message(r), lifted_by));
	assert_int_equal(fds, fd_count());
}

static void test_queues_name_their_sysctls(void **state)
{
	struct transport_limits limits;
	(void)state;

	if (transport_probe(transport_find("posix_mq"), &limits) == 0 &&
		limits.message_max_bytes == sysctl_read("fs.mqueue.msgsize_max"))
		refuses("posix_mq", limits.message_max_bytes + 1,
			"sysctl -w fs.mqueue.msgsize_max");
	if (transport_probe(transport_find("sysv_mq"), &limits) == 0 &&
		limits.message_max_bytes < TRANSPORT_MESSAGE_MAX)
		refuses("sysv_mq", limits.message_max_bytes + 1, "sysctl -w kernel.msgmax");
}

static void test_datagrams_name_the_protocol(void **state)
{
	(void)state;
	refuses("udp", 65507 - 8 + 1, "65507");
	refuses("signal", 4097, "8 bytes");
}

static void test_posix_mq_fits_into_the_user_s_limit(void **state)
{
	struct rlimit before, low = {.rlim_cur = 8192};
	struct transport_limits limits;
	(void)state;

	assert_int_equal(0, getrlimit(RLIMIT_MSGQUEUE, &before));
	low.rlim_max = before.rlim_max;
	assert_int_equal(0, setrlimit(RLIMIT_MSGQUEUE, &low));
	assert_int_equal(0, transport_probe(transport_find("posix_mq"), &limits));
	assert_true(limits.message_max_bytes <= 4096);
	assert_non_null(strstr(limits.reason, "ulimit -q"));

	struct both both;
	char out[4096] = "largest", in[4096];
	both_open(&both, "posix_mq", limits.message_max_bytes);
	assert_int_equal(0, put(&both.sender, out, limits.message_max_bytes));
	assert_int_equal(0, get(&both.hub, in, limits.message_max_bytes));
	assert_memory_equal(out, in, limits.message_max_bytes);
	both_close(&both);
	assert_int_equal(0, setrlimit(RLIMIT_MSGQUEUE, &before));
}

/* The largest packet that probe() names goes through the path sockets too, whole. */
static void test_the_largest_packet_goes_through(void **state)
{
	static const char *const names[] = {"socketpair_dgram", "unix_seqpacket"};
	static char out[TRANSPORT_MESSAGE_MAX], in[TRANSPORT_MESSAGE_MAX];
	struct transport_limits limits;
	(void)state;

	for (unsigned i = 0; i < 2; i++) {
		struct both both;
		assert_int_equal(0, transport_probe(transport_find(names[i]), &limits));
		if (limits.message_max_bytes < TRANSPORT_MESSAGE_MAX)
			refuses(names[i], limits.message_max_bytes + 1, "net.core.wmem_max");
		both_open(&both, names[i], limits.message_max_bytes);
		out[0] = out[limits.message_max_bytes - 1] = (char)(i + 1);
		assert_int_equal(0, put(&both.sender, out, limits.message_max_bytes));
		assert_int_equal(0, get(&both.hub, in, limits.message_max_bytes));
		assert_memory_equal(out, in, limits.message_max_bytes);
		both_close(&both);
	}
}

static void test_pipe_large_is_large(void **state)
{
	size_t most = sysctl_read("fs.pipe-max-size");
	struct both both;
	(void)state;

	both_open(&both, "pipe_large", 1);
	int out = ((const struct fdpair *)(const void *)both.sender.state)->out;
	assert_int_equal(fcntl(out, F_GETPIPE_SZ), most && most < 1 << 20 ? most : 1 << 20);
	both_close(&both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queues_name_their_sysctls),
		cmocka_unit_test(test_datagrams_name_the_protocol),
		cmocka_unit_test(test_posix_mq_fits_into_the_user_s_limit),
		cmocka_unit_test(test_the_largest_packet_goes_through),
		cmocka_unit_test(test_pipe_large_is_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
