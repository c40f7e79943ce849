#pragma once
/*
 * The work of tasks: Fibonacci's numbers by two calls of itself, a load of integers and branches
 * that no cache or memory bounds, exponential in n: 5 is some nanoseconds, 20 some ten
 * microseconds, 35 some ten milliseconds. Everybody's tasks run this source, in C and, as a module,
 * in Python.
 *
 * A compiler may inline some levels of the calls, and gcc does: -O2 is 2.6 times as fast as plain
 * calls. So figures of one n compare pools within one build, not builds.
 */
#include <stdint.h>

/* Not inlined, so that the same code is behind every pointer to it. */
__attribute__((noinline, unused)) static uint64_t pool_fib(uint64_t n)
{
	return n < 2 ? n : pool_fib(n - 1) + pool_fib(n - 2);
}
