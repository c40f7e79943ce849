/*
 * Each process that gets tasks has an account: how many it got, how many it did. Finished is what
 * was done plus what was forgiven: the tasks that a process had when it died. An account is opened,
 * and `got` is written, under the protection of the queue's end (queue_impl.h), the latter
 * journalled there, so that a task which has left the queue is in an account at whatever
 * instruction its getter dies. Forgiving is one compare-and-swap, that anybody may repeat.
 *
 * A dead process's account goes to the next that needs one; what was got, done and forgiven in it
 * stays, because only sums count.
 */
#include "mp/joinable_queue.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "mp/park.h"
#include "mp/queue_impl.h"
#include "mp/shared.h"
#include "os/proc.h"
#include "os/ring_copy.h"

enum {
	ACCOUNTS = 256,
	SLICE_NS = 100 * 1000 * 1000,
	/* A pid has at most 22 bits; a birth, in ticks of 10 ms, has 42 bits for a thousand years.
	 */
	PID_BITS = 22,
};

struct account {
	_Alignas(64) uint64_t owner; /* its name: birth and pid; 0: nobody's yet */
	uint64_t got, done, forgiven;
};

struct mp_joinable_queue {
	struct mp_queue *queue;
	_Alignas(64) uint32_t used; /* the accounts before this one have been opened */
	uint64_t told;              /* so many lost tasks were told of */
	struct waiter_seat joiners;
	struct account accounts[ACCOUNTS];
};

struct mp_joinable_queue *mp_joinable_queue_new(const struct mp_queue_options *options)
{
	struct mp_joinable_queue *self = mp_shared_new(sizeof(*self));

	if (!self)
		return NULL;
	self->queue = mp_queue_new(options);
	if (self->queue)
		return self;
	mp_shared_free(self);
	return NULL;
}

void mp_joinable_queue_free(struct mp_joinable_queue *self)
{
	if (!self)
		return;
	mp_queue_free(self->queue);
	mp_shared_free(self);
}

struct mp_queue *mp_joinable_queue_queue(struct mp_joinable_queue *self)
{
	return self->queue;
}

/* ---- accounts ---- */

static bool owner_is_alive(uint64_t owner)
{
	return proc_is_alive((pid_t)(owner & ((1 << PID_BITS) - 1)), owner >> PID_BITS);
}

/* This process's account, if it has one. */
static struct account *account_find(struct mp_joinable_queue *self, uint64_t me)
{
	for (uint32_t i = 0; i < __atomic_load_n(&self->used, __ATOMIC_ACQUIRE); i++)
		if (look(&self->accounts[i].owner) == me)
			return &self->accounts[i];
	return NULL;
}

/* Its dead owner did what it did. Never less than was forgiven before: somebody else may have seen
 * that more was got. */
static void account_forgive(struct account *account, uint64_t owner)
{
	uint64_t lost = look(&account->got) - look(&account->done);
	uint64_t forgiven = look(&account->forgiven);

	/* What was just read is the next owner's, if there is one by now. */
	if (look(&account->owner) != owner)
		return;
	while (forgiven < lost && !__atomic_compare_exchange_n(&account->forgiven, &forgiven, lost,
					  false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

/* Opens one that is nobody's, or a dead process's. Which one is looked for without the lock of
 * those who get, because that takes long; opened it is with the lock, so that the dead one's sums
 * stand still, and a process with two threads that come at once has one account. */
static int account_open(struct mp_joinable_queue *self, uint64_t me, struct patience *patience,
	struct account **ret_account)
{
	struct mp_biased *end = &self->queue->get.end;

	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		struct account *account = &self->accounts[i], *own;
		uint64_t owner = look(&account->owner);
		if (owner != 0 && owner_is_alive(owner))
			continue;
		int r = queue_acquire(self->queue, end, patience);
		if (r < 0)
			return r;
		own = account_find(self, me);
		if (!own && look(&account->owner) == owner) {
			account_forgive(account, owner);
			if (self->used <= i)
				__atomic_store_n(&self->used, i + 1, __ATOMIC_RELEASE);
			say(&account->owner, me);
			own = account;
		}
		mp_biased_release(end);
		*ret_account = own;
		if (own)
			return 0;
	}
	return fail(-EUSERS, "%d processes get from this queue already", ACCOUNTS);
}

/* This process's. It is opened if `patience` tells how long that may take; else -ESRCH if there is
 * none. */
static int account_of(
	struct mp_joinable_queue *self, struct patience *patience, struct account **ret_account)
{
	static _Thread_local struct {
		struct mp_joinable_queue *queue;
		struct account *account;
		uint64_t me;
		uint32_t tid;
	} last;
	uint32_t tid = mp_thread_self_()->tid;

	/* In a forked child the thread is another one. */
	if (last.queue == self && last.tid == tid && look(&last.account->owner) == last.me) {
		*ret_account = last.account;
		return 0;
	}
	pid_t pid = getpid();
	uint64_t me = proc_birth(pid) << PID_BITS | (uint64_t)pid;
	*ret_account = account_find(self, me);
	if (!*ret_account) {
		int r = patience ? account_open(self, me, patience, ret_account) : -ESRCH;
		if (r < 0)
			return r;
	}
	last.queue = self;
	last.account = *ret_account;
	last.me = me;
	last.tid = tid;
	return 0;
}

static uint64_t sum_forgiven(const struct mp_joinable_queue *self)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < __atomic_load_n(&self->used, __ATOMIC_ACQUIRE); i++)
		sum += look(&self->accounts[i].forgiven);
	return sum;
}

