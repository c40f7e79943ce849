/*
 * Processes: what each start method promises, and that all three promise the same.
 */
#include "../../cmocka_prelude.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "mp/cpu.h"
#include "mp/lock.h"
#include "mp/process.h"
#include "mp/shared.h"
#include "os/fd.h"
#include "soak.h"

#define DEADLINE MP_S(30)

static const enum mp_start_method methods[] = {MP_FORK, MP_SPAWN, MP_CLONE3};
enum { METHODS = 3 };

static struct mp_process *start_with(
	int (*run)(void *), void *argument, const struct mp_process_options *options)
{
	struct mp_process *process = NULL;

	int r = mp_process_start(run, argument, options, &process);
	if (r < 0)
		flunk("start: %s", mp_strerror(r));
	return process;
}

static struct mp_process *start(enum mp_start_method method, int (*run)(void *), void *argument)
{
	return start_with(run, argument, &(struct mp_process_options){.start_method = method});
}

/* Joins and frees; the exit code. */
static int end_of(struct mp_process *process)
{
	int code = -1000;

	int r = mp_process_join(process, DEADLINE, &code);
	if (r < 0)
		flunk("join: %s", mp_strerror(r));
	mp_process_free(process);
	return code;
}

static int expect_no_child(void)
{
	return waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD;
}

static int run_code(void *argument)
{
	return *(int *)argument;
}

static int run_signal(void *argument)
{
	raise(*(int *)argument);
	return 0;
}

static int run_pause(void *argument)
{
	(void)argument;
	while (pause() < 0)
		;
	return 1;
}

static void test_exit_codes(void **state)
{
	static const int codes[][2] = {{0, 0}, {1, 1}, {255, 255}, {256, 255}, {-1, 255}};
	const int signals[] = {SIGKILL, SIGTERM, SIGUSR1, SIGRTMAX};

	(void)state;
	for (unsigned m = 0; m < METHODS; m++) {
		struct mp_process_options options = {
			.start_method = methods[m], .argument_bytes = sizeof(int)};
		for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
			int code = codes[i][0];
			assert_int_equal(
				end_of(start_with(run_code, &code, &options)), codes[i][1]);
		}
		for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
			int number = signals[i];
			assert_int_equal(
				end_of(start_with(run_signal, &number, &options)), -number);
		}
	}
	assert_true(expect_no_child());
}

static int run_exit(void *argument)
{
	(void)argument;
	exit(9);
}

static void test_exit_is_an_end(void **state)
{
	(void)state;
	for (unsigned m = 0; m < METHODS; m++)
		assert_int_equal(end_of(start(methods[m], run_exit, NULL)), 9);
}

static void test_join_alive_terminate_kill(void **state)
{
	int code = 77;

	(void)state;
	for (unsigned m = 0; m < METHODS; m++) {
		struct mp_process *process = start(methods[m], run_pause, NULL);
		struct pollfd sentinel = {.fd = mp_process_fd(process), .events = POLLIN};

		assert_true(mp_process_is_alive(process));
		assert_int_equal(mp_process_exit_code(process, &code), -EAGAIN);
		assert_int_equal(mp_process_join(process, 0, &code), -EAGAIN);
		assert_int_equal(mp_process_join(process, MP_MS(2), &code), -ETIMEDOUT);
		assert_int_equal(code, 77);
		assert_int_equal(poll(&sentinel, 1, 0), 0);
		assert_int_equal(
			m % 2 ? mp_process_kill(process) : mp_process_terminate(process), 0);
		assert_int_equal(mp_process_join(process, DEADLINE, &code), 0);
		assert_int_equal(code, m % 2 ? -SIGKILL : -SIGTERM);
		/* Again, and after the end. */
		code = 77;
		assert_int_equal(mp_process_join(process, 0, &code), 0);
		assert_int_equal(code, m % 2 ? -SIGKILL : -SIGTERM);
		assert_false(mp_process_is_alive(process));
		assert_int_equal(mp_process_kill(process), 0);
		assert_int_equal(poll(&sentinel, 1, 0), 1);
		mp_process_free(process);
		code = 77;
	}
	mp_process_free(NULL);
}

