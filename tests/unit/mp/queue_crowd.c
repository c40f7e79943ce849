/*
 * Many processes at one queue, and those who only wait: every message arrives once, whoever waits
 * costs nothing, and one who is stopped or killed in its sleep does not keep the others asleep.
 */
#include "survival.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "mp/process.h"
#include "mp/queue.h"
#include "mp/shared.h"

enum { MEMBERS_MAX = 40, LARGE = 3 << 20 };

struct party {
	struct mp_queue *queue, *ready;
	uint64_t messages; /* of each producer */
	_Atomic uint64_t got, sum;
};

static struct party *party_new(const struct mp_queue_options *options)
{
	struct party *party = mp_shared_new(sizeof(*party));

	assert_non_null(party);
	party->queue = mp_queue_new(options);
	party->ready = mp_queue_new(&(struct mp_queue_options){.large_bytes = 1 << 16});
	assert_non_null(party->queue);
	assert_non_null(party->ready);
	return party;
}

static void party_free(struct party *party)
{
	mp_queue_free(party->queue);
	mp_queue_free(party->ready);
	mp_shared_free(party);
}

static int produce(void *argument)
{
	struct party *party = argument;

	for (uint64_t i = 1; i <= party->messages; i++)
		if (mp_queue_put_for(party->queue, &i, sizeof(i), MP_S(60)) != 0)
			return 1;
	return 0;
}

/* Until the queue is closed. */
static int consume(void *argument)
{
	struct party *party = argument;
	uint64_t i;
	ssize_t n;

	while ((n = mp_queue_get_for(party->queue, &i, sizeof(i), MP_S(60))) == sizeof(i)) {
		atomic_fetch_add(&party->sum, i);
		atomic_fetch_add(&party->got, 1);
	}
	return n == -EPIPE ? 0 : 1;
}

static struct mp_process *start(
	int (*run)(void *), struct party *party, enum mp_start_method method)
{
	struct mp_process_options options = {.start_method = method};
	struct mp_process *process;

	assert_int_equal(mp_process_start(run, party, &options, &process), 0);
	return process;
}

static void join(struct mp_process *process, int expected)
{
	int code = -1;

	assert_int_equal(mp_process_join(process, MP_S(100), &code), 0);
	assert_int_equal(code, expected);
	mp_process_free(process);
}

static void mingle(unsigned producers, unsigned consumers, size_t maxsize,
	enum mp_start_method method, int (*get)(void *))
{
	enum { MESSAGES = 8000 };
	struct mp_process *processes[MEMBERS_MAX];
	struct party *party =
		party_new(&(struct mp_queue_options){.maxsize = maxsize, .large_bytes = 1 << 16});

	party->messages = MESSAGES / producers / (maxsize == 1 ? 4 : 1);
	for (unsigned i = 0; i < producers + consumers; i++)
		processes[i] = start(i < producers ? produce : get, party, method);
	for (unsigned i = 0; i < producers; i++)
		join(processes[i], 0);
	mp_queue_close(party->queue);
	for (unsigned i = producers; i < producers + consumers; i++)
		join(processes[i], 0);
	assert_int_equal(party->got, producers * party->messages);
	assert_int_equal(party->sum, producers * (party->messages * (party->messages + 1) / 2));
	party_free(party);
}

static void test_many(void **state)
{
	(void)state;
	mingle(1, 32, 0, MP_FORK, consume);
	mingle(32, 1, 0, MP_FORK, consume);
	mingle(4, 4, 0, MP_FORK, consume);
	mingle(4, 4, 1, MP_FORK, consume);
}

static void test_spawned(void **state)
{
	(void)state;
	mingle(2, 2, 0, MP_SPAWN, consume);
}

/* The test's parent counts for them, in memory of its own. */
static _Atomic uint64_t ticks;

static void tick(int signal)
{
	(void)signal;
	atomic_fetch_add(&ticks, 1);
}

