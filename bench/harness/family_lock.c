/*
 * Locks, signals, barriers and counters: every side is a process or a thread of its own.
 *
 * Verified, each as far as a member promises it: that nobody else is in the section (a counter that
 * is read, left for a moment, and written back loses nothing), that no addition is lost, that a
 * signal arrives after what was written before it, that nobody passes a barrier before the last has
 * arrived. A member that spins may need a scheduler's slice for each turn where it has no CPU of
 * its own, so the rounds are bounded by time, and the sides say how many they did.
 */
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "harness/cell.h"
#include "lock/lock.h"

static_assert((int)LOCK_PROCESS == (int)SUBJECT_PROCESS, "the first bit of every family");
static_assert((int)LOCK_THREAD == (int)SUBJECT_THREAD, "the second bit of every family");
static_assert((int)LOCK_SIDES_MAX <= (int)SIDES_MAX, "all sides of a lock fit");

enum { SIDES_DEFAULT = 2, ROUNDS = 400, SIGNALS = 50, BARRIERS = 20 };

/* Of each part of the verification, on each side. */
#define ROUNDS_NS (30 * NS_PER_MS)

static const char *const capability_names[] = {"processes", "threads", "mutex", "signal", "barrier",
	"counter", "survives its holder", "spins", NULL, "survives waiters", ""};

/* An instance's state. */
struct lock_instance {
	const struct lock *lock; /* NULL: closed */
	_Alignas(64) unsigned char state[LOCK_STATE_MAX];
};
static_assert(sizeof(struct lock_instance) <= INSTANCE_STATE_MAX, "it is an instance's state");

/* What the sides share for their proof, behind what the workload has. */
struct proof {
	_Alignas(64) _Atomic uint32_t arrived; /* of all verifications so far, without side 0 */
	_Alignas(64) _Atomic uint32_t go;      /* the number of this verification */
	int64_t value_before;
	_Alignas(64) volatile int64_t section; /* guarded by the lock */
	_Alignas(64) volatile int64_t token;   /* handed over with a signal */
	_Alignas(64) _Atomic uint32_t passed[LOCK_SIDES_MAX];
};
static_assert(sizeof(struct proof) <= LOAD_FAMILY_BYTES, "it fits behind the workload's");

static struct proof *proof_of(const struct load *load)
{
	return (struct proof *)((char *)load->shared + LOAD_SHARED_BYTES);
}

static struct lock_instance *lock_of(struct instance *instance)
{
	return (struct lock_instance *)instance->state;
}

static bool lock_subject(unsigned i, struct subject *ret)
{
	const struct lock *lock = locks[i];

	if (!lock)
		return false;
	*ret = (struct subject){
		.name = lock->name,
		.summary = lock->summary,
		.capabilities = lock->capabilities,
		.family = &family_lock,
		.member = lock,
	};
	return true;
}

static int probe(const struct subject *subject, struct subject_limits *limits)
{
	const struct lock *lock = subject->member;

	return lock->probe ? lock->probe(limits->reason) : 0;
}

static unsigned sides(const struct cell *cell)
{
	unsigned otherwise = cell->workload->sides ? cell->workload->sides : SIDES_DEFAULT;

	return (unsigned)cell_param(cell, PARAM_CONTENDERS, otherwise);
}

static int lock_open(struct instance *instance)
{
	const struct lock *lock = instance->cell->subject.member;
	struct lock_options options = {.sides = instance->sides, .threads = instance->threads};

	assert(lock->state_bytes <= LOCK_STATE_MAX && instance->sides <= LOCK_SIDES_MAX);
	lock_of(instance)->lock = lock;
	return trace(lock->open(lock_of(instance)->state, &options));
}

static int lock_attach(struct instance *instance)
{
	struct lock_instance *lock = lock_of(instance);

	return trace(lock->lock->attach(lock->state, instance->side));
}

static void lock_close(struct instance *instance)
{
	struct lock_instance *lock = lock_of(instance);

	if (lock->lock)
		lock->lock->close(lock->state);
	lock->lock = NULL;
}

static int lock_bind(struct instance *instance, struct load *load)
{
	load->lock = lock_of(instance)->lock;
	load->state = lock_of(instance)->state;
	return 0;
}

static void lock_facts(const struct instance *instance,
	void (*put)(void *context, const char *name, double value), void *context)
{
	const struct lock_instance *lock = (const struct lock_instance *)instance->state;

	if (lock->lock && lock->lock->facts)
		lock->lock->facts(lock->state, put, context);
}

/* ---- verification ---- */

