/*
 * The bounded semaphore: see semaphore.h. A release frees the permit, then looks at who sleeps; one
 * who is killed between the two, or while it holds a permit, tells nobody: sleepers find the permit
 * free in their next slice (os/waiter).
 */
#include <errno.h>

#include "base/error.h"
#include "mp/semaphore.h"
#include "mp/shared.h"
#include "mp/slots.h"
#include "mp/wait.h"

size_t mp_bounded_semaphore_size(uint32_t permits)
{
	return sizeof(struct mp_bounded_semaphore) + permits * sizeof(struct mp_lock);
}

int mp_bounded_semaphore_init(struct mp_bounded_semaphore *semaphore, uint32_t permits)
{
	if (permits == 0 || permits > MP_BOUNDED_SEMAPHORE_MAX)
		return fail(-EINVAL, "a bounded semaphore has 1 to %u permits, not %u",
			MP_BOUNDED_SEMAPHORE_MAX, permits);
	*semaphore = (struct mp_bounded_semaphore){.permits_count_ = permits};
	for (uint32_t i = 0; i < permits; i++)
		mp_lock_init(&semaphore->permits_[i]);
	return 0;
}

struct mp_bounded_semaphore *mp_bounded_semaphore_new(uint32_t permits)
{
	/* More than that is refused below. */
	uint32_t n = permits > MP_BOUNDED_SEMAPHORE_MAX ? 0 : permits;
	struct mp_bounded_semaphore *semaphore = mp_shared_new(mp_bounded_semaphore_size(n));
	int r = semaphore ? mp_bounded_semaphore_init(semaphore, permits) : 0;

	if (r < 0) {
		mp_shared_free(semaphore);
		errno = -r;
		return NULL;
	}
	return semaphore;
}

void mp_bounded_semaphore_free(struct mp_bounded_semaphore *semaphore)
{
	mp_shared_free(semaphore);
}

static bool has_free(const void *argument)
{
	const struct mp_bounded_semaphore *semaphore = argument;

	for (uint32_t i = 0; i < semaphore->permits_count_; i++)
		if (!mp_lock_is_held(&semaphore->permits_[i]))
			return true;
	return false;
}

int mp_bounded_semaphore_acquire_for(struct mp_bounded_semaphore *semaphore, int64_t timeout_ns)
{
	struct mp_lock *permit;
	int r = slots_take(semaphore->permits_, semaphore->permits_count_, &permit);

	if (r != -EAGAIN || timeout_ns == 0)
		return r;
	int64_t deadline_ns = mp_deadline(timeout_ns);
	while (seats_wait(&semaphore->seats_, has_free, semaphore, deadline_ns) == 0) {
		r = slots_take(semaphore->permits_, semaphore->permits_count_, &permit);
		if (r != -EAGAIN)
			return r;
	}
	return -ETIMEDOUT;
}

int mp_bounded_semaphore_release(struct mp_bounded_semaphore *semaphore)
{
	struct mp_lock *permit = slots_find_mine(semaphore->permits_, semaphore->permits_count_);

	if (!permit)
		return -EPERM;
	mp_lock_release(permit);
	seats_notify(&semaphore->seats_, 1);
	return 0;
}

uint32_t mp_bounded_semaphore_value(const struct mp_bounded_semaphore *semaphore)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < semaphore->permits_count_; i++)
		n += !mp_lock_is_held(&semaphore->permits_[i]);
	return n;
}
