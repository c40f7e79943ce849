#pragma once
/*
 * Errors.
 *
 * A function returns 0 or more for success or a documented result, and a negative errno value for
 * what is fatal to the call. Such a value only travels up: each frame returns trace(r), and the
 * place that knows the cause says it with fail(). Only main() prints, with error_print().
 *
 * The message and the frames are kept per thread and cost nothing on success.
 */
#include <stdio.h>

/* Records this frame when r is negative; returns r. */
#define trace(r) error_trace((r), __FILE__, __LINE__, __func__)

/* Starts an error: records "what failed, on what, why, and what to do" and this frame, forgets the
 * error before it, and returns r, which must be negative. */
#define fail(r, ...) error_fail((r), __FILE__, __LINE__, __func__, __VA_ARGS__)

int error_trace(int r, const char *file, int line, const char *function);
int error_fail(int r, const char *file, int line, const char *function, const char *format, ...)
	__attribute__((format(printf, 5, 6), cold));

/* The message of this thread's last fail(r, …) if it belongs to r, or else what errno says of r.
 * Valid until the next error of this thread. */
const char *error_message(int r);

/* Prints "PROGRAM: message", and the frames when IPCMARK_TRACE is set in the environment. */
void error_print(FILE *out, const char *program, int r);

void error_clear(void);

/* Starts a new error without a message: clears, and returns -errno. */
int error_errno(void);
