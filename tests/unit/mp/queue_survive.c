/*
 * Producers and consumers of one queue are killed or stopped at any instruction: the others get on,
 * and no message is lost, doubled or torn but what a killed consumer was getting.
 *
 * Each producer that lives is an incarnation with numbers of its own. A put that returned is noted
 * after it, a message that was got is ticked off in the incarnation's table; both in shared
 * memory, by atomic operations, so that the test itself survives.
 */
#include "survival.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "mp/queue.h"
#include "mp/shared.h"

enum {
	MEMBERS = 4, /* the even ones put, the odd ones get */
	/* So many of an incarnation's numbers are remembered, and fewer are under way. */
	NUMBERS = 1 << 15,
	UNDER_WAY_MAX = 20000,
	MANY = 8,
	PAYLOAD_MAX = 6000,
};

struct incarnation {
	_Atomic uint64_t put; /* so many puts have returned */
	_Atomic uint64_t got;
	_Atomic uint32_t ticked[NUMBERS]; /* the number that was got last, plus 1 */
};

struct ledger {
	struct mp_queue *queue;
	bool is_small; /* messages of one size, for the calls that take many */
	_Atomic uint32_t born;
	_Atomic uint32_t torn, doubled, invented;
	uint32_t incarnations_max;
	struct incarnation incarnations[];
};

struct message {
	uint32_t incarnation, number;
	uint32_t size, check;
	unsigned char rest[PAYLOAD_MAX];
};

enum { MESSAGE_LEAST = offsetof(struct message, rest) };

static uint32_t check_of(const struct message *message)
{
	uint32_t sum = message->incarnation * 2654435761u + message->number;

	for (uint32_t i = MESSAGE_LEAST; i < message->size; i++)
		sum = sum * 31 + ((const unsigned char *)message)[i];
	return sum;
}

static void compose(struct message *message, uint32_t incarnation, uint32_t number, uint32_t size)
{
	message->incarnation = incarnation;
	message->number = number;
	message->size = size;
	memset(message->rest, (int)(number + incarnation), size - MESSAGE_LEAST);
	message->check = check_of(message);
}

static void tick_off(struct ledger *ledger, const struct message *message, size_t n)
{
	if (n < MESSAGE_LEAST || n != message->size || check_of(message) != message->check) {
		atomic_fetch_add(&ledger->torn, 1);
		return;
	}
	if (message->incarnation >= ledger->born) {
		atomic_fetch_add(&ledger->invented, 1);
		return;
	}
	struct incarnation *from = &ledger->incarnations[message->incarnation];
	uint32_t tick = message->number + 1;
	/* An older one may come late, from a consumer that was stopped: that is no double. */
	if (atomic_exchange(&from->ticked[message->number % NUMBERS], tick) == tick)
		atomic_fetch_add(&ledger->doubled, 1);
	else
		atomic_fetch_add(&from->got, 1);
}

static int work_put(struct crew *crew, unsigned member)
{
	struct ledger *ledger = crew->shared;
	uint32_t me = atomic_fetch_add(&ledger->born, 1);
	struct message messages[MANY];
	void *room;

	if (me >= ledger->incarnations_max)
		return 1;
	struct incarnation *own = &ledger->incarnations[me];
	for (uint32_t i = 0; !crew_is_over(crew);) {
		uint32_t size = ledger->is_small
					? 64
					: MESSAGE_LEAST + (i * 7919u) % (i % 16 == 15 ? 5000 : 300);
		uint32_t k = 1;
		int r;
		if (i - atomic_load(&own->got) > UNDER_WAY_MAX) {
			/* Numbers that are under way must fit the table. */
			crew_step(crew, member);
			sched_yield();
			continue;
		}
		if (ledger->is_small && i % 3 == 0) {
			char packed[MANY][64];
			for (uint32_t j = 0; j < MANY; j++) {
				compose(&messages[0], me, i + j, size);
				memcpy(packed[j], &messages[0], 64);
			}
			ssize_t done =
				mp_queue_put_many(ledger->queue, packed, 64, MANY, MP_MS(50));
			r = done < 0 ? (int)done : 0;
			k = done < 0 ? 0 : (uint32_t)done;
		} else if (i % 3 == 1) {
			r = mp_queue_borrow(ledger->queue, size, MP_MS(50), &room);
			if (r == 0) {
				compose(&messages[0], me, i, size);
				memcpy(room, &messages[0], size);
				mp_queue_commit(ledger->queue);
			}
		} else {
			compose(&messages[0], me, i, size);
			r = mp_queue_put_for(ledger->queue, &messages[0], size, MP_MS(50));
		}
		if (r == 0) {
			i += k;
			atomic_store(&own->put, i);
			crew_step(crew, member);
		} else if (r != -ETIMEDOUT) {
			return 2;
		}
	}
	return 0;
}

