/*
 * The ring: what goes in comes out, in order and unchanged, over wraps, full and empty, in every
 * size and way of putting and getting it, within a thread, between threads and between processes.
 */
#include "os/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "os/proc.h"

enum { DEADLINE_MS = 20000, SEED = 1 };

struct fixture {
	struct ring ring;
	struct ring_tx tx;
	struct ring_rx rx;
};

static void fixture_open(struct fixture *f, size_t capacity, size_t message_max, size_t lag)
{
	*f = (struct fixture){0};
	assert_int_equal(ring_open(&f->ring, capacity, message_max), 0);
	ring_tx_init(&f->tx, &f->ring, WAITER_SPIN_THEN_PARK);
	ring_rx_init(&f->rx, &f->ring, WAITER_SPIN_THEN_PARK, lag);
}

/* A byte that depends on the message's number and the place in it. */
static unsigned char pattern(uint64_t number, size_t at)
{
	return (unsigned char)(number * 167 + at * 31 + (at >> 8));
}

static void fill(unsigned char *message, uint64_t number, size_t n)
{
	for (size_t i = 0; i < n; i++)
		message[i] = pattern(number, i);
}

static bool is_message(const unsigned char *message, uint64_t number, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (message[i] != pattern(number, i))
			return false;
	return true;
}

/* The size of message `number`, the same on both sides. */
static size_t size_of(uint64_t number, size_t max)
{
	uint64_t x = (number + SEED) * UINT64_C(0x9e3779b97f4a7c15);

	x ^= x >> 29;
	/* Small ones as often as large ones. */
	return 1 + (size_t)((x >> 8) % (x & 7 ? (max < 100 ? max : 100) : max));
}

static void test_starts_empty(void **state)
{
	struct fixture f;
	char message[8];
	size_t n;

	(void)state;
	fixture_open(&f, 4096, 64, 0);
	assert_null(ring_peek(&f.rx, &n));
	assert_int_equal(ring_get(&f.rx, message, sizeof(message)), 0);
	assert_int_equal(ring_get_many(&f.rx, message, 8, 1), 0);
	ring_close(&f.ring);
}

static void test_fills_and_drains(void **state)
{
	struct fixture f;
	unsigned char message[64];
	uint64_t put = 0, got = 0;

	(void)state;
	fixture_open(&f, 4096, 64, 0);
	/* Laps enough to meet every offset of a wrap. */
	for (int lap = 0; lap < 100; lap++) {
		for (;; put++) {
			fill(message, put, 64);
			if (!ring_put(&f.tx, message, 64))
				break;
		}
		/* 72 bytes a record, and 8 for the header after the last. */
		assert_int_equal(put - got, (4096 - 8) / 72);
		for (; got < put; got++) {
			assert_int_equal(ring_get(&f.rx, message, 64), 64);
			assert_true(is_message(message, got, 64));
		}
		assert_int_equal(ring_get(&f.rx, message, 64), 0);
	}
	ring_close(&f.ring);
}

static void test_holds_the_largest_message(void **state)
{
	enum { LARGEST = 4096 - 136 };
	struct fixture f;
	_cleanup_(freep) unsigned char *message = malloc(LARGEST);

	(void)state;
	fixture_open(&f, 0, LARGEST, 0);
	assert_int_equal(f.ring.data_memory.size_bytes, 4096);
	for (uint64_t i = 0; i < 50; i++) {
		/* A small one in between shifts the large one to another offset. */
		size_t n = i % 2 ? 3 : LARGEST;
		fill(message, i, n);
		assert_true(ring_put(&f.tx, message, n));
		memset(message, 0, n);
		assert_int_equal(ring_get(&f.rx, message, LARGEST), n);
		assert_true(is_message(message, i, n));
		/* Who finds nothing frees all. */
		assert_int_equal(ring_get(&f.rx, message, LARGEST), 0);
	}
	ring_close(&f.ring);
	fixture_open(&f, 0, LARGEST + 1, 0);
	assert_int_equal(f.ring.data_memory.size_bytes, 8192);
	ring_close(&f.ring);
}

static void test_refuses_too_large_a_ring(void **state)
{
	struct ring ring = {0};

	(void)state;
	assert_int_equal(ring_open(&ring, RING_BYTES_MAX + 1, 1), -EINVAL);
	assert_int_equal(ring_open(&ring, 0, RING_BYTES_MAX), -EINVAL);
}

static void test_too_large_for_the_buffer_stays(void **state)
{
	struct fixture f;
	char buffer[64];

	(void)state;
	fixture_open(&f, 4096, 64, 0);
	assert_true(ring_put(&f.tx, "0123456789abcdef", 16));
	assert_int_equal(ring_get(&f.rx, buffer, 8), 16);
	assert_int_equal(ring_get(&f.rx, buffer, 16), 16);
	assert_memory_equal(buffer, "0123456789abcdef", 16);
	ring_close(&f.ring);
}

