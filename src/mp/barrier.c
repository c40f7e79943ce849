/*
 * Who waits holds a place, a robust lock; who has joined keeps it between the rounds too. So the
 * kernel marks the places of the dead, and those who wait look for marks in every slice.
 *
 * A round ends by a new generation, which is all that a waiter polls. How it ended is told only
 * when it was broken: then whoever breaks it writes the reason into the places of those who waited
 * in that round. (A single flag would be overwritten when others are a round ahead of a slow one.)
 * So a thread keeps its place until it has read that; new ones wait for a place, as in Python they
 * wait for the barrier to drain.
 *
 * All is counted with a lock held. If its holder is killed the barrier breaks.
 */
#include "mp/barrier.h"

#include <errno.h>
#include <limits.h>

#include "base/error.h"
#include "mp/shared.h"
#include "mp/slots.h"
#include "mp/wait.h"

enum { PLACE_SLICE_NS = 1000 * 1000 };

/* What a place says, in words that a lock has to spare: whether its thread has joined, whether it
 * waits, in which round, and why that broke. */
static uint32_t *place_joined(struct mp_lock *place)
{
	return &place->count_;
}

/* Its thread takes it back without the barrier's lock, when its round is over. */
static uint32_t place_reason(const struct mp_lock *place)
{
	return __atomic_load_n(&place->reserved_[0], __ATOMIC_RELAXED);
}

static void place_say(struct mp_lock *place, uint32_t reason)
{
	__atomic_store_n(&place->reserved_[0], reason, __ATOMIC_RELAXED);
}

static uint32_t *place_round(struct mp_lock *place)
{
	return &place->reserved_[1];
}

enum { REASON_ABSENT = 0, REASON_NONE = UINT32_MAX };

size_t mp_barrier_size(uint32_t parties)
{
	return sizeof(struct mp_barrier) + parties * sizeof(struct mp_lock);
}

int mp_barrier_init(struct mp_barrier *barrier, uint32_t parties)
{
	if (parties == 0 || parties > MP_BARRIER_MAX)
		return fail(
			-EINVAL, "a barrier has 1 to %u parties, not %u", MP_BARRIER_MAX, parties);
	*barrier = (struct mp_barrier){.parties_ = parties};
	for (uint32_t i = 0; i < parties; i++)
		mp_lock_init(&barrier->places_[i]);
	return 0;
}

struct mp_barrier *mp_barrier_new(uint32_t parties)
{
	/* More than that is refused below. */
	uint32_t n = parties > MP_BARRIER_MAX ? 0 : parties;
	struct mp_barrier *barrier = mp_shared_new(mp_barrier_size(n));
	int r = barrier ? mp_barrier_init(barrier, parties) : 0;

	if (r < 0) {
		mp_shared_free(barrier);
		errno = -r;
		return NULL;
	}
	return barrier;
}

void mp_barrier_free(struct mp_barrier *barrier)
{
	mp_shared_free(barrier);
}

/* Has the lock: ends the round for those who wait. */
static void end_round(struct mp_barrier *barrier)
{
	__atomic_store_n(&barrier->arrived_, 0, __ATOMIC_RELAXED);
	/* Release, with the acquire in has_ended(): what all did before, and the reasons. */
	__atomic_store_n(&barrier->generation_, barrier->generation_ + 1, __ATOMIC_RELEASE);
}

/* Has the lock. The dead are told of once, here. */
static void break_round(struct mp_barrier *barrier, uint32_t reason, bool stays_broken)
{
	for (uint32_t i = 0; i < barrier->parties_; i++) {
		struct mp_lock *place = &barrier->places_[i];
		if (slot_is_dead(place) && mp_lock_try(place) == -EOWNERDEAD) {
			place_say(place, REASON_ABSENT);
			*place_joined(place) = false;
			mp_lock_release(place);
		} else if (place_reason(place) == REASON_NONE &&
			   *place_round(place) == barrier->generation_) {
			place_say(place, reason);
		}
	}
	__atomic_store_n(&barrier->broken_, stays_broken ? reason : 0, __ATOMIC_RELAXED);
	end_round(barrier);
}

/* The barrier's lock. If its last holder died, how far it got is unknown: the barrier is broken. */
static void enter(struct mp_barrier *barrier)
{
	if (mp_lock_acquire(&barrier->lock_) == -EOWNERDEAD && !barrier->broken_)
		break_round(barrier, EOWNERDEAD, true);
}

static void leave(struct mp_barrier *barrier, bool is_ended)
{
	mp_lock_release(&barrier->lock_);
	if (is_ended)
		seats_notify(&barrier->seats_, INT_MAX);
}

static bool has_dead(const struct mp_barrier *barrier)
{
	if (slot_is_dead(&barrier->lock_))
		return true;
	for (uint32_t i = 0; i < barrier->parties_; i++)
		if (slot_is_dead(&barrier->places_[i]))
			return true;
	return false;
}

struct wait {
	struct mp_barrier *barrier;
	uint32_t generation;
};

static bool has_ended(const void *argument)
{
	const struct wait *wait = argument;

	return __atomic_load_n(&wait->barrier->generation_, __ATOMIC_ACQUIRE) != wait->generation;
}

static bool has_place(const void *argument)
{
	const struct mp_barrier *barrier = argument;

	for (uint32_t i = 0; i < barrier->parties_; i++)
		if (!mp_lock_is_held(&barrier->places_[i]))
			return true;
	return false;
}

