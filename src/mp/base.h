#pragma once
/*
 * What all of libmp shares: timeouts, errors, visibility.
 *
 * Errors. A function returns 0 or more for success or a documented result, and a negative errno
 * value for a failure; mp_strerror() has the sentence. What Python says by an exception:
 *
 *	queue.Full, queue.Empty, BlockingIOError	-EAGAIN, when the timeout was 0
 *	TimeoutError (and Full, Empty)			-ETIMEDOUT
 *	EOFError, BrokenPipeError			-EPIPE: nobody is left at the other end
 *	ValueError					-EINVAL; after close(): -ESHUTDOWN
 *
 * What Python has no word for: -EOWNERDEAD, when one who held something died. It is said once, to
 * the first who comes after, who then holds it and may look whether the data is whole.
 *
 * Timeouts are nanoseconds from the call on; MP_FOREVER waits without an end, 0 does not wait.
 * Signals do not shorten a wait: it goes on for what is left.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MP_FOREVER INT64_C(-1)
#define MP_US(us) ((int64_t)((us)*INT64_C(1000)))
#define MP_MS(ms) ((int64_t)((ms)*INT64_C(1000000)))
#define MP_S(s) ((int64_t)((s)*INT64_C(1000000000)))

#ifdef __cplusplus
#define MP_API extern "C" __attribute__((visibility("default")))
#else
#define MP_API __attribute__((visibility("default")))
#endif

/* What a negative return value means: the message of this thread's last failure if it belongs to
 * r, else what errno says of it. Valid until the thread's next failure. */
MP_API const char *mp_strerror(int r);
