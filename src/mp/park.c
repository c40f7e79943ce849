#include "mp/park.h"

#include <unistd.h>

static _Thread_local struct {
	struct waiter waiter;
	bool is_ready;
} own;

struct waiter *mp_waiter(void)
{
	/* A fork keeps what was learned, and the kernel keeps the registration for membarrier(). */
	if (!own.is_ready) {
		waiter_init(&own.waiter, WAITER_SPIN_THEN_PARK);
		own.is_ready = true;
	}
	return &own.waiter;
}

bool mp_spinning_pays(void)
{
	static _Atomic int count;
	int n = count;

	/* Those of the machine: this thread may be bound to one, and whom it waits for to another.
	 */
	if (n == 0)
		count = n = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return n > 1;
}
