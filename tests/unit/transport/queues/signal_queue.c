/* A full signal queue makes the sender wait and loses nothing; a receiver that died under it ends
 * the wait; strangers' signals are no messages. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/proc.h"

enum { QUEUE = 64, MESSAGES = 5000, LIMIT_MS = 10000 };

static struct rlimit before;

/* The limit counts all signals of a user: room for some more than there are now. */
static int queue_small(void **state)
{
	unsigned queued = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");
	(void)state;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "SigQ: %u/", &queued);
	if (file)
		fclose(file);
	if (getrlimit(RLIMIT_SIGPENDING, &before) < 0)
		return -1;
	struct rlimit low = {.rlim_cur = queued + QUEUE, .rlim_max = before.rlim_max};
	return setrlimit(RLIMIT_SIGPENDING, &low);
}

static int queue_normal(void **state)
{
	(void)state;
	return setrlimit(RLIMIT_SIGPENDING, &before);
}

static int speak(void *argument)
{
	struct channel *channel = argument;

	if (channel_attach(channel, 1) < 0)
		return 1;
	for (uint64_t i = 0; i < MESSAGES; i++)
		if (put(channel, &i, sizeof(i)) < 0)
			return 1;
	return 0;
}

static void open_two(struct channel *channel)
{
	struct transport_options options = {.message_max_bytes = 8, .sides = 2};

	assert_int_equal(0, channel_open(channel, transport_find("signal"), &options));
}

static void test_full_queue_loses_nothing(void **state)
{
	struct channel channel;
	struct proc other;
	int status;
	(void)state;

	open_two(&channel);
	assert_int_equal(0, proc_start(&other, speak, &channel));
	assert_int_equal(0, channel_attach(&channel, 0));
	for (uint64_t i = 0; i < MESSAGES; i++) {
		uint64_t got;
		assert_int_equal(0, get(&channel, &got, sizeof(got)));
		assert_int_equal(i, got);
		/* A receiver that is slow now and then, so that the queue does fill. */
		if (i % 1000 == 0)
			clock_sleep_until(clock_ns() + 5 * NS_PER_MS);
	}
	assert_int_equal(0, proc_join(&other, deadline_after_ms(LIMIT_MS), &status));
	assert_int_equal(0, status);
	channel_close(&channel);
}

static int sleep_attached(void *argument)
{
	if (channel_attach(argument, 1) < 0)
		return 1;
	pause();
	return 0;
}

static int kill_soon(void *argument)
{
	clock_sleep_until(clock_ns() + 50 * NS_PER_MS);
	kill(((struct proc *)argument)->pid, SIGKILL);
	return 0;
}

static void test_receiver_dies_under_a_full_queue(void **state)
{
	struct channel channel;
	struct proc other, killer;
	uint64_t message = 0;
	int r;
	(void)state;

	open_two(&channel);
	assert_int_equal(0, proc_start(&other, sleep_attached, &channel));
	assert_int_equal(0, channel_attach(&channel, 0));
	assert_int_equal(0, proc_start(&killer, kill_soon, &other));
	int64_t end = deadline_after_ms(LIMIT_MS);
	while ((r = put(&channel, &message, sizeof(message))) == 0)
		assert_true(clock_ns() < end);
	assert_int_equal(-EPIPE, r);
	proc_kill(&other);
	proc_kill(&killer);
	channel_close(&channel);
}

/* Directed at the thread, as ours are, they come in the order in which they were sent. */
static void test_strangers_are_ignored(void **state)
{
	struct both both;
	uint64_t message = 7, got = 0;
	(void)state;

	both_open(&both, "signal", 8);
	pthread_kill(pthread_self(), SIGRTMIN + 10);
	assert_int_equal(0, put(&both.sender, &message, sizeof(message)));
	assert_int_equal(0, get(&both.hub, &got, sizeof(got)));
	assert_int_equal(7, got);
	both_close(&both);
	/* Late ones are not fatal. */
	kill(getpid(), SIGRTMIN + 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_full_queue_loses_nothing, queue_small, queue_normal),
		cmocka_unit_test_setup_teardown(
			test_receiver_dies_under_a_full_queue, queue_small, queue_normal),
		cmocka_unit_test(test_strangers_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
