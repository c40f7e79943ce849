#pragma once
/*
 * The 20 lines that everybody would write: a pipe ping-pong on one CPU, with a fork and a loop. The
 * harness must not cost more.
 */
#include <stdint.h>

/* ns per round trip of `size` bytes, both processes on `cpu`; -1.0 when a system call fails. */
double bare_pipe_pingpong(int cpu, unsigned size, uint64_t iterations);