static void storm(bool on)
{
	struct sigaction action = {.sa_handler = tick};
	struct itimerval timer = {
		.it_interval.tv_usec = on ? 100 : 0, .it_value.tv_usec = on ? 100 : 0};

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static int consume_in_storm(void *argument)
{
	storm(true);
	int r = consume(argument);
	storm(false);
	return r;
}

/* Signals interrupt neither end, and shorten no timeout. */
static void test_interrupted(void **state)
{
	struct mp_queue *queue = mp_queue_new(&(struct mp_queue_options){.maxsize = 1});
	char c;

	(void)state;
	assert_non_null(queue);
	ticks = 0;
	storm(true);
	int64_t begin = clock_ns();
	assert_int_equal(mp_queue_get_for(queue, &c, 1, MP_MS(150)), -ETIMEDOUT);
	assert_true(clock_ns() - begin >= MP_MS(150));
	assert_int_equal(mp_queue_put(queue, "a", 1), 0);
	begin = clock_ns();
	assert_int_equal(mp_queue_put_for(queue, "b", 1, MP_MS(150)), -ETIMEDOUT);
	assert_true(clock_ns() - begin >= MP_MS(150));
	storm(false);
	assert_true(ticks > 0);
	mp_queue_free(queue);
	mingle(2, 2, 3, MP_FORK, consume_in_storm);
}

static int say_ready_and_get(void *argument)
{
	struct party *party = argument;

	if (mp_queue_put(party->ready, "", 0) != 0)
		return 1;
	return consume(party);
}

/* Whether a process sleeps. */
static bool is_asleep(pid_t pid)
{
	char path[32], line[512] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	const char *state = strrchr(line, ')');
	return state && state[2] == 'S';
}

static void until_asleep(pid_t pid)
{
	int64_t deadline = deadline_after_ms(CREW_DEADLINE_MS);

	while (!is_asleep(pid)) {
		assert_true(clock_ns() < deadline);
		sched_yield();
	}
}

static void until_got(struct party *party, uint64_t count)
{
	int64_t deadline = deadline_after_ms(CREW_DEADLINE_MS);

	while (party->got < count) {
		if (clock_ns() > deadline)
			flunk("%llu got of %llu", (unsigned long long)party->got,
				(unsigned long long)count);
		sched_yield();
	}
}

/*
 * Two sleep; the one that the first wake-up goes to is stopped, or killed. The other gets all
 * messages, each of which is put when the one before has been got. The first may take a slice of
 * 100 ms; if each did, it would be caught by the time that all take.
 */
static void lose_one_sleeper(bool is_killed)
{
	enum { MESSAGES = 200, SLICE_MS = 100 };
	struct party *party = party_new(&(struct mp_queue_options){.large_bytes = 1 << 16});
	struct mp_process *processes[2];
	char c;

	for (unsigned i = 0; i < 2; i++) {
		processes[i] = start(say_ready_and_get, party, MP_FORK);
		assert_int_equal(mp_queue_get(party->ready, &c, 1), 0);
		until_asleep(mp_process_pid(processes[i]));
	}
	/* It is the one that went to sleep first that is woken first. */
	if (is_killed) {
		assert_int_equal(mp_process_kill(processes[0]), 0);
		join(processes[0], -SIGKILL);
	} else {
		assert_int_equal(kill(mp_process_pid(processes[0]), SIGSTOP), 0);
	}
	int64_t begin = clock_ns();
	for (uint64_t i = 1; i <= MESSAGES; i++) {
		assert_int_equal(mp_queue_put(party->queue, &i, sizeof(i)), 0);
		until_got(party, i);
		until_asleep(mp_process_pid(processes[1]));
	}
	int64_t ms = (clock_ns() - begin) / NS_PER_MS;
	printf("%d messages in %d ms\n", MESSAGES, (int)ms);
	/* Half of what it takes if each one waits for the end of a slice, 50 ms on average. */
	assert_true(ms < MESSAGES * SLICE_MS / 4);
	if (!is_killed)
		assert_int_equal(kill(mp_process_pid(processes[0]), SIGCONT), 0);
	mp_queue_close(party->queue);
	for (unsigned i = is_killed; i < 2; i++)
		join(processes[i], 0);
	assert_int_equal(party->got, MESSAGES);
	party_free(party);
}

static void test_one_is_stopped(void **state)
{
	(void)state;
	lose_one_sleeper(false);
}

static void test_one_is_killed_asleep(void **state)
{
	(void)state;
	lose_one_sleeper(true);
}

/* A blocked get takes no CPU: less than a hundredth of its time. */
static void test_idle(void **state)
{
	struct mp_queue *queue = mp_queue_new(NULL);
	char c;

	(void)state;
	assert_non_null(queue);
	int64_t wall = clock_ns(), cpu = clock_thread_cpu_ns();
	assert_int_equal(mp_queue_get_for(queue, &c, 1, MP_S(1)), -ETIMEDOUT);
	wall = clock_ns() - wall;
	cpu = clock_thread_cpu_ns() - cpu;
	printf("%lld us of CPU in %lld ms\n", (long long)(cpu / NS_PER_US),
		(long long)(wall / NS_PER_MS));
	assert_true(cpu * 100 < wall);
	mp_queue_free(queue);
}

/* Puts large messages, each full of one number, for ever. */
static int put_large(void *argument)
{
	static unsigned char message[LARGE];
	struct party *party = argument;

	for (unsigned char i = 0;; i++) {
		memset(message, i, sizeof(message));
		if (mp_queue_put(party->queue, message, LARGE - i) != 0)
			return 1;
	}
}

/* Killed in the middle of a large message: what is there is whole. */
static void test_large_killed(void **state)
{
	struct soak soak = soak_begin("large", 15);
	struct party *party = party_new(&(struct mp_queue_options){.large_bytes = 16 << 20});
	uint64_t got = 0;

	(void)state;
	for (unsigned i = 0; i < soak.rounds; i++) {
		struct mp_process *process = start(put_large, party, MP_FORK);
		const unsigned char *message;
		ssize_t n;
		unsigned more = (unsigned)soak_random(&soak, 8);
		bool is_killed = false;
		while ((n = mp_queue_peek(party->queue, is_killed ? 0 : MP_S(60),
				(const void **)&message)) > 0) {
			for (ssize_t j = 0; j < n; j++)
				if (message[j] != LARGE - n)
					flunk("message of %zd bytes is torn at %zd", n, j);
			mp_queue_release(party->queue);
			got++;
			if (!is_killed && more-- == 0) {
				soak_spin_ns((int64_t)soak_random(&soak, 3000000));
				assert_int_equal(mp_process_kill(process), 0);
				join(process, -SIGKILL);
				is_killed = true;
			}
		}
		assert_true(is_killed);
		assert_int_equal(n, -EAGAIN);
		assert_int_equal(mp_queue_qsize(party->queue), 0);
	}
	printf("%llu messages\n", (unsigned long long)got);
	party_free(party);
}

/* Whatever fails in mp_queue_new(), it says so and leaves nothing behind. */
static void test_no_resources(void **state)
{
	static const int errors[] = {ENOMEM, EMFILE};
	struct mp_queue *queue = NULL;

	(void)state;
	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		unsigned k = 0;
		do {
			mp_queue_free(queue);
			fault_arm(++k, errors[i]);
			queue = mp_queue_new(&(struct mp_queue_options){.large_bytes = 1 << 20});
			if (!queue)
				assert_int_not_equal(errno, 0);
		} while (fault_disarm());
		assert_non_null(queue);
		/* A memfd, its size and its mapping, at the least. */
		assert_true(k > 3);
		assert_int_equal(mp_queue_put(queue, "a", 1), 0);
	}
	mp_queue_free(queue);
}

