/*
 * One who puts or gets is killed at every instruction of the operation, one after the other: it is
 * stepped there by ptrace. (By default at every fifth; MP_SOAK_ROUNDS=1000 is for all.) Afterwards
 * the operation has taken place or it has not, the counts are those of what is there, and a queue
 * that is used on tears nothing.
 *
 * Where a killed one stands is thus not left to chance, as it is in queue_survive.c. Those who run
 * at the same time are not in here.
 */
#include "survival.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mp/joinable_queue.h"
#include "mp/queue.h"
#include "mp/shared.h"

enum {
	CAPACITY = 4096,
	LARGE_BYTES = 16384,
	LARGE = 3000, /* larger than half of the ring */
	SMALL = 40,
	MANY = 3,
	/* What is there before, and what warms up: at the end of it the bias is the child's. */
	BEFORE = 2,
	WARM_UP = 64,
	STEPS_USUAL = 500,
	STEPS_MAX = 20000,
};

struct subject {
	struct mp_joinable_queue *joinable;
	struct mp_queue *queue;
};

typedef void operation(const struct subject *subject);

static void put_small(const struct subject *subject)
{
	static const char message[SMALL];

	(void)!mp_queue_put_nowait(subject->queue, message, SMALL);
}

static void put_many(const struct subject *subject)
{
	static const char messages[MANY * SMALL];

	(void)!mp_queue_put_many(subject->queue, messages, SMALL, MANY, 0);
}

static void borrow(const struct subject *subject, size_t n)
{
	void *room;

	if (mp_queue_borrow(subject->queue, n, 0, &room) == 0)
		mp_queue_commit(subject->queue);
}

static void borrow_small(const struct subject *subject)
{
	borrow(subject, SMALL);
}

static void borrow_large(const struct subject *subject)
{
	borrow(subject, LARGE);
}

static void get_one(const struct subject *subject)
{
	char message[SMALL];

	(void)!mp_queue_get_nowait(subject->queue, message, SMALL);
}

static void get_many(const struct subject *subject)
{
	char messages[MANY * SMALL];

	(void)!mp_queue_get_many(subject->queue, messages, SMALL, MANY, 0);
}

static void peek(const struct subject *subject)
{
	const void *message;

	if (mp_queue_peek(subject->queue, 0, &message) >= 0)
		mp_queue_release(subject->queue);
}

static void get_task(const struct subject *subject)
{
	char message[SMALL];

	(void)!mp_joinable_queue_get_for(subject->joinable, message, SMALL, 0);
}

static void close_it(const struct subject *subject)
{
	mp_queue_close(subject->queue);
}

/* In the child: comes into the state in which the operation is usual, and lets itself be stepped
 * through it. */
static void run_child(const struct subject *subject, operation *run, bool is_biased)
{
	for (unsigned i = 0; is_biased && i < WARM_UP; i++) {
		put_small(subject);
		get_one(subject);
	}
	if (run == get_task) {
		/* Opens an account, which is not what is stepped through here. */
		put_small(subject);
		get_task(subject);
	}
	long pid = syscall(SYS_getpid);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(2);
	/* By syscall(), which the linker has found already: to look for others would be
	 * hundreds of steps. */
	(void)syscall(SYS_kill, pid, SIGSTOP);
	run(subject);
	(void)syscall(SYS_exit_group, 0);
	_exit(1);
}

/* Kills a child so many steps into the operation; false: it ended before. */
static bool kill_at(const struct subject *subject, operation *run, bool is_biased, unsigned steps)
{
	bool is_there = true;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		run_child(subject, run, is_biased);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
		printf("skipped: nobody may be traced here\n");
		skip();
	}
	assert_true(WIFSTOPPED(status));
	for (unsigned i = 0; i < steps && is_there; i++) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		is_there = WIFSTOPPED(status);
	}
	if (is_there) {
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	return is_there;
}

static struct mp_queue *queue_of(struct subject *subject)
{
	struct mp_queue_options options = {
		.capacity_bytes = CAPACITY, .large_bytes = LARGE_BYTES, .maxsize = 20};

	subject->joinable = mp_joinable_queue_new(&options);
	assert_non_null(subject->joinable);
	return mp_joinable_queue_queue(subject->joinable);
}

static void put_numbered(struct mp_queue *queue, size_t n, unsigned char number)
{
	void *room;

	assert_int_equal(mp_queue_borrow(queue, n, 0, &room), 0);
	memset(room, number, n);
	mp_queue_commit(queue);
}

