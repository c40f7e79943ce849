/*
 * Pipes: messages of all sizes, descriptors, timeouts, ends that go away, and kill -9 of senders
 * and receivers at random moments, with large messages on their way.
 */
#include "../../cmocka_prelude.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/pipe.h"
#include "mp/process.h"
#include "mp/shared.h"
#include "os/fd.h"
#include "soak.h"

#define DEADLINE MP_S(60)
enum { LARGE = 5 << 20 };

static int end_of(struct mp_process *process)
{
	int code = -1000;

	int r = mp_process_join(process, DEADLINE, &code);
	if (r < 0)
		flunk("join: %s", mp_strerror(r));
	mp_process_free(process);
	return code;
}

static struct mp_process *start(int (*run)(void *), void *argument)
{
	struct mp_process *process = NULL;

	int r = mp_process_start(run, argument, NULL, &process);
	if (r < 0)
		flunk("start: %s", mp_strerror(r));
	return process;
}

/* A message tells its own size and seed, so that a torn one shows. */
static void fill(char *message, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		message[i] = (char)((i * 131 + seed + n) >> (i % 3));
}

static bool is_filled(const char *message, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		if (message[i] != (char)((i * 131 + seed + n) >> (i % 3)))
			return false;
	return true;
}

static void make(bool is_duplex, struct mp_connection *ends[2])
{
	int r = mp_pipe(is_duplex, &ends[0], &ends[1]);

	if (r < 0)
		flunk("pipe: %s", mp_strerror(r));
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = {
		0, 1, 8, 4096, 65535, 65536, 65537, 65552, 65600, 131072, 1000000, LARGE};
	char *out = malloc(LARGE), *in = malloc(LARGE);
	struct mp_connection *ends[2];
	int before = fd_count();

	(void)state;
	make(true, ends);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];
		for (int way = 0; way < 2; way++) {
			void *message = NULL;
			size_t got = 1;
			fill(out, n, i);
			/* Into a buffer that just fits, and into new memory. */
			assert_int_equal(mp_connection_send(ends[way], out, n), 0);
			assert_int_equal(mp_connection_recv(ends[!way], in, n), n);
			assert_true(is_filled(in, n, i));
			assert_int_equal(mp_connection_send_for(ends[way], out, n, 0), 0);
			assert_int_equal(mp_connection_recv_new(ends[!way], 0, &message, &got), 0);
			assert_int_equal(got, n);
			assert_true(is_filled(message, n, i));
			free(message);
		}
	}
	mp_connection_close(ends[0]);
	mp_connection_close(ends[1]);
	assert_int_equal(fd_count(), before);
	free(out);
	free(in);
}

static void test_too_small_a_buffer(void **state)
{
	static const size_t sizes[] = {10, 65536, 65540, 300000};
	char *out = malloc(300000), *in = malloc(300000);
	struct mp_connection *ends[2];

	(void)state;
	make(true, ends);
	for (unsigned i = 0; i < 4; i++) {
		fill(out, sizes[i], i);
		mp_connection_send(ends[0], out, sizes[i]);
	}
	mp_connection_send(ends[0], "end", 3);
	for (unsigned i = 0; i < 4; i++) {
		for (size_t room = 0; room < sizes[i]; room = room * 3 + 1) {
			assert_int_equal(mp_connection_recv(ends[1], in, room), -EMSGSIZE);
			assert_int_equal(mp_connection_peek(ends[1]), sizes[i]);
			assert_int_equal(mp_connection_poll(ends[1], 0), 1);
		}
		assert_int_equal(mp_connection_recv(ends[1], in, sizes[i]), sizes[i]);
		assert_true(is_filled(in, sizes[i], i));
		assert_int_equal(mp_connection_peek(ends[1]), -EAGAIN);
	}
	assert_int_equal(mp_connection_recv(ends[1], in, 100), 3);
	mp_connection_close(ends[0]);
	mp_connection_close(ends[1]);
	free(out);
	free(in);
}

static void test_directions_and_ends(void **state)
{
	struct mp_connection *ends[2];
	char byte;

	(void)state;
	make(false, ends);
	assert_int_equal(mp_connection_send(ends[0], "x", 1), -EBADF);
	assert_int_equal(mp_connection_recv(ends[1], &byte, 1), -EBADF);
	assert_int_equal(mp_connection_poll(ends[1], 0), -EBADF);
	/* What is on its way is still received, then it is the end. */
	assert_int_equal(mp_connection_send(ends[1], "x", 1), 0);
	mp_connection_close(ends[1]);
	assert_int_equal(mp_connection_poll(ends[0], MP_FOREVER), 1);
	assert_int_equal(mp_connection_recv(ends[0], &byte, 1), 1);
	assert_int_equal(mp_connection_recv(ends[0], &byte, 1), -EPIPE);
	assert_int_equal(mp_connection_poll(ends[0], MP_FOREVER), 1);
	mp_connection_close(ends[0]);
	/* Messages that the other side never received don't hide those that it sent. */
	make(true, ends);
	mp_connection_send(ends[0], "lost", 4);
	mp_connection_send(ends[1], "kept", 4);
	mp_connection_close(ends[1]);
	assert_int_equal(mp_connection_recv_for(ends[0], (char[4]){0}, 4, MP_S(1)), 4);
	assert_int_equal(mp_connection_recv_for(ends[0], &byte, 1, MP_S(1)), -EPIPE);
	assert_int_equal(mp_connection_send(ends[0], "x", 1), -EPIPE);
	mp_connection_close(ends[0]);
	mp_connection_close(NULL);
}