/* All sides begin together, when side 0 has noted what was before. */
static int meet(struct load *load)
{
	struct proof *proof = proof_of(load);
	unsigned others = load->sides - 1;
	uint32_t round;
	int r = 0;

	if (load->side != 0) {
		round = atomic_fetch_add(&proof->arrived, 1) / others + 1;
		while (atomic_load(&proof->go) < round)
			sched_yield();
		return 0;
	}
	round = atomic_load(&proof->go) + 1;
	while (atomic_load(&proof->arrived) < round * others)
		sched_yield();
	proof->section = 0;
	if (load->lock->capabilities & LOCK_COUNTER)
		r = load->lock->value(load->state, &proof->value_before);
	for (unsigned i = 0; i < load->sides; i++)
		atomic_store(&proof->passed[i], 0);
	atomic_store(&proof->go, round);
	return trace(r);
}

/* One round of exclusion and one addition, until the rounds or the time are over. */
static int take_turns(struct load *load)
{
	const struct lock *lock = load->lock;
	struct proof *proof = proof_of(load);
	int64_t end = clock_ns() + ROUNDS_NS;
	int r = 0;

	for (unsigned i = 0; i < ROUNDS && r >= 0 && (i == 0 || clock_ns() < end); i++) {
		if (lock->capabilities & LOCK_MUTEX) {
			r = lock->acquire(load->state);
			if (r < 0)
				return fail(r, "acquire: %s", error_message(r));
			int64_t seen = proof->section;
			/* Whoever does not wait comes in now. */
			if (i % 16 == 0)
				sched_yield();
			proof->section = seen + 1;
			r = lock->release(load->state);
		}
		if (r >= 0 && lock->capabilities & LOCK_COUNTER)
			r = lock->add(load->state, 1);
		load->done++;
	}
	return trace(r);
}

/* Side 0 writes a number and wakes side 1, which answers with its double. */
static int signal_around(struct load *load)
{
	const struct lock *lock = load->lock;
	struct proof *proof = proof_of(load);
	int r = 0;

	for (int64_t i = 1; i <= SIGNALS && r >= 0; i++) {
		if (load->side == 0) {
			proof->token = i;
			r = lock->post(load->state, 1);
		}
		if (r >= 0)
			r = lock->wait(load->state);
		if (r >= 0 && proof->token != (load->side == 0 ? 2 * i : i))
			return fail(-EPROTO, "a signal came before what was written first");
		if (r >= 0 && load->side == 1) {
			proof->token = 2 * i;
			r = lock->post(load->state, 0);
		}
	}
	return trace(r);
}

/* Nobody is more than one barrier ahead of or behind another. */
static int meet_at_barriers(struct load *load)
{
	struct proof *proof = proof_of(load);

	for (uint32_t round = 1; round <= BARRIERS; round++) {
		atomic_store(&proof->passed[load->side], round);
		int r = load->lock->arrive(load->state);
		if (r < 0)
			return trace(r);
		for (unsigned i = 0; i < load->sides; i++) {
			uint32_t other = atomic_load(&proof->passed[i]);
			if (other < round || other > round + 1)
				return fail(-EPROTO, "side %u passed barrier %u, side %u is at %u",
					load->side, round, i, other);
		}
	}
	return 0;
}

static int verify(struct load *load)
{
	unsigned capabilities = load->lock->capabilities;

	load->done = 0;
	if (capabilities & LOCK_BASELINE)
		return 0;
	int r = load->sides > 1 ? meet(load) : 0;
	if (r >= 0)
		r = take_turns(load);
	if (r >= 0 && capabilities & LOCK_SIGNAL && load->sides > 1 && load->side < 2)
		r = signal_around(load);
	if (r >= 0 && capabilities & LOCK_BARRIER)
		r = meet_at_barriers(load);
	return trace(r);
}

static int verified(struct load *load, const struct load_side *sides_done)
{
	const struct proof *proof = proof_of(load);
	unsigned capabilities = load->lock->capabilities;
	int64_t turns = 0, value;

	if (capabilities & LOCK_BASELINE || load->sides < 2)
		return 0;
	for (unsigned i = 0; i < load->sides; i++)
		turns += (int64_t)sides_done[i].done;
	if (capabilities & LOCK_MUTEX && proof->section != turns)
		return fail(-EPROTO,
			"it does not exclude: of %lld turns in the section %lld were kept",
			(long long)turns, (long long)proof->section);
	if (!(capabilities & LOCK_COUNTER))
		return 0;
	int r = load->lock->value(load->state, &value);
	if (r < 0)
		return trace(r);
	if (value - proof->value_before != turns)
		return fail(-EPROTO, "it loses additions: of %lld %lld were kept", (long long)turns,
			(long long)(value - proof->value_before));
	return 0;
}

const struct family family_lock = {
	.name = "lock",
	.title = "Locks, signals, barriers and counters",
	.program = "ipcmark-sync",
	.capability_names = capability_names,
	.subject = lock_subject,
	.probe = probe,
	.sides = sides,
	.seats = sides,
	.open = lock_open,
	.attach = lock_attach,
	.close = lock_close,
	.bind = lock_bind,
	.verify = verify,
	.verified = verified,
	.facts = lock_facts,
};