struct identity {
	pid_t pid, parent;
	char name[64], parent_name[64], nested_name[64];
	bool is_daemon, parent_is_alive;
	int join_parent;
};

static int run_zero(void *argument)
{
	(void)argument;
	return 0;
}

static int run_identity(void *argument)
{
	struct identity *identity = argument;
	struct mp_process *self = mp_current_process(), *parent = mp_parent_process();
	struct mp_process *nested;

	if (!parent)
		return 1;
	identity->pid = mp_process_pid(self);
	identity->parent = mp_process_pid(parent);
	identity->is_daemon = mp_process_is_daemon(self);
	snprintf(identity->name, sizeof(identity->name), "%s", mp_process_name(self));
	snprintf(identity->parent_name, sizeof(identity->parent_name), "%s",
		mp_process_name(parent));
	identity->parent_is_alive = mp_process_is_alive(parent);
	identity->join_parent = mp_process_join(parent, 0, NULL);
	if (mp_process_start(run_zero, NULL, NULL, &nested) < 0)
		return 2;
	snprintf(identity->nested_name, sizeof(identity->nested_name), "%s",
		mp_process_name(nested));
	return 0;
}

static void test_identity(void **state)
{
	struct identity *identity = mp_shared_new(sizeof(*identity));

	(void)state;
	assert_null(mp_parent_process());
	assert_int_equal(mp_process_pid(mp_current_process()), getpid());
	assert_string_equal(mp_process_name(mp_current_process()), "MainProcess");
	for (unsigned m = 0; m < METHODS; m++) {
		struct mp_process_options options = {.start_method = methods[m], .name = "worker"};
		struct mp_process *process = start_with(run_identity, identity, &options);
		pid_t pid = mp_process_pid(process);
		assert_string_equal(mp_process_name(process), "worker");
		assert_int_equal(end_of(process), 0);
		assert_int_equal(identity->pid, pid);
		assert_int_equal(identity->parent, getpid());
		assert_string_equal(identity->name, "worker");
		assert_string_equal(identity->parent_name, "MainProcess");
		assert_string_equal(identity->nested_name, "worker:1");
		assert_false(identity->is_daemon);
		assert_true(identity->parent_is_alive);
		assert_int_equal(identity->join_parent, -EAGAIN);
	}
	mp_shared_free(identity);
}

static void test_active_children(void **state)
{
	struct mp_process *started[3], *active[3];

	(void)state;
	assert_int_equal(mp_active_children(active, 3), 0);
	for (unsigned m = 0; m < METHODS; m++)
		started[m] = start(methods[m], run_pause, NULL);
	assert_int_equal(mp_active_children(active, 2), 3);
	assert_ptr_equal(active[0], started[0]);
	assert_ptr_equal(active[1], started[1]);
	assert_int_equal(mp_process_kill(started[0]), 0);
	assert_int_equal(end_of(started[0]), -SIGKILL);
	assert_int_equal(mp_active_children(active, 3), 2);
	/* One without a handle still is a child, and no zombie when it has ended. */
	pid_t pid = mp_process_pid(started[1]);
	mp_process_free(started[1]);
	assert_int_equal(mp_active_children(NULL, 0), 2);
	kill(pid, SIGKILL);
	while (mp_active_children(NULL, 0) != 1)
		;
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(mp_process_terminate(started[2]), 0);
	assert_int_equal(end_of(started[2]), -SIGTERM);
	assert_int_equal(mp_active_children(NULL, 0), 0);
	assert_true(expect_no_child());
}