static void test_borrow_and_peek_in_place(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, 4096, 256, 0);
	for (uint64_t i = 0; i < 1000; i++) {
		size_t n = size_of(i, 256), size = 0;
		unsigned char *room = ring_borrow(&f.tx, n);
		assert_non_null(room);
		assert_int_equal((uintptr_t)room % 8, 0);
		/* Not sent before it is committed; the same place again until then. */
		assert_null(ring_peek(&f.rx, &size));
		assert_ptr_equal(ring_borrow(&f.tx, n), room);
		fill(room, i, n);
		ring_commit(&f.tx, n);
		const unsigned char *message = ring_peek(&f.rx, &size);
		assert_non_null(message);
		assert_int_equal(size, n);
		assert_true(is_message(message, i, n));
		assert_ptr_equal(ring_peek(&f.rx, &size), message);
		ring_release(&f.rx);
	}
	ring_close(&f.ring);
}

/* Batches in, single ones and batches out; a batch that does not fit is put in part. */
static void check_batches(size_t capacity, size_t n)
{
	enum { N_MAX = 64, BATCH = 100 };
	struct fixture f;
	unsigned char batch[N_MAX * BATCH];
	uint64_t put = 0, got = 0;

	assert_true(n <= N_MAX);
	fixture_open(&f, capacity, n, 0);
	for (int round = 0; round < 1000; round++) {
		size_t want = 1 + size_of((uint64_t)round, BATCH - 1);
		for (size_t i = 0; i < want; i++)
			fill(batch + i * n, put + i, n);
		size_t done = ring_put_many(&f.tx, batch, n, want);
		assert_true(done <= want);
		assert_true(done > 0 || put > got);
		put += done;
		size_t take = size_of((uint64_t)round + 7, BATCH);
		if (round % 3 == 0) {
			while (take-- > 0 && ring_get(&f.rx, batch, n) == n) {
				assert_true(is_message(batch, got, n));
				got++;
			}
		} else {
			take = ring_get_many(&f.rx, batch, n, take);
			for (size_t i = 0; i < take; i++)
				assert_true(is_message(batch + i * n, got + i, n));
			got += take;
		}
		assert_true(got <= put);
	}
	while (ring_get(&f.rx, batch, n) == n)
		assert_true(is_message(batch, got++, n));
	assert_int_equal(got, put);
	ring_close(&f.ring);
}

static void test_batches(void **state)
{
	(void)state;
	check_batches(4096, 24);
	/* Batches that are copied in by string instructions, with the next one asked for. */
	check_batches(16384, 64);
	check_batches(65536, 64);
}

static void test_get_many_stops_at_another_size(void **state)
{
	struct fixture f;
	char buffer[64];

	(void)state;
	fixture_open(&f, 4096, 64, 0);
	assert_int_equal(ring_put_many(&f.tx, "aabbcc", 2, 3), 3);
	assert_true(ring_put(&f.tx, "ddd", 3));
	assert_int_equal(ring_get_many(&f.rx, buffer, 2, 32), 3);
	assert_memory_equal(buffer, "aabbcc", 6);
	assert_int_equal(ring_get_many(&f.rx, buffer, 2, 32), 0);
	assert_int_equal(ring_get(&f.rx, buffer, 64), 3);
	ring_close(&f.ring);
}

/* With a lag, all that was sent is delivered although the producer has stopped. */
static void test_lag_keeps_nothing_back(void **state)
{
	struct fixture f;
	unsigned char message[64];
	uint64_t put = 0, got = 0;

	(void)state;
	fixture_open(&f, 65536, 64, 4096);
	for (int round = 0; round < 500; round++) {
		for (size_t i = size_of((uint64_t)round, 300); i > 0; i--) {
			fill(message, put, 64);
			if (!ring_put(&f.tx, message, 64))
				break;
			put++;
		}
		for (; got < put; got++) {
			while (ring_get(&f.rx, message, 64) == 0)
				assert_int_equal(
					ring_wait_message(&f.rx, deadline_after_ms(1000)), 0);
			assert_true(is_message(message, got, 64));
		}
		assert_int_equal(ring_get(&f.rx, message, 64), 0);
	}
	ring_close(&f.ring);
}

