/*
 * The thin layers over the kernel's facilities: descriptors, futexes, shared memory, processes.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail /* base/error.h has one */

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "os/fd.h"
#include "os/futex.h"
#include "os/proc.h"
#include "os/shm.h"

enum { DEADLINE_MS = 10000 };

static void test_fd_moves_all(void **state)
{
	enum { BYTES = 1 << 20 };
	_cleanup_(freep) char *in = calloc(1, BYTES);
	_cleanup_(freep) char *out = malloc(BYTES);
	int ends[2], status;

	(void)state;
	memset(out, 'x', BYTES);
	assert_int_equal(pipe(ends), 0);
	/* More than the pipe holds: short writes and reads. */
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		_exit(fd_write_full(ends[1], out, BYTES) < 0);
	}
	fd_close(&ends[1]);
	assert_int_equal(ends[1], -1);
	assert_int_equal(fd_read_full(ends[0], in, BYTES), 0);
	assert_memory_equal(in, out, BYTES);
	assert_int_equal(fd_read_full(ends[0], in, 1), -EPIPE);
	fd_close(&ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_fd_close_keeps_errno(void **state)
{
	int fd = -1;

	(void)state;
	errno = EXDEV;
	fd_close(&fd);
	fd = 9999;
	fd_close(&fd);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fd, -1);
}

static void test_fd_count(void **state)
{
	int before = fd_count();
	int fd = dup(0);

	(void)state;
	assert_int_equal(fd_count(), before + 1);
	close(fd);
	assert_int_equal(fd_count(), before);
}

static void test_futex(void **state)
{
	_Atomic uint32_t word = 1;

	(void)state;
	/* The word has changed: both come back at once, and only one says so. */
	assert_int_equal(futex_wait(&word, 0, DEADLINE_NEVER), 0);
	assert_int_equal(futex_park(&word, 0, DEADLINE_NEVER), 1);
	int64_t deadline = deadline_after_ms(5);
	int r;
	do {
		r = futex_park(&word, 1, deadline);
	} while (r == -EINTR);
	assert_int_equal(r, -ETIMEDOUT);
	assert_true(clock_ns() >= deadline);
	assert_int_equal(futex_wake(&word, 1), 0);
}

static int sleep_at(void *word)
{
	return futex_park(word, 0, deadline_after_ms(DEADLINE_MS));
}

static void test_futex_counts_the_woken(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};
	_cleanup_(proc_kill) struct proc sleeper = PROC_NULL;
	int64_t deadline = deadline_after_ms(DEADLINE_MS);
	int status;

	(void)state;
	assert_int_equal(shm_open_anonymous(&shm, 4), 0);
	assert_int_equal(proc_start(&sleeper, sleep_at, shm.data), 0);
	while (futex_wake(shm.data, 1) == 0)
		assert_true(clock_ns() < deadline);
	assert_int_equal(proc_join(&sleeper, deadline, &status), 0);
	/* 0, and not 1: it was counted. */
	assert_int_equal(status, 0);
}

static void test_shm_mirrored(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};

	(void)state;
	assert_int_equal(shm_open_mirrored(&shm, 5000), 0);
	assert_int_equal(shm.size_bytes, 8192);
	char *data = shm.data;
	for (size_t i = 0; i < shm.size_bytes; i += 511) {
		assert_int_equal(data[i], 0);
		data[i] = (char)(i % 100 + 1);
		assert_int_equal(data[i + shm.size_bytes], (char)(i % 100 + 1));
		data[i + shm.size_bytes] = 0;
		assert_int_equal(data[i], 0);
	}
}

static void test_shm_borrowed_stays(void **state)
{
	_cleanup_(shm_close) struct shm shm = {0};

	(void)state;
	assert_int_equal(shm_open_anonymous(&shm, 1), 0);
	struct shm copy = shm;
	shm_borrow(&copy);
	shm_close(&copy);
	assert_null(copy.data);
	((volatile char *)shm.data)[0] = 1;
	shm_close(&shm);
	shm_close(&shm);
}

/* Each failing call leaves nothing behind. */
static void test_shm_faults(void **state)
{
	int before = fd_count();
	bool happened;
	unsigned k = 1;

	(void)state;
	do {
		struct shm shm = {0};
		fault_arm(k++, ENOMEM);
		int r = shm_open_mirrored(&shm, 4096);
		happened = fault_disarm();
		assert_int_equal(r, happened ? -ENOMEM : 0);
		if (happened)
			assert_null(shm.data);
		shm_close(&shm);
	} while (happened);
	assert_true(k > 4);
	assert_int_equal(fd_count(), before);
}

static int answer(void *argument)
{
	return *(int *)argument;
}

static int stay(void *argument)
{
	(void)argument;
	return pause();
}

static void test_proc(void **state)
{
	struct proc proc = PROC_NULL;
	int value = 42, status, before = fd_count();

	(void)state;
	assert_int_equal(proc_start(&proc, answer, &value), 0);
	assert_int_equal(proc_join(&proc, deadline_after_ms(DEADLINE_MS), &status), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	value = -1;
	assert_int_equal(proc_start(&proc, answer, &value), 0);
	assert_int_equal(proc_join(&proc, deadline_after_ms(DEADLINE_MS), &status), 0);
	assert_int_equal(WEXITSTATUS(status), 255);
	assert_int_equal(proc_start(&proc, stay, NULL), 0);
	assert_false(proc_has_ended(proc.pidfd));
	assert_int_equal(proc_join(&proc, 0, &status), -ETIMEDOUT);
	proc_kill(&proc);
	proc_kill(&proc);
	assert_int_equal(proc.pid, 0);
	/* No descriptor and no zombie is left. */
	assert_int_equal(fd_count(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* A process that has ended but was not reaped yet is not alive, nor is a pid with another birth. */
static void test_proc_identity(void **state)
{
	struct proc proc = PROC_NULL;
	int status;

	(void)state;
	assert_int_equal(proc_start(&proc, stay, NULL), 0);
	uint64_t birth = proc_birth(proc.pid);
	assert_true(birth >= proc_birth(getpid()) && birth > 0);
	assert_true(proc_is_alive(proc.pid, birth));
	assert_false(proc_is_alive(proc.pid, birth + 1));
	pid_t pid = proc.pid;
	assert_int_equal(kill(pid, SIGKILL), 0);
	int64_t deadline = deadline_after_ms(DEADLINE_MS);
	while (!proc_has_ended(proc.pidfd))
		assert_true(clock_ns() < deadline);
	assert_false(proc_is_alive(pid, birth));
	assert_int_equal(proc_join(&proc, deadline, &status), 0);
	assert_int_equal(proc_birth(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fd_moves_all),
		cmocka_unit_test(test_fd_close_keeps_errno),
		cmocka_unit_test(test_fd_count),
		cmocka_unit_test(test_futex),
		cmocka_unit_test(test_futex_counts_the_woken),
		cmocka_unit_test(test_shm_mirrored),
		cmocka_unit_test(test_shm_borrowed_stays),
		cmocka_unit_test(test_shm_faults),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_proc_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
