/*
 * Named shared memory: two views are one memory, and a full tmpfs is an error of opening.
 */
#include "../../cmocka_prelude.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "mp/named.h"
#include "os/fd.h"

static char name[64];

static int open_named(size_t bytes, unsigned flags, struct mp_named *named)
{
	return mp_named_open(name, bytes, flags, named);
}

static void test_two_views(void **state)
{
	struct mp_named first = {0}, second = {0}, none = {0};

	(void)state;
	assert_int_equal(open_named(0, 0, &none), -ENOENT);
	assert_int_equal(open_named(5000, MP_NAMED_CREATE, &first), 0);
	assert_int_equal(open_named(5000, MP_NAMED_CREATE | MP_NAMED_EXCLUSIVE, &none), -EEXIST);
	assert_int_equal(open_named(5001, 0, &none), -EINVAL);
	assert_int_equal(open_named(0, MP_NAMED_READ_ONLY, &second), 0);
	assert_int_equal(second.size_bytes, 5000);
	((char *)first.memory)[4999] = 'x';
	assert_int_equal(((char *)second.memory)[4999], 'x');
	assert_int_equal(((char *)second.memory)[0], 0);
	assert_int_equal(mp_named_unlink(name), 0);
	assert_int_equal(mp_named_unlink(name), -ENOENT);
	/* Without a name it is still there. */
	((char *)first.memory)[0] = 'y';
	assert_int_equal(((char *)second.memory)[0], 'y');
	mp_named_close(&first);
	mp_named_close(&second);
	mp_named_close(&none);
	assert_null(none.memory);
	assert_int_equal(open_named(0, MP_NAMED_CREATE, &none), -EINVAL);
	assert_int_equal(open_named(9, MP_NAMED_EXCLUSIVE, &none), -EINVAL);
	assert_int_equal(open_named(9, MP_NAMED_CREATE | MP_NAMED_READ_ONLY, &none), -EINVAL);
}

static void test_half_made(void **state)
{
	struct mp_named named;

	(void)state;
	/* Another process has come as far as making the file. */
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(open_named(0, 0, &named), -EAGAIN);
	fd_close(&fd);
	shm_unlink(name);
}

static void test_faults(void **state)
{
	static const int errors[] = {ENOMEM, EMFILE, ENOSPC};
	int before = fd_count();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned k = 1;; k++) {
			struct mp_named named = {0};
			fault_arm(k, errors[i]);
			int r = open_named(4096, MP_NAMED_CREATE, &named);
			bool hit = fault_disarm();
			assert_int_equal(r < 0, hit);
			assert_int_equal(fd_count(), before);
			/* What was made in vain is gone. */
			assert_int_equal(mp_named_unlink(name), hit ? -ENOENT : 0);
			mp_named_close(&named);
			if (!hit)
				break;
		}
	}
}

/* In a namespace of its own with a /dev/shm of 1 MiB; 77 where that is not allowed. */
static int in_small_tmpfs(void)
{
	struct mp_named large = {0}, small = {0};

	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 77;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=1m") < 0)
		return 77;
	if (open_named(8 << 20, MP_NAMED_CREATE, &large) != -ENOSPC)
		return 1;
	if (!strstr(error_message(-ENOSPC), "df /dev/shm"))
		return 2;
	/* Nothing of it is left, and what fits, fits. */
	if (open_named(0, 0, &large) != -ENOENT ||
		open_named(512 << 10, MP_NAMED_CREATE, &small) != 0)
		return 3;
	memset(small.memory, 1, small.size_bytes);
	return 0;
}

static void test_full_tmpfs(void **state)
{
	int status;

	(void)state;
	pid_t child = fork();
	if (child == 0)
		_exit(in_small_tmpfs());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("mounting is not allowed here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_views),
		cmocka_unit_test(test_half_made),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_full_tmpfs),
	};

	snprintf(name, sizeof(name), "/mp-test-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
