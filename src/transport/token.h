#pragma once
/*
 * A counting token in shared memory, on a futex: one side puts, one side takes, and sleeps while
 * there is none. A put makes a system call only when the taker sleeps. Zeroed memory is a token
 * of count 0.
 */
#include <stdatomic.h>
#include <stdint.h>

struct token {
	_Atomic uint32_t count;
	_Atomic uint32_t sleeping; /* the taker is in futex_wait(), or about to be */
};

/* Takes one; sleeps for at most timeout_ms, 0 only looks. -ETIMEDOUT, -EINTR, both without a
 * trace: they are daily life. What was put is found at the end of a sleep also when the putter was
 * killed before it could wake. */
int token_take(struct token *token, int timeout_ms);

/* What was written before token_put() is seen after the token_take() that got it. */
void token_put(struct token *token);