static int run_strangers(void *argument)
{
	struct mp_process *sibling = *(struct mp_process **)argument;

	/* As Python asserts: only a child can be joined. */
	return mp_process_join(sibling, 0, NULL) == -ECHILD &&
			       mp_process_kill(sibling) == -ECHILD &&
			       mp_active_children(NULL, 0) == 0
		       ? 0
		       : 1;
}

static void test_a_childs_view_of_siblings(void **state)
{
	struct mp_process *sibling = start(MP_FORK, run_pause, NULL);

	(void)state;
	assert_int_equal(end_of(start(MP_FORK, run_strangers, &sibling)), 0);
	assert_int_equal(end_of(start(MP_CLONE3, run_strangers, &sibling)), 0);
	assert_true(mp_process_is_alive(sibling));
	mp_process_kill(sibling);
	end_of(sibling);
}

static int run_with_lock(void *argument)
{
	struct mp_lock *lock = argument;

	/* libc's idea of this thread, the robust list, and malloc are in order. */
	if (gettid() != getpid() || mp_lock_acquire(lock) != 0)
		return 1;
	free(malloc(1 << 20));
	pthread_mutex_t mutex;
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&mutex, &attributes);
	if (pthread_mutex_lock(&mutex) != 0 || pthread_mutex_lock(&mutex) != EDEADLK)
		return 2;
	/* Dies with the lock held. */
	return 0;
}

static void test_libc_is_in_order(void **state)
{
	struct mp_lock *lock = mp_lock_new();

	(void)state;
	for (unsigned m = 0; m < METHODS; m++) {
		assert_int_equal(end_of(start(methods[m], run_with_lock, lock)), 0);
		assert_int_equal(mp_lock_acquire(lock), -EOWNERDEAD);
		assert_int_equal(mp_lock_release(lock), 0);
	}
	mp_lock_free(lock);
}

struct greeting {
	char text[32];
	int numbers[100000];
};

static int run_greeting(void *argument)
{
	struct greeting *greeting = argument;

	return strcmp(greeting->text, "hello") == 0 && greeting->numbers[99999] == 7 ? 3 : 1;
}

static int run_null(void *argument)
{
	return argument ? 1 : 0;
}

static void test_spawn_arguments(void **state)
{
	struct mp_process *process = NULL;
	struct mp_process_options options = {
		.start_method = MP_SPAWN, .argument_bytes = sizeof(struct greeting)};
	struct greeting *greeting = calloc(1, sizeof(*greeting));

	(void)state;
	snprintf(greeting->text, sizeof(greeting->text), "hello");
	greeting->numbers[99999] = 7;
	assert_int_equal(end_of(start_with(run_greeting, greeting, &options)), 3);
	options.argument_bytes = 0;
	assert_int_equal(end_of(start_with(run_null, NULL, &options)), 0);
	/* What the child wouldn't see, and what lies elsewhere there. */
	assert_int_equal(mp_process_start(run_greeting, greeting, &options, &process), -EINVAL);
	assert_non_null(strstr(mp_strerror(-EINVAL), "shared memory"));
	int (*foreign)(void *) = (int (*)(void *))(uintptr_t)puts;
	assert_int_equal(mp_process_start(foreign, NULL, &options, &process), -EINVAL);
	assert_non_null(strstr(mp_strerror(-EINVAL), "not in the program"));
	assert_null(process);
	free(greeting);
}

static int run_relative(void *argument)
{
	int *count = argument;
	struct mp_process *process;
	int code = 0;

	/* A child of a spawned child sees what both made. */
	int *own = mp_shared_new(sizeof(*own));
	int **both = mp_shared_new(2 * sizeof(*both));
	++*count;
	if (*count == 3)
		return 0;
	both[0] = own;
	both[1] = count;
	struct mp_process_options options = {.start_method = MP_SPAWN};
	if (mp_process_start(run_relative, count, &options, &process) < 0 ||
		mp_process_join(process, DEADLINE, &code) < 0)
		return 100;
	return code;
}

