#pragma once
/*
 * cmocka with what it needs before it, and without its fail(), which base/error.h has in another
 * sense. flunk() ends the test with a message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef fail

#define flunk(...)                         \
	do {                               \
		print_error(__VA_ARGS__);  \
		print_error("\n");         \
		_fail(__FILE__, __LINE__); \
	} while (0)