static void test_timeouts(void **state)
{
	struct mp_connection *ends[2];
	char *large = calloc(1, LARGE), byte;
	int r, count = 0;

	(void)state;
	make(true, ends);
	assert_int_equal(mp_connection_recv_for(ends[0], &byte, 1, 0), -EAGAIN);
	int64_t begin = clock_ns();
	assert_int_equal(mp_connection_recv_for(ends[0], &byte, 1, MP_MS(5)), -ETIMEDOUT);
	assert_int_equal(mp_connection_poll(ends[0], 0), 0);
	assert_int_equal(mp_connection_poll(ends[0], MP_MS(5)), 0);
	assert_true(clock_ns() - begin >= 10 * NS_PER_MS);
	/* Large ones are held back, too. */
	while ((r = mp_connection_send_for(ends[0], large, LARGE, 0)) == 0)
		count++;
	assert_int_equal(r, -EAGAIN);
	assert_true(count >= 1 && count <= 8);
	assert_int_equal(mp_connection_send_for(ends[0], large, LARGE, MP_MS(5)), -ETIMEDOUT);
	for (int i = 0; i < count; i++)
		assert_int_equal(mp_connection_recv(ends[1], large, LARGE), LARGE);
	assert_int_equal(mp_connection_recv_for(ends[1], large, LARGE, 0), -EAGAIN);
	while ((r = mp_connection_send_for(ends[0], large, 64, 0)) == 0)
		count++;
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(mp_connection_send_for(ends[0], large, 64, MP_MS(5)), -ETIMEDOUT);
	mp_connection_close(ends[0]);
	mp_connection_close(ends[1]);
	free(large);
}