static void test_spawn_shares_memory_over_generations(void **state)
{
	int *count = mp_shared_new(sizeof(*count));
	char *large = mp_shared_new(5 << 20);

	(void)state;
	assert_int_equal(end_of(start(MP_SPAWN, run_relative, count)), 0);
	assert_int_equal(*count, 3);
	mp_shared_free(large);
	mp_shared_free(count);
}

static int run_count_fds(void *argument)
{
	const int *wanted = argument;

	/* 0 to 2, the one wanted, and those of shared memory: is there anything else? */
	for (int fd = 3; fd < 1000; fd++) {
		struct stat status;
		char path[64], name[64] = "";
		if (fstat(fd, &status) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, name, sizeof(name) - 1) < 0 ||
			(fd != *wanted && !strstr(name, "memfd:mp")))
			return fd;
	}
	return fcntl(*wanted, F_GETFD) < 0 ? 1 : 0;
}

static void test_spawn_descriptors(void **state)
{
	/* Neither of these is close-on-exec. */
	int wanted = dup(0), unwanted = dup(0);
	struct mp_process_options options = {.start_method = MP_SPAWN,
		.argument_bytes = sizeof(wanted),
		.fds = &wanted,
		.fd_count = 1};
	struct mp_process *process;

	(void)state;
	assert_int_equal(end_of(start_with(run_count_fds, &wanted, &options)), 0);
	fd_close(&wanted);
	wanted = 987;
	assert_int_equal(mp_process_start(run_count_fds, &wanted, &options, &process), -EBADF);
	assert_non_null(strstr(mp_strerror(-EBADF), "descriptor of the options"));
	fd_close(&unwanted);
	assert_true(expect_no_child());
}

