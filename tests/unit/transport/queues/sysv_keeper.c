/* No System V queue outlives its users, whoever of them was killed. */
#include "test.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "os/fd.h"
#include "os/proc.h"

enum { LIMIT_MS = 10000 };

/* Queues that were made by a process. */
static int queues_of(pid_t creator)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/sysvipc/msg", "re");
	char line[256];
	int count = 0, sent_by, received_by;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*d %*d %*o %*u %*u %d %d", &sent_by, &received_by) == 2)
			count += sent_by == creator || received_by == creator;
	return count;
}

/* The same, as soon as there are none, or after LIMIT_MS. */
static int queues_left(pid_t creator)
{
	int64_t end = deadline_after_ms(LIMIT_MS);
	int count;

	while ((count = queues_of(creator)) > 0 && clock_ns() < end)
		clock_sleep_until(clock_ns() + NS_PER_MS);
	return count;
}

struct killed {
	unsigned opener_side;  /* 2: the opener is none */
	int ready[2];          /* a pipe */
	struct proc *children; /* shared memory */
};

static int side_main(struct channel *channel, unsigned side, int ready)
{
	char message[8] = "message";

	if (channel_attach(channel, side) < 0 || put(channel, message, 8) < 0 ||
		get(channel, message, 8) < 0 || write(ready, "r", 1) != 1)
		return 1;
	get(channel, message, 8);
	return 0;
}

struct start {
	struct channel *channel;
	unsigned side;
	int ready;
};

static int child_main(void *argument)
{
	struct start *start = argument;

	return side_main(start->channel, start->side, start->ready);
}

static int opener_main(void *argument)
{
	struct killed *killed = argument;
	struct transport_options options = {.message_max_bytes = 8, .sides = 2};
	struct channel channel;
	struct proc others[2];

	if (channel_open(&channel, transport_find("sysv_mq"), &options) < 0)
		return 1;
	for (unsigned side = 0; side < 2; side++) {
		struct start start = {&channel, side, killed->ready[1]};
		if (side != killed->opener_side &&
			proc_start(&others[side], child_main, &start) < 0)
			return 1;
		if (side != killed->opener_side)
			killed->children[side] = others[side];
	}
	if (killed->opener_side < 2)
		return side_main(&channel, killed->opener_side, killed->ready[1]);
	pause();
	return 0;
}

/* Its children die with it: nobody is left but the keeper. */
static void test_killed_opener(void **state)
{
	struct proc *children =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)state;

	assert_ptr_not_equal(MAP_FAILED, children);
	for (unsigned side = 0; side < 3; side++) {
		struct killed killed = {.opener_side = side, .children = children};
		struct proc opener;
		char byte;
		children[0] = children[1] = PROC_NULL;
		assert_int_equal(0, pipe(killed.ready));
		assert_int_equal(0, proc_start(&opener, opener_main, &killed));
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(1, read(killed.ready[0], &byte, 1));
		pid_t child = children[side == 0 ? 1 : 0].pid;
		assert_true(queues_of(child) > 0);
		proc_kill(&opener);
		assert_int_equal(0, queues_left(child));
		fd_close(&killed.ready[0]);
		fd_close(&killed.ready[1]);
	}
	munmap(children, 4096);
}

/* On one CPU nobody else runs until we sleep: the keeper only if the opener waits for it. With
 * threads it belongs to both parties. */
static int hasty_main(void *argument)
{
	struct transport_options options = {.message_max_bytes = 8, .sides = 2, .threads = true};
	struct channel channel;
	char message[8] = "message";
	cpu_set_t one;
	(void)argument;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0 ||
		channel_open(&channel, transport_find("sysv_mq"), &options) < 0 ||
		channel_attach(&channel, 0) < 0 || put(&channel, message, 8) < 0)
		return 1;
	raise(SIGKILL);
	return 1;
}

/* The opener is killed as soon as it has a queue. */
static void test_killed_at_once(void **state)
{
	struct proc opener;
	int status;
	(void)state;

	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(0, proc_start(&opener, hasty_main, NULL));
		pid_t pid = opener.pid;
		assert_int_equal(0, proc_join(&opener, deadline_after_ms(LIMIT_MS), &status));
		assert_int_equal(SIGKILL, status);
		assert_int_equal(0, queues_left(pid));
	}
}

static int leaver_main(void *argument)
{
	struct start *start = argument;
	char message[8] = "message";

	if (channel_attach(start->channel, start->side) < 0)
		return 1;
	for (unsigned i = 0; i < 3; i++)
		if (put(start->channel, message, 8) < 0)
			return 1;
	if (write(start->ready, "r", 1) != 1)
		return 1;
	/* Until the opener has gone; it left nothing to read. */
	if (get(start->channel, message, 8) != -EPIPE || put(start->channel, message, 8) != -EPIPE)
		return 2;
	channel_close(start->channel);
	return 0;
}

/* The opener leaves first, with messages unread: both queues are gone then, and no child is left.
 */
static void test_opener_leaves_first(void **state)
{
	struct transport_options options = {.message_max_bytes = 8, .sides = 2};
	struct channel channel;
	struct proc other;
	char message[8], byte;
	int status, ready[2];
	(void)state;

	assert_int_equal(0, pipe(ready));
	assert_int_equal(0, channel_open(&channel, transport_find("sysv_mq"), &options));
	struct start start = {&channel, 1, ready[1]};
	assert_int_equal(0, proc_start(&other, leaver_main, &start));
	pid_t pid = other.pid;
	assert_int_equal(0, channel_attach(&channel, 0));
	assert_int_equal(0, get(&channel, message, 8));
	assert_int_equal(1, read(ready[0], &byte, 1));
	channel_close(&channel);
	assert_int_equal(0, proc_join(&other, deadline_after_ms(LIMIT_MS), &status));
	assert_int_equal(0, status);
	assert_int_equal(0, queues_of(pid));
	assert_int_equal(0, queues_of(getpid()));
	fd_close(&ready[0]);
	fd_close(&ready[1]);
}

int main(void)
{
	struct transport_limits limits;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_opener),
		cmocka_unit_test(test_killed_at_once),
		cmocka_unit_test(test_opener_leaves_first),
	};

	if (transport_probe(transport_find("sysv_mq"), &limits) < 0) {
		fprintf(stderr, "skipped: %s\n", limits.reason);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