static void test_descriptors(void **state)
{
	struct mp_connection *ends[2];
	int before = fd_count(), files[3], in[3], text[2];
	char bytes[8];

	(void)state;
	make(true, ends);
	assert_int_equal(pipe(text), 0);
	files[0] = text[1];
	files[1] = files[2] = 0;
	assert_int_equal(mp_connection_send_fds(ends[0], files, 3, MP_FOREVER), 0);
	assert_int_equal(mp_connection_send(ends[0], "bytes", 5), 0);
	/* Neither is taken for the other, and nothing is lost by asking. */
	assert_int_equal(mp_connection_recv(ends[1], bytes, 8), -EBADMSG);
	assert_int_equal(mp_connection_recv_fds(ends[1], in, 2, 0), -EMSGSIZE);
	assert_int_equal(mp_connection_recv_fds(ends[1], in, 3, 0), 3);
	assert_int_equal(mp_connection_recv_fds(ends[1], in, 3, 0), -EBADMSG);
	assert_int_equal(mp_connection_recv(ends[1], bytes, 8), 5);
	assert_int_equal(write(in[0], "y", 1), 1);
	assert_int_equal(read(text[0], bytes, 8), 1);
	assert_int_equal(fcntl(in[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(mp_connection_send_fds(ends[0], files, 17, 0), -EINVAL);
	assert_int_equal(mp_connection_send_fds(ends[0], files, 0, 0), -EINVAL);
	for (int i = 0; i < 3; i++)
		fd_close(&in[i]);
	/* Without a descriptor for it, what comes with one is lost, and said to be. */
	struct rlimit old, none;
	getrlimit(RLIMIT_NOFILE, &old);
	mp_connection_send_fds(ends[0], files, 1, 0);
	mp_connection_send(ends[0], "next", 4);
	none = (struct rlimit){0, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	int r = mp_connection_recv_fds(ends[1], in, 3, 0);
	int sent = mp_connection_send(ends[0], NULL, 0);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(sent, -EMFILE);
	assert_int_equal(mp_connection_recv(ends[1], bytes, 8), 4);
	/* One left in the stash is closed with the connection. */
	mp_connection_send_fds(ends[0], files, 2, 0);
	assert_int_equal(mp_connection_recv(ends[1], bytes, 8), -EBADMSG);
	mp_connection_close(ends[0]);
	mp_connection_close(ends[1]);
	fd_close(&text[0]);
	fd_close(&text[1]);
	assert_int_equal(fd_count(), before);
}

static void test_faults(void **state)
{
	static const int errors[] = {ENOMEM, EMFILE};
	struct mp_connection *ends[2];
	char *large = calloc(1, LARGE);
	int before = fd_count();

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 1;; k++) {
			fault_arm(k, errors[i]);
			int r = mp_pipe(true, &ends[0], &ends[1]);
			bool hit = fault_disarm();
			assert_int_equal(r < 0, hit);
			if (!hit)
				break;
			assert_int_equal(fd_count(), before);
		}
		for (unsigned k = 1;; k++) {
			fault_arm(k, errors[i]);
			int r = mp_connection_send_for(ends[0], large, LARGE, 0);
			bool hit = fault_disarm();
			assert_int_equal(r < 0, hit);
			assert_int_equal(fd_count(), before + 2);
			if (!hit)
				break;
			assert_int_equal(mp_connection_poll(ends[1], 0), 0);
		}
		mp_connection_close(ends[0]);
		mp_connection_close(ends[1]);
	}
	free(large);
}

static int run_upper(void *argument)
{
	int fd = *(int *)argument;
	struct mp_connection *connection;
	char text[64];

	if (mp_connection_open(fd, &connection) < 0)
		return 1;
	ssize_t n = mp_connection_recv_for(connection, text, sizeof(text), DEADLINE);
	for (ssize_t i = 0; i < n; i++)
		text[i] = (char)(text[i] - 'a' + 'A');
	int r = n > 0 ? mp_connection_send(connection, text, (size_t)n) : -1;
	mp_connection_close(connection);
	return r == 0 ? 0 : 2;
}

static void test_spawned(void **state)
{
	struct mp_connection *ends[2], *none;
	struct mp_process *process;
	char text[8];

	(void)state;
	make(true, ends);
	int fd = mp_connection_fd(ends[1]);
	struct mp_process_options options = {
		.start_method = MP_SPAWN, .argument_bytes = sizeof(fd), .fds = &fd, .fd_count = 1};
	assert_int_equal(mp_process_start(run_upper, &fd, &options, &process), 0);
	mp_connection_close(ends[1]);
	assert_int_equal(mp_connection_send(ends[0], "hello", 5), 0);
	assert_int_equal(mp_connection_recv_for(ends[0], text, 8, DEADLINE), 5);
	assert_memory_equal(text, "HELLO", 5);
	assert_int_equal(end_of(process), 0);
	assert_int_equal(mp_connection_recv_for(ends[0], text, 8, DEADLINE), -EPIPE);
	mp_connection_close(ends[0]);
	assert_int_equal(mp_connection_open(0, &none), -EINVAL);
}

static void *send_large(void *argument)
{
	char *large = calloc(1, LARGE);
	intptr_t r = 0;

	for (int i = 0; i < 4 && r == 0; i++)
		r = mp_connection_send_for(argument, large, LARGE, DEADLINE);
	free(large);
	return (void *)r;
}

static void test_both_sides_send_large(void **state)
{
	struct mp_connection *ends[2];
	char *large = malloc(LARGE);
	pthread_t threads[2];

	(void)state;
	/* Python's would stop at the first one: its pipe holds 200 KiB. */
	make(true, ends);
	assert_int_equal(mp_connection_send_for(ends[0], large, LARGE, 0), 0);
	assert_int_equal(mp_connection_send_for(ends[1], large, LARGE, 0), 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, send_large, ends[i]);
	for (int i = 0; i < 10; i++)
		assert_int_equal(
			mp_connection_recv_for(ends[i % 2], large, LARGE, DEADLINE), LARGE);
	for (int i = 0; i < 2; i++) {
		void *r;
		pthread_join(threads[i], &r);
		assert_null(r);
	}
	mp_connection_close(ends[0]);
	mp_connection_close(ends[1]);
	free(large);
}

/* The random test: several senders and receivers on one pipe, some of which are killed. */
struct scene {
	struct mp_connection *ends[2];
	_Atomic uint64_t begun[4], sent[4], received[4], torn;
};

struct role {
	struct scene *scene;
	unsigned number;
	uint64_t seed;
};

static int run_sender(void *argument)
{
	struct role *role = argument;
	struct soak soak = {.state = role->seed};
	char *message = malloc(300000);
	struct scene *scene = role->scene;

	mp_connection_close(scene->ends[0]);
	for (;;) {
		size_t n = 16 + soak_random(&soak, soak_random(&soak, 8) ? 2000 : 250000);
		uint64_t head[2] = {role->number, scene->begun[role->number]++};
		memcpy(message, head, sizeof(head));
		fill(message + 16, n - 16, (unsigned)head[1]);
		int r = mp_connection_send(scene->ends[1], message, n);
		if (r < 0)
			return r == -EPIPE ? 0 : 1;
		scene->sent[role->number]++;
	}
}

/* Each message is whole, and of each sender it is newer than the one before. */
static int receive_all(struct scene *scene, uint64_t last[4])
{
	char *message = malloc(300000);
	uint64_t head[2];

	for (;;) {
		ssize_t n = mp_connection_recv_for(scene->ends[0], message, 300000, DEADLINE);
		if (n < 0) {
			free(message);
			return (int)n;
		}
		memcpy(head, message, sizeof(head));
		if (n < 16 || head[0] >= 4 || (last[head[0]] && head[1] < last[head[0]]) ||
			!is_filled(message + 16, (size_t)n - 16, (unsigned)head[1])) {
			scene->torn++;
			continue;
		}
		last[head[0]] = head[1] + 1;
		scene->received[head[0]]++;
	}
}

static int run_receiver(void *argument)
{
	struct role *role = argument;
	uint64_t last[4] = {0};

	mp_connection_close(role->scene->ends[1]);
	return receive_all(role->scene, last) == -EPIPE ? 0 : 1;
}

static void kill_round(struct soak *soak, struct scene *scene)
{
	struct role roles[4];
	struct mp_process *senders[3], *receiver;
	uint64_t last[4] = {0}, sent = 0, received = 0;

	memset(scene, 0, sizeof(*scene));
	make(false, scene->ends);
	for (unsigned i = 0; i < 4; i++)
		roles[i] = (struct role){scene, i, soak_random(soak, UINT32_MAX)};
	for (unsigned i = 0; i < 3; i++)
		senders[i] = start(run_sender, &roles[i]);
	receiver = start(run_receiver, &roles[3]);
	mp_connection_close(scene->ends[1]);
	soak_spin_ns((int64_t)soak_random(soak, 1500000));
	/* One receiver and two senders die; the third is stopped for a while. */
	mp_process_kill(receiver);
	mp_process_kill(senders[0]);
	kill(mp_process_pid(senders[1]), SIGSTOP);
	soak_spin_ns((int64_t)soak_random(soak, 300000));
	kill(mp_process_pid(senders[1]), SIGCONT);
	mp_process_kill(senders[2]);
	assert_int_equal(end_of(receiver), -SIGKILL);
	mp_process_kill(senders[1]);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(end_of(senders[i]), -SIGKILL);
	/* The survivor gets the rest, and the end. */
	assert_int_equal(receive_all(scene, last), -EPIPE);
	assert_int_equal(scene->torn, 0);
	for (unsigned i = 0; i < 3; i++) {
		sent += scene->sent[i];
		received += scene->received[i];
		assert_true(scene->received[i] <= scene->begun[i]);
	}
	/* The killed receiver takes one with it, and may have died before it counted another. */
	assert_true(received + 1 >= sent);
	mp_connection_close(scene->ends[0]);
}

static void test_kill(void **state)
{
	struct soak soak = soak_begin("kill", 60);
	struct scene *scene = mp_shared_new(sizeof(*scene));

	(void)state;
	for (unsigned i = 0; i < soak.rounds; i++)
		kill_round(&soak, scene);
	mp_shared_free(scene);
}

static void nothing(int number)
{
	(void)number;
}

static int run_echo(void *argument)
{
	struct mp_connection **ends = argument;
	void *message;
	size_t n;

	mp_connection_close(ends[0]);
	while (mp_connection_recv_new(ends[1], DEADLINE, &message, &n) == 0) {
		int r = mp_connection_send(ends[1], message, n);
		free(message);
		if (r < 0)
			return 1;
	}
	return 0;
}

static void test_storm_of_signals(void **state)
{
	struct soak soak = soak_begin("storm", 300);
	struct sigaction action = {.sa_handler = nothing};
	struct itimerval every = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
	struct mp_connection *ends[2];
	char *out = malloc(300000), *in = malloc(300000);

	(void)state;
	make(true, ends);
	struct mp_process *echo = start(run_echo, ends);
	mp_connection_close(ends[1]);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (unsigned i = 0; i < soak.rounds; i++) {
		size_t n = soak_random(&soak, i % 10 ? 1000 : 300000);
		fill(out, n, i);
		assert_int_equal(mp_connection_send(ends[0], out, n), 0);
		assert_int_equal(
			mp_connection_recv_for(ends[0], in, n, i % 2 ? DEADLINE : MP_FOREVER), n);
		assert_true(is_filled(in, n, i));
	}
	setitimer(ITIMER_REAL, &never, NULL);
	mp_connection_close(ends[0]);
	assert_int_equal(end_of(echo), 0);
	free(out);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_too_small_a_buffer),
		cmocka_unit_test(test_directions_and_ends),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_spawned),
		cmocka_unit_test(test_both_sides_send_large),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_storm_of_signals),
	};

	mp_freeze_support();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
