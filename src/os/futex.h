#pragma once
/*
 * The futex system call, for words that processes share (never FUTEX_PRIVATE_FLAG: one code path
 * for processes and threads; the private one would be 90 ns cheaper without a waiter).
 */
#include <stdatomic.h>
#include <stdint.h>

/* Sleeps while *word == expected, until woken or the deadline (absolute, CLOCK_MONOTONIC).
 * 0 woken or the word has changed already (also spuriously), -ETIMEDOUT, -EINTR. No trace: it is
 * on the timed path, and its errors are its callers' daily life. */
int futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns);

/* As futex_wait(), but 1 when the word had changed already: 0 means that a futex_wake() has counted
 * this sleeper. */
int futex_park(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns);

/* Wakes up to count sleepers; how many there were. */
int futex_wake(_Atomic uint32_t *word, int count);