/* Takes all, of which those behind the first `skip` are numbered 1, 2 …; how many there were. */
static unsigned drain(struct mp_queue *queue, unsigned skip_count, bool is_closed)
{
	unsigned count = 0;
	const void *message;
	ssize_t n;

	while ((n = mp_queue_peek(queue, 0, &message)) >= 0) {
		const unsigned char *bytes = message;
		for (ssize_t i = 0; count >= skip_count && i < n; i++)
			if (bytes[i] != count - skip_count + 1)
				flunk("message %u of %zd bytes is torn at %zd", count, n, i);
		mp_queue_release(queue);
		count++;
	}
	assert_int_equal(n, is_closed ? -EPIPE : -EAGAIN);
	return count;
}

/* What was there is there, but for what was under way; and the queue can be used on. */
static void check(const struct subject *subject, int least, int most)
{
	struct mp_queue *queue = subject->queue;
	const void *message;
	unsigned sum = 0;

	/* Both ends notice the death. */
	if (mp_queue_peek(queue, 0, &message) >= 0)
		mp_queue_leave(queue);
	void *room;
	int r = mp_queue_borrow(queue, 1, 0, &room);
	assert_true(r == 0 || r == -ESHUTDOWN);
	if (r == 0)
		mp_queue_cancel(queue);
	size_t size = mp_queue_qsize(queue);
	if ((int)size < least || (int)size > most)
		flunk("%zu messages, expected %d to %d", size, least, most);
	if (r == 0) {
		put_numbered(queue, LARGE, 1);
		put_numbered(queue, SMALL, 2);
		put_numbered(queue, LARGE, 3);
		sum = 3;
	}
	assert_int_equal(drain(queue, (unsigned)size, r == -ESHUTDOWN), size + sum);
	assert_int_equal(mp_queue_qsize(queue), 0);
}

/* With `before` messages of n bytes there; afterwards it is so many more or less. */
static void step_through(operation *run, bool is_biased, size_t n, int change)
{
	/* By default each fifth instruction, from any of the first five on. */
	struct soak soak = soak_begin("step", 100);
	unsigned stride = soak.rounds < STEPS_USUAL ? STEPS_USUAL / soak.rounds : 1;
	unsigned steps = (unsigned)soak_random(&soak, stride);
	bool is_there;

	do {
		struct subject subject;
		subject.queue = queue_of(&subject);
		for (int i = 0; i < BEFORE * (change < 0 ? -change : 1); i++)
			put_numbered(subject.queue, n, 9);
		int count = (int)mp_queue_qsize(subject.queue);
		is_there = kill_at(&subject, run, is_biased, steps);
		check(&subject, change < 0 ? count + change : count,
			change > 0 ? count + change : count);
		mp_joinable_queue_free(subject.joinable);
		steps += stride;
	} while (is_there && steps < STEPS_MAX);
	assert_false(is_there);
	printf("%u steps\n", steps);
	fflush(stdout);
}

static void test_put(void **state)
{
	(void)state;
	step_through(put_small, true, SMALL, 1);
	step_through(put_small, false, SMALL, 1);
}

static void test_put_many(void **state)
{
	(void)state;
	step_through(put_many, true, SMALL, MANY);
}

static void test_borrow(void **state)
{
	(void)state;
	step_through(borrow_small, true, SMALL, 1);
	step_through(borrow_large, false, LARGE, 1);
}

static void test_get(void **state)
{
	(void)state;
	step_through(get_one, true, SMALL, -1);
	step_through(get_one, false, SMALL, -1);
	step_through(get_task, false, SMALL, -1);
}

static void test_get_many(void **state)
{
	(void)state;
	step_through(get_many, true, SMALL, -MANY);
}

static void test_peek(void **state)
{
	(void)state;
	step_through(peek, true, SMALL, -1);
	step_through(peek, false, LARGE, -1);
}

static void test_close(void **state)
{
	(void)state;
	step_through(close_it, false, SMALL, 0);
}

/* A sanitizer's steps would be most of them; and elsewhere than on x86 a stepped pair of exclusive
 * load and store never succeeds. */
static int require_steps(void **state)
{
	(void)state;
#ifdef __x86_64__
	bool can_step = !SOAK_IS_SANITIZED;
#else
	bool can_step = false;
#endif
	if (!can_step) {
		printf("skipped: the operations cannot be stepped through in this build\n");
		exit(77);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_put_many),
		cmocka_unit_test(test_borrow),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_get_many),
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests_name("queue_step", tests, require_steps, NULL);
}
