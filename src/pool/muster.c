#include "pool/muster.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "os/futex.h"
#include "pool/bind.h"

/* Far longer than threads take to start, on a machine that is busy too. */
enum { MUSTER_MS = 5000 };

struct muster {
	const struct pool_options *options;
	pid_t caller;
	atomic_uint next; /* the index of the next worker that comes */
	_Atomic uint32_t arrived;
	atomic_int r; /* the first error */
	int64_t deadline_ns;
};

static uint64_t muster_task(uint64_t argument)
{
	struct muster *muster = (struct muster *)(uintptr_t)argument;
	unsigned workers = muster->options->workers;
	uint32_t seen;
	int r = 0, none = 0;

	if (gettid() != muster->caller) {
		unsigned index = atomic_fetch_add(&muster->next, 1);
		if (index < workers)
			r = pool_bind(muster->options->cpus[index]);
	}
	if (atomic_fetch_add(&muster->arrived, 1) + 1 >= workers)
		futex_wake(&muster->arrived, POOL_WORKERS_MAX);
	while (r >= 0 && (seen = atomic_load(&muster->arrived)) < workers)
		if (futex_wait(&muster->arrived, seen, muster->deadline_ns) == -ETIMEDOUT)
			r = -ETIMEDOUT;
	if (r < 0)
		atomic_compare_exchange_strong(&muster->r, &none, r);
	return 0;
}

int pool_muster(pool_hand_over *hand_over, void *state, const struct pool_options *options,
	int caller_works)
{
	uint64_t arguments[POOL_WORKERS_MAX], results[POOL_WORKERS_MAX];
	struct muster muster = {
		.options = options,
		.caller = gettid(),
		.next = caller_works ? 1 : 0,
		.deadline_ns = deadline_after_ms(MUSTER_MS),
	};

	for (unsigned i = 0; i < options->workers; i++)
		arguments[i] = (uintptr_t)&muster;
	int r = hand_over(state, muster_task, arguments, options->workers, results);
	if (r >= 0)
		r = atomic_load(&muster.r);
	if (r == -ETIMEDOUT)
		return fail(r, "%u of %u workers have started after %d s",
			atomic_load(&muster.arrived), options->workers, MUSTER_MS / 1000);
	/* The message is the worker's, which has its own. */
	return r < 0 ? fail(r, "cannot prepare the workers: %s", error_message(r)) : 0;
}