static uint64_t sum_done(const struct mp_joinable_queue *self)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < __atomic_load_n(&self->used, __ATOMIC_ACQUIRE); i++)
		sum += look(&self->accounts[i].done);
	return sum;
}

/* The dead have done what they did. */
static void forgive(struct mp_joinable_queue *self)
{
	queue_clear_away(self->queue);
	for (uint32_t i = 0; i < __atomic_load_n(&self->used, __ATOMIC_ACQUIRE); i++) {
		struct account *account = &self->accounts[i];
		uint64_t owner = look(&account->owner);
		if (look(&account->got) > look(&account->done) + look(&account->forgiven) &&
			!owner_is_alive(owner))
			account_forgive(account, owner);
	}
}

/* ---- tasks ---- */

ssize_t mp_joinable_queue_get_for(
	struct mp_joinable_queue *self, void *task, size_t size_max, int64_t timeout_ns)
{
	struct patience patience = {.timeout_ns = timeout_ns};
	struct mp_queue *queue = self->queue;
	struct account *account;
	uint64_t *header, at;
	const char *from;

	int r = account_of(self, &patience, &account);
	if (r >= 0)
		r = queue_begin_get(queue, &patience, &header, &at);
	if (r < 0)
		return r;
	size_t n = message_of(queue, header, at, &from);
	if (n > size_max) {
		mp_queue_leave(queue);
		return fail(-EMSGSIZE, "a task of %zu bytes, but room for %zu", n, size_max);
	}
	ring_copy_out(task, from, n);
	queue->get.next_got = look(&account->got) + 1;
	queue->get.got_at = record_end(*header, at);
	say_pointer(&queue->get.got, &account->got);
	queue_consume(queue, record_end(*header, at), 1,
		*header & RECORD_LARGE ? (const void *)message_at(queue, at) : NULL);
	say(&account->got, queue->get.next_got);
	say_pointer(&queue->get.got, NULL);
	queue_end_get(queue);
	return (ssize_t)n;
}

static bool is_finished(const void *argument)
{
	const struct mp_joinable_queue *self = argument;
	/* In this order: what is seen as done had been put, and got. A put is counted behind the
	 * message, and what is done of it must not make up for another's task. */
	uint64_t finished = sum_done(self) + sum_forgiven(self);

	return finished >= look(&self->queue->put.count) &&
	       finished >= look(&self->queue->get.count);
}

int mp_joinable_queue_task_done(struct mp_joinable_queue *self)
{
	struct account *account;
	uint64_t done;

	if (account_of(self, NULL, &account) < 0)
		return fail(-EINVAL, "task_done() by a process that got no task");
	done = look(&account->done);
	do {
		if (done + look(&account->forgiven) >= look(&account->got))
			return fail(-EINVAL, "task_done() called more often than tasks were got");
	} while (!__atomic_compare_exchange_n(
		&account->done, &done, done + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	mp_thread_fence_(mp_thread_self_());
	if (waiter_sleepers(&self->joiners) != 0 && is_finished(self))
		waiter_notify(mp_waiter(), &self->joiners, INT32_MAX);
	return 0;
}

/* 0, or -EOWNERDEAD to the first who sees that more were lost. */
static int tell(struct mp_joinable_queue *self)
{
	uint64_t lost = sum_forgiven(self), told = look(&self->told);

	while (told < lost)
		if (__atomic_compare_exchange_n(
			    &self->told, &told, lost, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return -EOWNERDEAD;
	return 0;
}

int mp_joinable_queue_join(struct mp_joinable_queue *self, int64_t timeout_ns)
{
	int64_t deadline_ns = mp_deadline(timeout_ns);

	for (;;) {
		/* A task whose putter died before it was counted. */
		queue_clear_away(self->queue);
		if (is_finished(self))
			return tell(self);
		if (timeout_ns == 0)
			return -EAGAIN;
		int64_t now = clock_ns();
		int64_t end = deadline_ns - now > SLICE_NS ? now + SLICE_NS : deadline_ns;
		if (waiter_wait(mp_waiter(), &self->joiners, NULL, is_finished, self, end) == 0)
			return tell(self);
		forgive(self);
		if (clock_ns() >= deadline_ns)
			return is_finished(self) ? tell(self) : -ETIMEDOUT;
	}
}

uint64_t mp_joinable_queue_lost(const struct mp_joinable_queue *self)
{
	return sum_forgiven(self);
}

uint64_t mp_joinable_queue_unfinished(const struct mp_joinable_queue *self)
{
	uint64_t finished = sum_done(self) + sum_forgiven(self);
	uint64_t put = look(&self->queue->put.count);

	return put > finished ? put - finished : 0;
}
