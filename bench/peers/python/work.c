/*
 * The work of tasks, as a module that Python loads with ctypes: the same code as in the C
 * harness, so that pools differ in their dispatch only. ctypes lets go of the interpreter's lock
 * during a call, so that pools of threads scale. A call costs some 0.3 us; a task of less measures
 * that. Nothing here can fail.
 */
#include "pool/fib.h"

uint64_t work_fib(uint64_t n);

uint64_t work_fib(uint64_t n)
{
	return pool_fib(n);
}
