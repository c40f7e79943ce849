/* The mechanisms with names in the file system: nothing is left in TMPDIR once open() has returned,
 * or failed at any of its system calls, and a directory that cannot serve is named. */
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"

static const char *const names[] = {"fifo", "unix_stream", "unix_dgram", "unix_seqpacket"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static char directory[] = "/tmp/ipcmark-test-XXXXXX";

static int entries(void)
{
	DIR *dir = opendir(directory);
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void test_nothing_is_left(void **state)
{
	struct transport_options options = {.message_max_bytes = 1, .sides = 2};
	(void)state;

	setenv("TMPDIR", directory, 1);
	for (unsigned i = 0; i < NAMES; i++) {
		int r = -1;
		for (unsigned k = 1; r < 0; k++) {
			struct channel channel = {0};
			fault_arm(k, EIO);
			r = channel_open(&channel, transport_find(names[i]), &options);
			assert_int_equal(r < 0, fault_disarm());
			assert_int_equal(0, entries());
			channel_close(&channel);
			assert_true(k < 100);
		}
	}
}

static void test_bad_directory_is_named(void **state)
{
	struct transport_options options = {.message_max_bytes = 1, .sides = 2};
	struct channel channel;
	(void)state;

	setenv("TMPDIR", "/nowhere/at/all", 1);
	for (unsigned i = 0; i < NAMES; i++) {
		int r = channel_open(&channel, transport_find(names[i]), &options);
		assert_int_equal(-ENOENT, r);
		assert_non_null(strstr(error_message(r), "/nowhere/at/all"));
		assert_non_null(strstr(error_message(r), "TMPDIR"));
	}
}

static void test_long_path_is_named(void **state)
{
	struct transport_options options = {.message_max_bytes = 1, .sides = 2};
	struct channel channel;
	char path[256];
	(void)state;

	/* Longer than a socket's address, by slashes that mean nothing. */
	memset(path, '/', sizeof(path));
	memcpy(path, directory, strlen(directory));
	path[sizeof(path) - 1] = '\0';
	setenv("TMPDIR", path, 1);
	int r = channel_open(&channel, transport_find("unix_stream"), &options);
	assert_int_equal(-ENAMETOOLONG, r);
	assert_non_null(strstr(error_message(r), "TMPDIR"));
	assert_int_equal(0, entries());
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_bad_directory_is_named),
		cmocka_unit_test(test_long_path_is_named),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
