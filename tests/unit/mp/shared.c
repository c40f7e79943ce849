/*
 * Shared memory: pieces never overlap, children see them at the same address and never hand out
 * the same, every error path leaves nothing behind, and a fork while others allocate hangs nobody.
 */
#include "../../cmocka_prelude.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/arena.h"
#include "mp/shared.h"
#include "os/fd.h"

enum { PIECES = 2000, FORKS = 100 };

static void expect_child_ends_well(pid_t child)
{
	int status = -1;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void test_pieces_are_apart(void **state)
{
	static struct {
		unsigned char *at;
		size_t bytes;
	} pieces[PIECES];
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < PIECES; i++) {
			if (pieces[i].at && next_random(&seed) % 2)
				continue;
			mp_shared_free(pieces[i].at);
			/* Small ones mostly; a few have an arena of their own. */
			size_t bytes = next_random(&seed) % (i % 100 == 0 ? 400000 : 3000);
			unsigned char *at = mp_shared_new(bytes);
			assert_non_null(at);
			assert_int_equal((uintptr_t)at % 64, 0);
			for (size_t k = 0; k < bytes; k++)
				assert_int_equal(at[k], 0);
			memset(at, (int)(i % 255) + 1, bytes);
			assert_true(mp_shared_contains(at, bytes));
			pieces[i].at = at;
			pieces[i].bytes = bytes;
		}
		for (unsigned i = 0; i < PIECES; i++)
			for (size_t k = 0; k < pieces[i].bytes; k++)
				assert_int_equal(pieces[i].at[k], i % 255 + 1);
	}
	for (unsigned i = 0; i < PIECES; i++)
		mp_shared_free(pieces[i].at);
}

static void test_every_size(void **state)
{
	(void)state;
	/* Around the borders of every class. */
	for (size_t bytes = 1; bytes < 400000; bytes += bytes / 33 + 1) {
		char *first = mp_shared_new(bytes), *second = mp_shared_new(bytes);
		assert_non_null(first);
		assert_non_null(second);
		assert_true(first + bytes <= second || second + bytes <= first);
		first[bytes - 1] = 1;
		assert_true(mp_shared_contains(first, bytes));
		mp_shared_free(first);
		/* What comes back is zero again. */
		char *again = mp_shared_new(bytes);
		assert_int_equal(again[bytes - 1], 0);
		mp_shared_free(again);
		mp_shared_free(second);
	}
}

static void test_contains(void **state)
{
	int local;
	char *small = mp_shared_new(100), *large = mp_shared_new(1 << 20);

	(void)state;
	assert_false(mp_shared_contains(&local, sizeof(local)));
	assert_false(mp_shared_contains(NULL, 1));
	assert_true(mp_shared_contains(small, 100));
	assert_true(mp_shared_contains(large, 1 << 20));
	assert_false(mp_shared_contains(large, (1 << 20) + 1));
	assert_false(mp_shared_contains(large - 1, 1));
	assert_false(mp_shared_contains(large, SIZE_MAX));
	mp_shared_free(large);
	assert_false(mp_shared_contains(large, 1));
	mp_shared_free(small);
	mp_shared_free(NULL);
}

static void test_child_shares_and_is_apart(void **state)
{
	_Atomic(char *) *slot = mp_shared_new(sizeof(*slot));
	char *before = mp_shared_new(64);

	(void)state;
	pid_t child = fork();
	if (child == 0) {
		/* Its own pieces are not its parent's; freeing its parent's does nothing. */
		mp_shared_free(before);
		char *mine = mp_shared_new(64);
		if (!mine || !mp_shared_contains(before, 64) || !mp_shared_contains(mine, 64))
			_exit(1);
		before[0] = 'x';
		*slot = mine;
		mp_shared_free(mine);
		_exit(0);
	}
	expect_child_ends_well(child);
	assert_int_equal(before[0], 'x');
	assert_false(mp_shared_contains(*slot, 1));
	char *after = mp_shared_new(64);
	assert_ptr_not_equal(after, before);
	mp_shared_free(after);
	mp_shared_free(before);
	mp_shared_free((void *)slot);
}

static void test_no_memory_no_descriptors(void **state)
{
	static const int errors[] = {ENOMEM, EMFILE};
	int before = fd_count();

	(void)state;
	for (unsigned e = 0; e < 2; e++) {
		for (unsigned k = 1;; k++) {
			fault_arm(k, errors[e]);
			void *memory = mp_shared_new(1 << 20);
			int error = errno;
			bool hit = fault_disarm();
			assert_int_equal(!memory, hit);
			mp_shared_free(memory);
			assert_int_equal(fd_count(), before);
			if (!hit) {
				assert_true(k > 4);
				break;
			}
			assert_true(error == errors[e] || error == ENOMEM);
			assert_non_null(strstr(mp_strerror(-error), "shared memory"));
		}
	}
}

static void test_descriptor_limit(void **state)
{
	struct rlimit old, none = {0, 0};

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	void *memory = mp_shared_new(1 << 20);
	int error = errno;
	setrlimit(RLIMIT_NOFILE, &old);
	assert_null(memory);
	assert_int_equal(error, EMFILE);
	assert_non_null(strstr(mp_strerror(-error), "ulimit -n"));
	memory = mp_shared_new(1 << 20);
	assert_non_null(memory);
	mp_shared_free(memory);
	assert_null(mp_shared_new(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
}

static _Atomic bool stop;

static void *allocate(void *argument)
{
	(void)argument;
	while (!stop) {
		mp_shared_free(mp_shared_new(64));
		mp_shared_free(mp_shared_new(200000));
		free(malloc(100));
	}
	return NULL;
}

static void test_fork_while_others_allocate(void **state)
{
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, allocate, NULL), 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		if (child == 0) {
			alarm(20);
			for (int k = 0; k < 10; k++) {
				char *memory = mp_shared_new(64);
				if (!memory)
					_exit(1);
				mp_shared_free(memory);
			}
			_exit(0);
		}
		expect_child_ends_well(child);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_are_apart),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_contains),
		cmocka_unit_test(test_child_shares_and_is_apart),
		cmocka_unit_test(test_no_memory_no_descriptors),
		cmocka_unit_test(test_descriptor_limit),
		cmocka_unit_test(test_fork_while_others_allocate),
	};

	alarm(100);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
