/*
 * What processes survive: kill -9 of children and of parents, stop and continue, storms of signals,
 * no memory and no descriptors, forks while other threads hold locks, and great numbers.
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
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/lock.h"
#include "mp/process.h"
#include "mp/shared.h"
#include "os/fd.h"
#include "soak.h"

#define DEADLINE MP_S(60)

static const enum mp_start_method methods[] = {MP_FORK, MP_SPAWN, MP_CLONE3};
enum {
	METHODS = 3,
	MANY = SOAK_IS_SANITIZED ? 200 : 10000,
	AT_ONCE = SOAK_IS_SANITIZED ? 120 : 1000,
};

static struct mp_process *start_with(
	int (*run)(void *), void *argument, const struct mp_process_options *options)
{
	struct mp_process *process = NULL;

	int r = mp_process_start(run, argument, options, &process);
	if (r < 0)
		flunk("start: %s", mp_strerror(r));
	return process;
}

static int end_of(struct mp_process *process)
{
	int code = -1000;

	int r = mp_process_join(process, DEADLINE, &code);
	if (r < 0)
		flunk("join: %s", mp_strerror(r));
	mp_process_free(process);
	return code;
}

static int run_seven(void *argument)
{
	(void)argument;
	return 7;
}

static int run_pause(void *argument)
{
	(void)argument;
	while (pause() < 0)
		;
	return 1;
}

/* Whether the pipe's other ends are all gone: the processes that had them have ended. */
static bool is_end_of_file(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&poll_fd, 1, 60000) == 1 && read(fd, &byte, 1) == 0;
}

static bool has_writer(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 0;
}

/* A family to be killed: a parent that starts a daemon by each method; all hold the pipe. */
struct family {
	int out;
	_Atomic int ready;
	bool by_exit, in_thread;
};

static int run_daemon(void *argument)
{
	struct family *family = argument;
	struct mp_process *process;

	/* It may not have children. */
	if (mp_process_start(run_seven, NULL, NULL, &process) != -EPERM)
		return 1;
	family->ready++;
	return run_pause(NULL);
}

static void *start_daemons(void *argument)
{
	struct family *family = argument;

	for (unsigned m = 0; m < METHODS; m++) {
		struct mp_process *process;
		struct mp_process_options options = {.start_method = methods[m],
			.is_daemon = true,
			.fds = &family->out,
			.fd_count = 1};
		if (mp_process_start(run_daemon, family, &options, &process) < 0)
			_exit(1);
	}
	return NULL;
}

static int run_parent(void *argument)
{
	struct family *family = argument;
	pthread_t thread;

	if (!family->in_thread) {
		start_daemons(family);
	} else if (pthread_create(&thread, NULL, start_daemons, family) != 0 ||
		   pthread_join(thread, NULL) != 0) {
		return 1;
	}
	while (family->ready < METHODS)
		sched_yield();
	/* Both are ends; this one is normal. */
	if (family->by_exit)
		return 3;
	return run_pause(NULL);
}

static void expect_daemons_end(struct family *family, bool by_exit, bool in_thread)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	family->out = ends[1];
	family->ready = 0;
	family->by_exit = by_exit;
	family->in_thread = in_thread;
	struct mp_process *parent = start_with(run_parent, family, NULL);
	close(ends[1]);
	if (!by_exit) {
		while (family->ready < METHODS)
			sched_yield();
		/* The end of the thread that started them was not theirs. */
		clock_sleep_until(clock_ns() + 20 * NS_PER_MS);
		assert_true(has_writer(ends[0]));
		mp_process_kill(parent);
	}
	assert_true(is_end_of_file(ends[0]));
	assert_int_equal(end_of(parent), by_exit ? 3 : -SIGKILL);
	close(ends[0]);
}

static void test_daemons_end_with_their_parent(void **state)
{
	struct family *family = mp_shared_new(sizeof(*family));

	(void)state;
	for (int i = 0; i < 4; i++)
		expect_daemons_end(family, i / 2 == 1, i % 2 == 1);
	mp_shared_free(family);
}

static int run_slow(void *argument)
{
	_Atomic int *count = argument;

	soak_spin_ns(20 * NS_PER_MS);
	++*count;
	return 0;
}

static int run_leaves_children(void *argument)
{
	struct mp_process *process;

	for (unsigned m = 0; m < METHODS; m++)
		if (mp_process_start(run_slow, argument,
			    &(struct mp_process_options){.start_method = methods[m]}, &process) < 0)
			return 1;
	mp_process_free(process);
	return 0;
}

