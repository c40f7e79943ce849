#include "os/futex.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

int futex_park(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
	/* FUTEX_WAIT_BITSET takes an absolute time; FUTEX_WAIT a relative one, which drifts over
	 * EINTR. */
	struct timespec t;
	struct timespec *limit = NULL;

	if (deadline_ns != DEADLINE_NEVER) {
		t = timespec_of(deadline_ns);
		limit = &t;
	}
	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, limit, NULL,
		    FUTEX_BITSET_MATCH_ANY) == 0)
		return 0;
	return errno == EAGAIN ? 1 : -errno;
}

int futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
	int r = futex_park(word, expected, deadline_ns);

	return r > 0 ? 0 : r;
}

int futex_wake(_Atomic uint32_t *word, int count)
{
	long woken = syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);

	/* EFAULT or EINVAL: the word is not mapped or not aligned, our own mistake. */
	assert(woken >= 0);
	return (int)woken;
}
