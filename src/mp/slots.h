#pragma once
/*
 * An array of locks of which each is as good as the other: permits of a bounded semaphore, places
 * at a barrier. Nobody sleeps at one of them. Private to libmp.
 *
 * A thread looks for a free one, and for its own, from a place on that its id tells: where nobody
 * is in the way it finds both at the first look.
 */
#include <errno.h>

#include "mp/lock.h"

static inline uint32_t slots_start(uint32_t count)
{
	uint32_t mixed = mp_thread_self_()->tid * UINT32_C(0x9e3779b1);

	return (uint32_t)(((uint64_t)mixed * count) >> 32);
}

static inline uint32_t slot_word(const struct mp_lock *slot)
{
	return __atomic_load_n(&slot->word_, __ATOMIC_RELAXED);
}

/* Whether its holder died and nobody has taken it since. */
static inline bool slot_is_dead(const struct mp_lock *slot)
{
	return (slot_word(slot) & (MP_LOCK_OWNER_DIED_ | MP_LOCK_TID_)) == MP_LOCK_OWNER_DIED_;
}

/* Takes a free one: 0, or -EOWNERDEAD; -EAGAIN: none. */
static inline int slots_take(struct mp_lock *slots, uint32_t count, struct mp_lock **ret_slot)
{
	uint32_t i = slots_start(count);

	for (uint32_t n = 0; n < count; n++, i = i + 1 < count ? i + 1 : 0) {
		if (mp_lock_is_held(&slots[i]))
			continue;
		int r = mp_lock_try(&slots[i]);
		if (r == 0 || r == -EOWNERDEAD) {
			*ret_slot = &slots[i];
			return r;
		}
	}
	return -EAGAIN;
}

/* One that this thread holds, or NULL. */
static inline struct mp_lock *slots_find_mine(struct mp_lock *slots, uint32_t count)
{
	uint32_t i = slots_start(count);

	for (uint32_t n = 0; n < count; n++, i = i + 1 < count ? i + 1 : 0)
		if (mp_lock_is_mine_(&slots[i]))
			return &slots[i];
	return NULL;
}