/* The thread's own place when it has joined, or else a free one. Who leaves a place tells nobody:
 * nobody waits for one unless more threads come than there are parties. */
static int place_take(struct mp_barrier *barrier, int64_t deadline_ns, struct mp_lock **ret_place)
{
	if (__atomic_load_n(&barrier->has_members_, __ATOMIC_RELAXED)) {
		*ret_place = slots_find_mine(barrier->places_, barrier->parties_);
		if (*ret_place)
			return 0;
	}
	for (;;) {
		int r = slots_take(barrier->places_, barrier->parties_, ret_place);
		if (r == -EOWNERDEAD)
			*place_joined(*ret_place) = false;
		if (r != -EAGAIN)
			return r;
		int64_t now = clock_ns();
		if (now >= deadline_ns)
			return -ETIMEDOUT;
		int64_t slice = now + PLACE_SLICE_NS;
		seats_wait(&barrier->seats_, has_place, barrier,
			slice < deadline_ns ? slice : deadline_ns);
	}
}

static void place_leave(struct mp_lock *place)
{
	place_say(place, REASON_ABSENT);
	if (!*place_joined(place))
		mp_lock_release(place);
}

/* Waits for the end of the round that the place stands in, and breaks it when its time is up or
 * somebody died. 0 or why it broke. */
static int wait_round(
	struct mp_barrier *barrier, struct mp_lock *place, int64_t timeout_ns, int64_t deadline_ns)
{
	struct wait wait = {barrier, *place_round(place)};

	while (seats_wait_slice(&barrier->seats_, has_ended, &wait, deadline_ns) < 0) {
		bool is_late = clock_ns() >= deadline_ns;
		if (!is_late && !has_dead(barrier))
			continue;
		enter(barrier);
		if (has_ended(&wait)) {
			leave(barrier, true);
			break;
		}
		bool is_dead = has_dead(barrier);
		if (is_dead || is_late)
			break_round(barrier, is_dead ? EOWNERDEAD : EPIPE, true);
		leave(barrier, is_dead || is_late);
		if (is_late && !is_dead)
			return wait_error(timeout_ns);
	}
	uint32_t reason = place_reason(place);
	return reason == REASON_NONE ? 0 : -(int)reason;
}

/* Has the lock and is the last one. */
static int finish_round(struct mp_barrier *barrier, int (*action)(void *), void *argument)
{
	int r = action ? action(argument) : 0;

	if (r < 0)
		break_round(barrier, EPIPE, true);
	else
		end_round(barrier);
	return r < 0 ? r : 0;
}

int mp_barrier_wait_then(struct mp_barrier *barrier, int (*action)(void *argument), void *argument,
	int64_t timeout_ns)
{
	int64_t deadline_ns = mp_deadline(timeout_ns);
	struct mp_lock *place;
	int index, r = place_take(barrier, deadline_ns, &place);

	if (r == -ETIMEDOUT)
		return wait_error(timeout_ns);
	enter(barrier);
	/* The place of one who died, which this one has taken before anybody saw it. */
	if (r == -EOWNERDEAD && !barrier->broken_) {
		break_round(barrier, EOWNERDEAD, true);
		leave(barrier, true);
		place_leave(place);
		return -EOWNERDEAD;
	}
	if (barrier->broken_) {
		leave(barrier, true);
		place_leave(place);
		return -EPIPE;
	}
	place_say(place, REASON_NONE);
	*place_round(place) = barrier->generation_;
	index = (int)barrier->arrived_;
	__atomic_store_n(&barrier->arrived_, barrier->arrived_ + 1, __ATOMIC_RELAXED);
	if (barrier->arrived_ == barrier->parties_) {
		r = finish_round(barrier, action, argument);
		leave(barrier, true);
	} else {
		leave(barrier, false);
		r = wait_round(barrier, place, timeout_ns, deadline_ns);
	}
	place_leave(place);
	return r < 0 ? r : index;
}

static void break_now(struct mp_barrier *barrier, uint32_t reason, bool stays_broken)
{
	enter(barrier);
	break_round(barrier, reason, stays_broken);
	leave(barrier, true);
}

int mp_barrier_join(struct mp_barrier *barrier)
{
	struct mp_lock *place = slots_find_mine(barrier->places_, barrier->parties_);

	if (place)
		return -EALREADY;
	__atomic_store_n(&barrier->has_members_, 1, __ATOMIC_RELAXED);
	int r = slots_take(barrier->places_, barrier->parties_, &place);
	if (r == -EAGAIN)
		return -EBUSY;
	place_say(place, REASON_ABSENT);
	*place_joined(place) = true;
	/* The one who had it is missed by the others. */
	if (r == -EOWNERDEAD)
		break_now(barrier, EOWNERDEAD, true);
	return 0;
}

int mp_barrier_leave(struct mp_barrier *barrier)
{
	struct mp_lock *place = slots_find_mine(barrier->places_, barrier->parties_);

	if (!place)
		return -EPERM;
	*place_joined(place) = false;
	return mp_lock_release(place);
}

void mp_barrier_reset(struct mp_barrier *barrier)
{
	break_now(barrier, EPIPE, false);
}

void mp_barrier_abort(struct mp_barrier *barrier)
{
	break_now(barrier, EPIPE, true);
}