static void test_others_are_waited_for(void **state)
{
	_Atomic int *count = mp_shared_new(sizeof(*count));

	(void)state;
	assert_int_equal(end_of(start_with(run_leaves_children, (void *)count, NULL)), 0);
	assert_int_equal(*count, METHODS);
	mp_shared_free((void *)count);
}

static void test_no_memory_no_descriptors(void **state)
{
	static const int errors[] = {ENOMEM, EMFILE, EAGAIN};

	(void)state;
	/* The first start makes what stays. */
	for (unsigned m = 0; m < METHODS; m++)
		end_of(start_with(run_seven, NULL,
			&(struct mp_process_options){
				.start_method = methods[m], .is_daemon = true}));
	int before = fd_count();
	for (unsigned i = 0; i < 2 * METHODS * 3; i++) {
		struct mp_process_options options = {
			.start_method = methods[i / 2 % METHODS], .is_daemon = i % 2};
		unsigned k = 1;
		for (;; k++) {
			struct mp_process *process = NULL;
			fault_arm(k, errors[i / 6]);
			int r = mp_process_start(run_seven, NULL, &options, &process);
			bool hit = fault_disarm();
			assert_int_equal(r < 0, hit);
			if (!hit) {
				assert_int_equal(end_of(process), 7);
				break;
			}
			assert_true(r == -errors[i / 6] || r == -ENOMEM);
			assert_null(process);
			assert_int_equal(fd_count(), before);
			assert_int_equal(mp_active_children(NULL, 0), 0);
		}
		assert_true(k >= 2);
		assert_int_equal(fd_count(), before);
	}
}

static void test_descriptor_limit(void **state)
{
	struct rlimit old, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	/* A fork does without one; the others say what is missing. */
	struct mp_process *process = start_with(run_seven, NULL, NULL), *others = NULL;
	assert_int_equal(mp_process_fd(process), -1);
	int timed = mp_process_join(process, MP_S(1), NULL);
	int code = 0, r = mp_process_join(process, MP_FOREVER, &code);
	int spawned = mp_process_start(
		run_seven, NULL, &(struct mp_process_options){.start_method = MP_SPAWN}, &others);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(timed, -EMFILE);
	assert_int_equal(r, 0);
	assert_int_equal(code, 7);
	mp_process_free(process);
	assert_int_equal(spawned, -EMFILE);
	assert_null(others);
}

static void count_signal(int number)
{
	(void)number;
}

static void test_storm_of_signals(void **state)
{
	struct soak soak = soak_begin("storm", 60);
	struct sigaction action = {.sa_handler = count_signal}; /* no SA_RESTART */
	struct itimerval every = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
	char *memory = malloc(64 << 20);

	(void)state;
	/* A fork takes longer than the timer's period now. */
	memset(memory, 1, 64 << 20);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (unsigned i = 0; i < soak.rounds; i++) {
		struct mp_process_options options = {
			.start_method = methods[i % METHODS], .is_daemon = soak_random(&soak, 2)};
		struct mp_process *process = start_with(run_seven, NULL, &options);
		int r = mp_process_join(process, MP_MS(1), NULL);
		assert_true(r == 0 || r == -ETIMEDOUT);
		assert_int_equal(end_of(process), 7);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	action.sa_handler = SIG_DFL;
	sigaction(SIGALRM, &action, NULL);
	free(memory);
}

static struct {
	struct mp_lock *lock;
	_Atomic bool stop;
} busy;

static void *hold_locks(void *argument)
{
	(void)argument;
	while (!busy.stop) {
		int r = mp_lock_acquire(busy.lock);
		void *memory = malloc(2000);
		void *shared = mp_shared_new(64);
		mp_active_children(NULL, 0);
		mp_shared_free(shared);
		free(memory);
		if (r == 0)
			mp_lock_release(busy.lock);
	}
	return NULL;
}

static int run_needs_locks(void *argument)
{
	struct mp_lock *lock = argument;
	struct mp_process *process;
	int code = 1;

	for (int i = 0; i < 20; i++) {
		free(malloc(3000));
		mp_shared_free(mp_shared_new(100));
		if (mp_lock_acquire(lock) != 0 || mp_lock_release(lock) != 0)
			return 1;
	}
	if (mp_process_start(run_seven, NULL, NULL, &process) < 0 ||
		mp_process_join(process, DEADLINE, &code) < 0)
		return 2;
	return code;
}

static void test_fork_while_threads_hold_locks(void **state)
{
	struct soak soak = soak_begin("threads", 100);
	pthread_t threads[3];

	(void)state;
	busy.lock = mp_lock_new();
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hold_locks, NULL), 0);
	for (unsigned i = 0; i < soak.rounds; i++) {
		struct mp_process_options options = {.start_method = methods[i % METHODS]};
		soak_spin_ns((int64_t)soak_random(&soak, 50000));
		assert_int_equal(end_of(start_with(run_needs_locks, busy.lock, &options)), 7);
	}
	busy.stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	mp_lock_free(busy.lock);
}