static int work_get(struct crew *crew, unsigned member)
{
	struct ledger *ledger = crew->shared;
	char packed[MANY][64];
	struct message message;
	const void *seen;

	for (uint32_t i = 0; !crew_is_over(crew); i++) {
		ssize_t n;
		if (ledger->is_small && i % 3 == 0) {
			n = mp_queue_get_many(ledger->queue, packed, 64, MANY, MP_MS(50));
			for (ssize_t j = 0; j < n; j++) {
				memcpy(&message, packed[j], 64);
				tick_off(ledger, &message, 64);
			}
		} else if (i % 3 == 1) {
			n = mp_queue_peek(ledger->queue, MP_MS(50), &seen);
			if (n >= 0) {
				memcpy(&message, seen, (size_t)n);
				mp_queue_release(ledger->queue);
				tick_off(ledger, &message, (size_t)n);
			}
		} else {
			n = mp_queue_get_for(ledger->queue, &message, sizeof(message), MP_MS(50));
			if (n >= 0)
				tick_off(ledger, &message, (size_t)n);
		}
		if (n >= 0)
			crew_step(crew, member);
		else if (n != -ETIMEDOUT)
			return 3;
	}
	return 0;
}

static int work(struct crew *crew, unsigned member)
{
	return member % 2 == 0 ? work_put(crew, member) : work_get(crew, member);
}

/* What the dead left in the queue, and the sums. */
static void settle(struct ledger *ledger, uint32_t consumers_killed)
{
	struct message message;
	uint64_t lost = 0;
	ssize_t n;

	while ((n = mp_queue_get_nowait(ledger->queue, &message, sizeof(message))) >= 0)
		tick_off(ledger, &message, (size_t)n);
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(mp_queue_qsize(ledger->queue), 0);
	assert_int_equal(ledger->torn, 0);
	assert_int_equal(ledger->doubled, 0);
	assert_int_equal(ledger->invented, 0);
	for (uint32_t i = 0; i < ledger->born; i++) {
		struct incarnation *one = &ledger->incarnations[i];
		/* The last put of one that was killed may have been done without being noted. */
		if (one->got > one->put + MANY)
			flunk("incarnation %u: %llu got of %llu", i, (unsigned long long)one->got,
				(unsigned long long)one->put);
		if (one->got < one->put)
			lost += one->put - one->got;
	}
	/* A consumer that is killed takes with it at most what one call was getting. */
	if (lost > (uint64_t)consumers_killed * (ledger->is_small ? MANY : 1))
		flunk("%llu messages lost, %u consumers killed", (unsigned long long)lost,
			consumers_killed);
}

static void survive(const char *name, const struct mp_queue_options *options, bool is_small)
{
	struct soak soak = soak_begin(name, 60);
	uint32_t incarnations = soak.rounds + MEMBERS + 1, consumers_killed = 0;
	struct ledger *ledger =
		mp_shared_new(sizeof(*ledger) + incarnations * sizeof(struct incarnation));
	struct crew crew;

	assert_non_null(ledger);
	ledger->queue = mp_queue_new(options);
	assert_non_null(ledger->queue);
	ledger->is_small = is_small;
	ledger->incarnations_max = incarnations;
	crew_start(&crew, MEMBERS, work, ledger);
	for (unsigned i = 0; i < soak.rounds; i++) {
		if (soak_random(&soak, 4) == 0)
			crew_stop_one(&crew, &soak);
		else
			consumers_killed += crew_kill_one(&crew, &soak) % 2;
		crew_expect_steps(&crew, 3);
	}
	crew_end(&crew);
	settle(ledger, consumers_killed);
	mp_queue_free(ledger->queue);
	mp_shared_free(ledger);
}

static void test_default(void **state)
{
	(void)state;
	survive("default", &(struct mp_queue_options){.large_bytes = 1 << 20}, true);
}

static void test_small_ring(void **state)
{
	(void)state;
	survive("small ring, large messages",
		&(struct mp_queue_options){.capacity_bytes = 4096, .large_bytes = 1 << 16}, false);
}

static void test_maxsize_1(void **state)
{
	(void)state;
	survive("maxsize 1", &(struct mp_queue_options){.maxsize = 1, .large_bytes = 1 << 20},
		true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_small_ring),
		cmocka_unit_test(test_maxsize_1),
	};

	return cmocka_run_group_tests_name("queue_survive", tests, NULL, NULL);
}