static void test_waits_end_at_the_deadline(void **state)
{
	static const char message[2000];
	struct fixture f;

	(void)state;
	for (unsigned s = 0; s < WAITER_STRATEGY_COUNT; s++) {
		fixture_open(&f, 4096, 2000, 0);
		f.tx.waiter.strategy = f.rx.waiter.strategy = (enum waiter_strategy)s;
		int64_t start = clock_ns();
		assert_int_equal(ring_wait_message(&f.rx, start + 5 * NS_PER_MS), -ETIMEDOUT);
		assert_true(clock_ns() - start >= 5 * NS_PER_MS);
		while (ring_put(&f.tx, message, 2000))
			;
		assert_int_equal(ring_wait_message(&f.rx, 0), 0);
		assert_int_equal(ring_wait_room(&f.tx, 2000, deadline_after_ms(5)), -ETIMEDOUT);
		ring_close(&f.ring);
	}
}

/* The stress: a producer and a consumer of mixed sizes, in the ways that `number` picks. */
struct stress {
	struct ring ring;
	enum waiter_strategy strategy;
	size_t message_max, lag;
	uint64_t count;
};

static int produce(void *argument)
{
	struct stress *s = argument;
	_cleanup_(freep) unsigned char *message = malloc(s->message_max);
	struct ring_tx tx;

	ring_tx_init(&tx, &s->ring, s->strategy);
	for (uint64_t i = 0; i < s->count; i++) {
		size_t n = size_of(i, s->message_max);
		unsigned char *room;
		if (i % 3 == 0) {
			while (!(room = ring_borrow(&tx, n)))
				if (ring_wait_room(&tx, n, deadline_after_ms(DEADLINE_MS)) < 0)
					return 2;
			fill(room, i, n);
			ring_commit(&tx, n);
			continue;
		}
		fill(message, i, n);
		while (!ring_put(&tx, message, n))
			if (ring_wait_room(&tx, n, deadline_after_ms(DEADLINE_MS)) < 0)
				return 2;
	}
	return 0;
}

static int consume(struct stress *s)
{
	_cleanup_(freep) unsigned char *message = malloc(s->message_max);
	struct ring_rx rx;

	ring_rx_init(&rx, &s->ring, s->strategy, s->lag);
	for (uint64_t i = 0; i < s->count; i++) {
		size_t n = size_of(i, s->message_max), size;
		const unsigned char *at;
		while (!(at = ring_peek(&rx, &size)))
			if (ring_wait_message(&rx, deadline_after_ms(DEADLINE_MS)) < 0)
				return 2;
		if (size != n)
			return 3;
		if (i % 2 == 0) {
			ring_copy_out(message, at, n);
			at = message;
		}
		if (!is_message(at, i, n))
			return 4;
		ring_release(&rx);
	}
	return 0;
}

static void *produce_thread(void *argument)
{
	return (void *)(intptr_t)produce(argument);
}

static void stress_processes(struct stress *s)
{
	_cleanup_(proc_kill) struct proc child = PROC_NULL;
	int status;

	assert_int_equal(proc_start(&child, produce, s), 0);
	assert_int_equal(consume(s), 0);
	assert_int_equal(proc_join(&child, deadline_after_ms(DEADLINE_MS), &status), 0);
	assert_int_equal(status, 0);
}

static void stress_threads(struct stress *s)
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, produce_thread, s), 0);
	assert_int_equal(consume(s), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
}

static void stress(void (*run)(struct stress *))
{
	static const struct stress cases[] = {
		{.strategy = WAITER_SPIN_THEN_PARK, .message_max = 2000, .count = 100000},
		{.strategy = WAITER_SPIN_THEN_PARK,
			.message_max = 64,
			.lag = 2048,
			.count = 100000},
		{.strategy = WAITER_YIELD, .message_max = 500, .count = 20000},
		{.strategy = WAITER_PARK, .message_max = 2000, .count = 5000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stress s = cases[i];
		assert_int_equal(ring_open(&s.ring, 4096, s.message_max), 0);
		run(&s);
		ring_close(&s.ring);
	}
}

static void test_stress_processes(void **state)
{
	(void)state;
	stress(stress_processes);
}

static void test_stress_threads(void **state)
{
	(void)state;
	stress(stress_threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_empty),
		cmocka_unit_test(test_fills_and_drains),
		cmocka_unit_test(test_holds_the_largest_message),
		cmocka_unit_test(test_refuses_too_large_a_ring),
		cmocka_unit_test(test_too_large_for_the_buffer_stays),
		cmocka_unit_test(test_borrow_and_peek_in_place),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_get_many_stops_at_another_size),
		cmocka_unit_test(test_lag_keeps_nothing_back),
		cmocka_unit_test(test_waits_end_at_the_deadline),
		cmocka_unit_test(test_stress_processes),
		cmocka_unit_test(test_stress_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
