/* Errors, fault injection and cleanup. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../cmocka_prelude.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"

static int deep(void)
{
	return fail(-ENOENT, "cannot open %s", "x");
}

static int middle(void)
{
	return trace(deep());
}

static void test_the_cause_travels_up(void **state)
{
	(void)state;
	int r = trace(middle());
	assert_int_equal(r, -ENOENT);
	assert_string_equal(error_message(r), "cannot open x");
	/* Another value has no message. */
	assert_string_equal(error_message(-EINVAL), strerror(EINVAL));
	error_clear();
	assert_string_equal(error_message(r), strerror(ENOENT));
}

static void test_a_message_may_quote_the_one_before(void **state)
{
	(void)state;
	int r = deep();
	r = fail(r, "set-up: %s", error_message(r));
	assert_string_equal(error_message(r), "set-up: cannot open x");
}

/* A system call that fails is a new error, also when its errno is that of an older one. */
static void test_a_system_call_starts_a_new_error(void **state)
{
	(void)state;
	deep();
	int r = sys(open("/nowhere/at/all", O_RDONLY));
	assert_int_equal(r, -ENOENT);
	assert_string_equal(error_message(r), strerror(ENOENT));
}

static void test_success_is_not_an_error(void **state)
{
	(void)state;
	assert_int_equal(trace(0), 0);
	assert_int_equal(trace(7), 7);
}

static void test_frames_are_printed(void **state)
{
	char *text = NULL;
	size_t size;
	(void)state;

	int r = trace(middle());
	FILE *out = open_memstream(&text, &size);
	setenv("IPCMARK_TRACE", "1", 1);
	error_print(out, "program", r);
	unsetenv("IPCMARK_TRACE");
	fclose(out);
	assert_non_null(strstr(text, "program: cannot open x\n"));
	char *inner = strstr(text, "at deep (");
	assert_non_null(inner);
	assert_non_null(strstr(inner, "at middle ("));
	free(text);
}

static void test_the_kth_call_fails(void **state)
{
	(void)state;
	fault_arm(3, EMFILE);
	assert_true(sys(getpid()) > 0);
	assert_true(sys(getpid()) > 0);
	assert_int_equal(sys(getpid()), -EMFILE);
	assert_true(sys(getpid()) > 0);
	assert_true(fault_disarm());
	fault_arm(3, EMFILE);
	assert_true(sys(getpid()) > 0);
	assert_false(fault_disarm());
}

static int freed;

static void count(int *value)
{
	freed += *value;
}

static int taken(void)
{
	_cleanup_(count) int value = 1;
	return TAKE(value, 0);
}

static void test_what_was_taken_is_not_released(void **state)
{
	(void)state;
	freed = 0;
	{
		_cleanup_(count) int value = 1;
		(void)value;
	}
	assert_int_equal(freed, 1);
	assert_int_equal(taken(), 1);
	assert_int_equal(freed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_cause_travels_up),
		cmocka_unit_test(test_a_message_may_quote_the_one_before),
		cmocka_unit_test(test_a_system_call_starts_a_new_error),
		cmocka_unit_test(test_success_is_not_an_error),
		cmocka_unit_test(test_frames_are_printed),
		cmocka_unit_test(test_the_kth_call_fails),
		cmocka_unit_test(test_what_was_taken_is_not_released),
	};
	return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