/* In a child: with little address space the region for large messages is smaller, by default. */
static int use_little(void *argument)
{
	struct rlimit limit = {.rlim_cur = (rlim_t)2 << 30, .rlim_max = RLIM_INFINITY};
	static char message[LARGE];
	(void)argument;

	if (getrlimit(RLIMIT_AS, &(struct rlimit){0}) != 0 || setrlimit(RLIMIT_AS, &limit) != 0)
		return 1;
	for (unsigned i = 0; i < 5; i++) {
		struct mp_queue *queue = mp_queue_new(NULL);
		if (!queue || mp_queue_put_nowait(queue, message, sizeof(message)) != 0)
			return 2;
	}
	return 0;
}

static void test_little_address_space(void **state)
{
	(void)state;
	if (SOAK_IS_SANITIZED) {
		printf("skipped: the sanitizer needs more address space than there would be\n");
		skip();
	}
	join(start(use_little, NULL, MP_FORK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_spawned),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_one_is_stopped),
		cmocka_unit_test(test_one_is_killed_asleep),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_large_killed),
		cmocka_unit_test(test_no_resources),
		cmocka_unit_test(test_little_address_space),
	};

	mp_freeze_support();
	return cmocka_run_group_tests_name("queue_crowd", tests, NULL, NULL);
}