static void test_many(void **state)
{
	int before = fd_count();

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		struct mp_process_options options = {.start_method = i % 100 == 0 ? MP_SPAWN
								     : i % 2      ? MP_FORK
										  : MP_CLONE3};
		assert_int_equal(end_of(start_with(run_seven, NULL, &options)), 7);
	}
	assert_int_equal(fd_count(), before);
}

static void test_many_at_once(void **state)
{
	static struct mp_process *processes[AT_ONCE];
	struct rlimit files, tasks;
	unsigned count = AT_ONCE, i;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &files);
	struct rlimit most = {files.rlim_max, files.rlim_max};
	setrlimit(RLIMIT_NOFILE, &most);
	getrlimit(RLIMIT_NPROC, &tasks);
	if (tasks.rlim_cur != RLIM_INFINITY && tasks.rlim_cur / 2 < count)
		count = (unsigned)tasks.rlim_cur / 2;
	for (i = 0; i < count; i++) {
		struct mp_process_options options = {.start_method = i % 2 ? MP_FORK : MP_CLONE3};
		int r = mp_process_start(run_pause, NULL, &options, &processes[i]);
		/* A limit of the machine's is an error, and nothing else breaks. */
		if (r < 0) {
			assert_true(r == -EAGAIN || r == -EMFILE || r == -ENOMEM);
			break;
		}
	}
	print_message("%u processes at once\n", i);
	assert_true(i >= 100);
	assert_int_equal(mp_active_children(NULL, 0), i);
	for (unsigned k = 0; k < i; k++)
		assert_int_equal(mp_process_kill(processes[k]), 0);
	for (unsigned k = 0; k < i; k++)
		assert_int_equal(end_of(processes[k]), -SIGKILL);
	setrlimit(RLIMIT_NOFILE, &files);
}

static int run_busy(void *argument)
{
	int64_t ns = *(int64_t *)argument;

	soak_spin_ns(ns);
	return (int)(ns % 200);
}

/* One process, of any kind, that lives for a random time and meets one thing at a random moment. */
static void soak_round(struct soak *soak)
{
	int64_t life_ns = (int64_t)soak_random(soak, 400000);
	struct mp_process_options options = {.start_method = methods[soak_random(soak, METHODS)],
		.is_daemon = soak_random(soak, 2),
		.argument_bytes = sizeof(life_ns)};
	unsigned what = (unsigned)soak_random(soak, 4);
	struct mp_process *process = start_with(run_busy, &life_ns, &options);
	int code = -1000, natural = (int)(life_ns % 200);

	soak_spin_ns((int64_t)soak_random(soak, 600000));
	if (what == 1)
		mp_process_kill(process);
	if (what == 2)
		mp_process_terminate(process);
	if (what == 3) {
		kill(mp_process_pid(process), SIGSTOP);
		soak_spin_ns((int64_t)soak_random(soak, 100000));
		/* Stopped is not ended. */
		int r = mp_process_join(process, 0, &code);
		assert_true(r == -EAGAIN || (r == 0 && code == natural));
		kill(mp_process_pid(process), SIGCONT);
	}
	assert_int_equal(mp_process_join(process, DEADLINE, &code), 0);
	int other = what == 1 ? -SIGKILL : what == 2 ? -SIGTERM : natural;
	if (code != natural && code != other)
		flunk("method %d, %u: exit code %d", (int)options.start_method, what, code);
	mp_process_free(process);
}

static void test_soak(void **state)
{
	struct soak soak = soak_begin("soak", 150);
	int before = fd_count();

	(void)state;
	for (unsigned i = 0; i < soak.rounds; i++)
		soak_round(&soak);
	assert_int_equal(mp_active_children(NULL, 0), 0);
	assert_int_equal(fd_count(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_daemons_end_with_their_parent),
		cmocka_unit_test(test_others_are_waited_for),
		cmocka_unit_test(test_no_memory_no_descriptors),
		cmocka_unit_test(test_descriptor_limit),
		cmocka_unit_test(test_storm_of_signals),
		cmocka_unit_test(test_fork_while_threads_hold_locks),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_soak),
	};

	mp_freeze_support();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
