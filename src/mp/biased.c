#include "mp/biased.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "mp/park.h"
#include "os/waiter.h"

enum {
	ROW_MIN = 32,
	/* A bias that was taken away cost some 10 µs; so many operations take 100. */
	ROW_MAX = 4096,
	PAUSES = 200,
	SLEEP_NS_MIN = 20 * 1000,
	SLEEP_NS_MAX = 1000 * 1000,
};

/* Waits until the thread that had the bias is outside, or dead. */
static int wait_until_idle(struct mp_biased *biased, int64_t deadline_ns)
{
	struct mp_biased_slot *slot = mp_biased_watched(biased);
	int64_t sleep_ns = SLEEP_NS_MIN;
	uint32_t busy;

	for (unsigned i = 0;; i++) {
		busy = __atomic_load_n(&slot->busy, __ATOMIC_ACQUIRE);
		if (!(busy & MP_LOCK_TID_))
			break;
		if (i < PAUSES) {
			waiter_pause();
			continue;
		}
		/* It was interrupted inside, and does not know that it is waited for. */
		int64_t now = clock_ns();
		if (now >= deadline_ns)
			return -ETIMEDOUT;
		clock_sleep_until(now + sleep_ns < deadline_ns ? now + sleep_ns : deadline_ns);
		if (sleep_ns < SLEEP_NS_MAX)
			sleep_ns *= 2;
	}
	if (busy & MP_LOCK_OWNER_DIED_) {
		biased->is_dirty = 1;
		__atomic_store_n(&slot->busy, 0, __ATOMIC_RELAXED);
	}
	return 0;
}

/* Makes every thread of those that may have a bias pass a full fence. */
static void fence_others(void)
{
	/* Where it is missing, what the other has stored shows within a moment. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) != 0)
		clock_sleep_until(clock_ns() + SLEEP_NS_MAX);
}

static int take_bias_away(struct mp_biased *biased, int64_t deadline_ns)
{
	const struct mp_thread_ *self = mp_thread_self_();
	uint64_t bias = __atomic_load_n(&biased->bias, __ATOMIC_RELAXED);

	if (bias != 0) {
		__atomic_store_n(&biased->bias, 0, __ATOMIC_SEQ_CST);
		if ((uint32_t)bias != self->tid) {
			uint32_t needed = biased->row_needed ? biased->row_needed : ROW_MIN;
			biased->row_needed = needed < ROW_MAX ? 2 * needed : ROW_MAX;
			fence_others();
		}
	}
	return wait_until_idle(biased, deadline_ns);
}

int mp_biased_acquire(struct mp_biased *biased, int64_t timeout_ns)
{
	int64_t deadline_ns = 0;
	int r = 0;

	if (!mp_lock_take_(&biased->lock)) {
		deadline_ns = mp_deadline(timeout_ns);
		r = mp_lock_acquire_slow_(&biased->lock, timeout_ns);
	}
	if (r == -EOWNERDEAD) {
		biased->is_dirty = 1;
		/* It may have taken a bias away and died before the fence. */
		fence_others();
	} else if (r < 0) {
		return r;
	}
	if (__atomic_load_n(&biased->bias, __ATOMIC_RELAXED) != 0 ||
		__atomic_load_n(&mp_biased_watched(biased)->busy, __ATOMIC_RELAXED) != 0) {
		r = take_bias_away(biased, deadline_ns ? deadline_ns : mp_deadline(timeout_ns));
		if (r < 0) {
			mp_lock_release(&biased->lock);
			return timeout_ns == 0 ? -EAGAIN : r;
		}
	}
	if (__builtin_expect(biased->is_dirty != 0, false)) {
		biased->is_dirty = 0;
		return -EOWNERDEAD;
	}
	return 0;
}

/* Leaves the bias to this thread, which holds the lock; not if no slot is left. */
static void leave_bias(struct mp_biased *biased, uint32_t tid)
{
	uint32_t slot = 0;

	while (slot < MP_BIASED_SLOTS && biased->slots[slot].tid != tid)
		slot++;
	if (slot == MP_BIASED_SLOTS)
		for (slot = 0; slot < MP_BIASED_SLOTS; slot++)
			if (biased->slots[slot].tid == 0 ||
				(kill((pid_t)biased->slots[slot].tid, 0) < 0 && errno == ESRCH))
				break;
	if (slot == MP_BIASED_SLOTS)
		return;
	biased->slots[slot].tid = tid;
	/* A slot that was a dead thread's may say that it died before it said that it was inside:
	 * then it was not. */
	__atomic_store_n(&biased->slots[slot].busy, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&biased->watched, slot, __ATOMIC_RELAXED);
	__atomic_store_n(&biased->bias, (uint64_t)slot << 32 | tid, __ATOMIC_RELEASE);
}

static bool has_sleepers(const struct mp_lock *lock)
{
	return __atomic_load_n(&lock->sleepers_, __ATOMIC_RELAXED) != 0;
}

void mp_biased_release(struct mp_biased *biased)
{
	const struct mp_thread_ *self = mp_thread_self_();
	uint32_t needed = biased->row_needed ? biased->row_needed : ROW_MIN;

	if (biased->last != self->tid) {
		biased->last = self->tid;
		biased->row = 0;
	} else if (++biased->row >= needed && !self->needs_fence && !has_sleepers(&biased->lock)) {
		biased->row = 0;
		leave_bias(biased, self->tid);
	}
	mp_lock_release(&biased->lock);
}
