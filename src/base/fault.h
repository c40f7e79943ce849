#pragma once
/*
 * Countdown fault injection: the k-th system call made through sys() fails. A test arms it with
 * k = 1, 2, 3 … until the call under test succeeds, which walks every error path of that call.
 * Per thread; costs one thread-local load; never used in a timed path.
 */
#include <errno.h>
#include <stdbool.h>

#include "base/error.h"

/* After this, the k-th sys() of this thread fails with `error` (positive errno). k = 0 disarms. */
void fault_arm(unsigned k, int error);

/* Whether the armed fault has happened; disarms. */
bool fault_disarm(void);

/* Counts one call down; true (and errno set) when this is the one that must fail. */
bool fault_hit(void);

/* A system call off the timed path: its value, or the negative errno, which is a new error: the
 * message of an older one is forgotten. */
#define sys(call)                                    \
	({                                           \
		int sys_r_ = -1;                     \
		if (!fault_hit())                    \
			sys_r_ = (int)(call);        \
		sys_r_ < 0 ? error_errno() : sys_r_; \
	})
