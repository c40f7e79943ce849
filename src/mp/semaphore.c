/*
 * The plain semaphore. A release is an addition, then a look at who sleeps; one who is killed
 * between the two has its sleepers find out by themselves, within a slice (os/waiter).
 */
#include "mp/semaphore.h"

#include <errno.h>

#include "base/error.h"
#include "mp/shared.h"
#include "mp/wait.h"

int mp_semaphore_init(struct mp_semaphore *semaphore, uint32_t value)
{
	if (value > MP_SEMAPHORE_MAX)
		return fail(
			-EINVAL, "a semaphore counts up to %u, not %u", MP_SEMAPHORE_MAX, value);
	*semaphore = (struct mp_semaphore){.value_ = value};
	return 0;
}

struct mp_semaphore *mp_semaphore_new(uint32_t value)
{
	struct mp_semaphore *semaphore = mp_shared_new(sizeof(*semaphore));
	int r = semaphore ? mp_semaphore_init(semaphore, value) : 0;

	if (r < 0) {
		mp_shared_free(semaphore);
		errno = -r;
		return NULL;
	}
	return semaphore;
}

void mp_semaphore_free(struct mp_semaphore *semaphore)
{
	mp_shared_free(semaphore);
}

static bool is_positive(const void *argument)
{
	const struct mp_semaphore *semaphore = argument;

	return __atomic_load_n(&semaphore->value_, __ATOMIC_RELAXED) > 0;
}

static bool take(struct mp_semaphore *semaphore)
{
	uint32_t value = __atomic_load_n(&semaphore->value_, __ATOMIC_RELAXED);

	/* Acquire, with the release in mp_semaphore_release_many(). */
	while (value > 0)
		if (__atomic_compare_exchange_n(&semaphore->value_, &value, value - 1, true,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

int mp_semaphore_acquire_for(struct mp_semaphore *semaphore, int64_t timeout_ns)
{
	if (take(semaphore))
		return 0;
	if (timeout_ns == 0)
		return -EAGAIN;
	int64_t deadline_ns = mp_deadline(timeout_ns);
	/* Others who are awake may be faster: then it is as if this one had come later. */
	while (seats_wait(&semaphore->seats_, is_positive, semaphore, deadline_ns) == 0)
		if (take(semaphore))
			return 0;
	return -ETIMEDOUT;
}

int mp_semaphore_release_many(struct mp_semaphore *semaphore, uint32_t n)
{
	uint32_t value = __atomic_load_n(&semaphore->value_, __ATOMIC_RELAXED);

	do {
		if (n > MP_SEMAPHORE_MAX - value)
			return fail(-EOVERFLOW, "a semaphore counts up to %u", MP_SEMAPHORE_MAX);
	} while (!__atomic_compare_exchange_n(
		&semaphore->value_, &value, value + n, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	if (n > 0)
		seats_notify(&semaphore->seats_, (int)n);
	return 0;
}

uint32_t mp_semaphore_value(const struct mp_semaphore *semaphore)
{
	return __atomic_load_n(&semaphore->value_, __ATOMIC_RELAXED);
}