static void test_spawn_without_freeze_support(void **state)
{
	struct mp_process_options options = {.start_method = MP_SPAWN};
	char text[32];
	int ends[2], code = 0;

	(void)state;
	/* The program's main() (below) tells over the pipe what happens to one who starts there. */
	assert_int_equal(pipe(ends), 0);
	options.fds = &ends[1];
	options.fd_count = 1;
	snprintf(text, sizeof(text), "%d", ends[1]);
	setenv("TEST_NO_FREEZE", text, 1);
	struct mp_process *process = start_with(run_zero, NULL, &options);
	unsetenv("TEST_NO_FREEZE");
	assert_int_equal(mp_process_join(process, DEADLINE, &code), -ENOEXEC);
	assert_non_null(strstr(mp_strerror(-ENOEXEC), "mp_freeze_support"));
	mp_process_free(process);
	assert_int_equal(read(ends[0], &code, sizeof(code)), sizeof(code));
	assert_int_equal(code, -EPERM);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static int main_without_freeze(const char *text)
{
	struct mp_process *process;
	int r = mp_process_start(run_zero, NULL, NULL, &process);

	return write((int)strtol(text, NULL, 10), &r, sizeof(r)) != sizeof(r);
}

static void test_signal_mask_and_handlers(void **state)
{
	(void)state;
	/* A process that is started with all signals blocked inside has its caller's mask. */
	for (unsigned m = 0; m < METHODS; m++) {
		struct mp_process *process = start(methods[m], run_pause, NULL);
		assert_int_equal(mp_process_terminate(process), 0);
		assert_int_equal(end_of(process), -SIGTERM);
	}
	sigset_t mask;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
}

static void test_sigchld_ignored(void **state)
{
	int five = 5, code = 0;

	(void)state;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	sigaction(SIGCHLD, &ignore, &old);
	struct mp_process *process = start(MP_FORK, run_code, &five);
	assert_int_equal(mp_process_join(process, DEADLINE, &code), -ECHILD);
	assert_non_null(strstr(mp_strerror(-ECHILD), "SIGCHLD"));
	assert_false(mp_process_is_alive(process));
	mp_process_free(process);
	sigaction(SIGCHLD, &old, NULL);
	/* clone3 tells nobody else. */
	process = start(MP_CLONE3, run_code, &five);
	if (!SOAK_IS_SANITIZED) {
		assert_int_equal(waitpid(-1, NULL, 0), -1);
		assert_int_equal(errno, ECHILD);
	}
	assert_int_equal(end_of(process), 5);
}

static void *join_in_thread(void *process)
{
	static _Atomic int sum;
	int code = 0;

	if (mp_process_join(process, DEADLINE, &code) == 0)
		sum += code;
	return (void *)(intptr_t)sum;
}

static void test_two_threads_join_one(void **state)
{
	pthread_t threads[2];

	(void)state;
	for (int round = 0; round < 20; round++) {
		int seven = 7;
		struct mp_process *process = start(MP_FORK, run_code, &seven);
		for (int i = 0; i < 2; i++)
			pthread_create(&threads[i], NULL, join_in_thread, process);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(end_of(process), 7);
	}
}

static void put_file(const char *root, const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	_cleanup_(fclosep) FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
}

static void test_cpu_count(void **state)
{
	char root[] = "/tmp/mp-cpu-XXXXXX", command[64];

	(void)state;
	assert_true(mp_cpu_count() >= 1);
	assert_non_null(mkdtemp(root));
	assert_int_equal(cpu_quota(root), 0);
	/* Version 2: the strictest of all levels counts. */
	put_file(root, "proc/self/cgroup", "4:memory:/x\n0::/a/b\n");
	put_file(root, "proc/self/mountinfo",
		"30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
	put_file(root, "sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	assert_int_equal(cpu_quota(root), 0);
	put_file(root, "sys/fs/cgroup/a/cpu.max", "250000 100000\n");
	assert_int_equal(cpu_quota(root), 3);
	put_file(root, "sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
	assert_int_equal(cpu_quota(root), 3);
	put_file(root, "sys/fs/cgroup/a/b/cpu.max", "1000 100000\n");
	assert_int_equal(cpu_quota(root), 1);
	/* Version 1, in a container whose mount begins at its group. */
	put_file(root, "proc/self/cgroup", "4:cpuacct,cpu:/docker/x/in\n");
	put_file(root, "proc/self/mountinfo",
		"40 30 0:30 /docker/x /cg/cpu ro - cgroup cgroup rw,cpuacct,cpu\n");
	put_file(root, "cg/cpu/in/cpu.cfs_quota_us", "-1\n");
	put_file(root, "cg/cpu/in/cpu.cfs_period_us", "100000\n");
	assert_int_equal(cpu_quota(root), 0);
	put_file(root, "cg/cpu/cpu.cfs_quota_us", "150000\n");
	put_file(root, "cg/cpu/cpu.cfs_period_us", "100000\n");
	assert_int_equal(cpu_quota(root), 2);
	snprintf(command, sizeof(command), "%s", root);
	char *const arguments[] = {"rm", "-r", command, NULL};
	if (fork() == 0) {
		execvp("rm", arguments);
		_exit(1);
	}
	wait(NULL);
}

int main(void)
{
	const char *text = getenv("TEST_NO_FREEZE");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_exit_is_an_end),
		cmocka_unit_test(test_join_alive_terminate_kill),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_active_children),
		cmocka_unit_test(test_a_childs_view_of_siblings),
		cmocka_unit_test(test_libc_is_in_order),
		cmocka_unit_test(test_spawn_arguments),
		cmocka_unit_test(test_spawn_shares_memory_over_generations),
		cmocka_unit_test(test_spawn_descriptors),
		cmocka_unit_test(test_spawn_without_freeze_support),
		cmocka_unit_test(test_signal_mask_and_handlers),
		cmocka_unit_test(test_sigchld_ignored),
		cmocka_unit_test(test_two_threads_join_one),
		cmocka_unit_test(test_cpu_count),
	};

	if (text)
		return main_without_freeze(text);
	mp_freeze_support();
	alarm(100);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
