/*
 * A queue's semantics in one process: order, sizes, limits, errors, what is in place, closing.
 */
#include "survival.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "mp/queue.h"
#include "mp/shared.h"

static struct mp_queue *queue_new(size_t maxsize, size_t capacity_bytes, size_t large_bytes)
{
	struct mp_queue_options options = {
		.maxsize = maxsize, .capacity_bytes = capacity_bytes, .large_bytes = large_bytes};
	struct mp_queue *queue = mp_queue_new(&options);

	assert_non_null(queue);
	return queue;
}

/* A message of n bytes that tells its number. */
static void fill(unsigned char *message, size_t n, uint64_t number)
{
	for (size_t i = 0; i < n; i++)
		message[i] = (unsigned char)(number * 31 + i);
}

static void expect(const unsigned char *message, size_t n, uint64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (message[i] != (unsigned char)(number * 31 + i))
			flunk("message %llu of %zu bytes differs at %zu",
				(unsigned long long)number, n, i);
}

/* Every size from 0 on, many times around a small ring, up to several messages under way. */
static void test_sizes_and_order(void **state)
{
	_cleanup_(mp_queue_freep) struct mp_queue *queue = queue_new(0, 4096, 1 << 20);
	unsigned char message[6000], got[6000];
	uint64_t put = 0, taken = 0;

	(void)state;
	while (taken < 5000) {
		size_t n = put % 5 == 4 ? (put * 7) % sizeof(message) : put % 300;
		fill(message, n, put);
		int r = mp_queue_put_nowait(queue, message, n);
		if (r == 0) {
			put++;
			assert_int_equal(mp_queue_qsize(queue), put - taken);
			assert_false(mp_queue_is_empty(queue));
		}
		if (r == 0 && put % 3 != 0)
			continue;
		assert_true(r == 0 || r == -EAGAIN);
		n = taken % 5 == 4 ? (taken * 7) % sizeof(message) : taken % 300;
		assert_int_equal(mp_queue_get_nowait(queue, got, sizeof(got)), n);
		expect(got, n, taken++);
	}
}

static void test_empty_and_full(void **state)
{
	_cleanup_(mp_queue_freep) struct mp_queue *queue = queue_new(2, 0, 0);
	int64_t begin = clock_ns();
	char c = 'x';

	(void)state;
	assert_true(mp_queue_is_empty(queue) && !mp_queue_is_full(queue));
	assert_int_equal(mp_queue_get_nowait(queue, &c, 1), -EAGAIN);
	assert_int_equal(mp_queue_get_for(queue, &c, 1, MP_MS(20)), -ETIMEDOUT);
	assert_int_equal(mp_queue_put(queue, "a", 1), 0);
	assert_int_equal(mp_queue_put(queue, "b", 1), 0);
	assert_true(mp_queue_is_full(queue));
	assert_int_equal(mp_queue_put_nowait(queue, "c", 1), -EAGAIN);
	assert_int_equal(mp_queue_put_for(queue, "c", 1, MP_MS(20)), -ETIMEDOUT);
	assert_true(clock_ns() - begin >= 40 * NS_PER_MS);
	assert_int_equal(mp_queue_qsize(queue), 2);
	assert_int_equal(mp_queue_get(queue, &c, 1), 1);
	assert_int_equal(c, 'a');
	assert_int_equal(mp_queue_put_nowait(queue, "c", 1), 0);
	assert_int_equal(mp_queue_get(queue, &c, 1), 1);
	assert_int_equal(mp_queue_get(queue, &c, 1), 1);
	assert_int_equal(c, 'c');
}

/* What does not fit into the caller's buffer, or into the queue at all. */
static void test_too_large(void **state)
{
	_cleanup_(mp_queue_freep) struct mp_queue *queue = queue_new(0, 4096, 1 << 16);
	_cleanup_(freep) unsigned char *message = malloc(1 << 16);
	unsigned char small[10], large[5000];
	const void *seen;

	(void)state;
	fill(message, 5000, 1);
	assert_int_equal(mp_queue_put(queue, message, 5000), 0);
	assert_int_equal(mp_queue_get(queue, small, sizeof(small)), -EMSGSIZE);
	assert_non_null(strstr(mp_strerror(-EMSGSIZE), "5000"));
	assert_int_equal(mp_queue_peek(queue, 0, &seen), 5000);
	expect(seen, 5000, 1);
	mp_queue_leave(queue);
	assert_int_equal(mp_queue_get(queue, large, sizeof(large)), 5000);
	expect(large, 5000, 1);
	assert_int_equal(mp_queue_put(queue, message, 1 << 16), -EMSGSIZE);
	assert_int_equal(mp_queue_put_many(queue, message, 1 << 16, 2, 0), -EMSGSIZE);
	assert_true(mp_queue_is_empty(queue));
	struct mp_queue_options absurd = {.large_bytes = SIZE_MAX};
	assert_null(mp_queue_new(&absurd));
	assert_int_equal(errno, EINVAL);
}

/* Large ones go round their region, and give memory back. */
static void test_large(void **state)
{
	enum { BYTES = 20 << 20 };
	_cleanup_(mp_queue_freep) struct mp_queue *queue = queue_new(0, 0, 64 << 20);
	_cleanup_(freep) unsigned char *message = malloc(BYTES);
	_cleanup_(freep) unsigned char *got = malloc(BYTES);
	uint64_t put = 0, taken = 0;

	(void)state;
	while (taken < 12) {
		size_t n = BYTES - (put % 4) * 5000001;
		fill(message, 4096, put);
		fill(message + n - 4096, 4096, put);
		if (mp_queue_put_nowait(queue, message, n) == 0) {
			put++;
			continue;
		}
		n = BYTES - (taken % 4) * 5000001;
		assert_int_equal(mp_queue_get(queue, got, BYTES), n);
		expect(got, 4096, taken);
		expect(got + n - 4096, 4096, taken++);
	}
	assert_true(put > taken + 1);
}

static void test_many(void **state)
{
	_cleanup_(mp_queue_freep) struct mp_queue *queue = queue_new(0, 4096, 1 << 16);
	unsigned char messages[100][24], got[100][24];
	uint64_t put = 0, taken = 0;

	(void)state;
	assert_int_equal(mp_queue_put_many(queue, messages, 24, 0, 0), -EINVAL);
	assert_int_equal(mp_queue_get_many(queue, got, 24, 100, 0), -EAGAIN);
	while (taken < 20000) {
		for (unsigned i = 0; i < 100; i++)
			fill(messages[i], 24, put + i);
		ssize_t n = mp_queue_put_many(queue, messages, 24, 1 + put % 100, 0);
		assert_true(n > 0 || n == -EAGAIN);
		put += n > 0 ? (uint64_t)n : 0;
		n = mp_queue_get_many(queue, got, 24, 1 + taken % 37, 0);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			expect(got[i], 24, taken++);
	}
	while (mp_queue_get_many(queue, got, 24, 100, 0) > 0)
		;
	/* Not of the size that is asked for. */
	assert_int_equal(mp_queue_put(queue, "abc", 3), 0);
	assert_int_equal(mp_queue_get_many(queue, got, 24, 2, 0), -EMSGSIZE);
	assert_int_equal(mp_queue_get_many(queue, got, 3, 2, 0), 1);
}

static void test_in_place(void **state)
{
	_cleanup_(mp_queue_freep) struct mp_queue *queue = queue_new(0, 8192, 1 << 20);
	const void *seen;
	void *room;

	(void)state;
	for (uint64_t i = 0; i < 3000; i++) {
		size_t n = i % 10 == 9 ? 5000 + i : i % 200;
		assert_int_equal(mp_queue_borrow(queue, n, 0, &room), 0);
		/* One at a time. */
		assert_int_equal(mp_queue_put_nowait(queue, "x", 1), -EDEADLK);
		if (i % 7 == 3) {
			mp_queue_cancel(queue);
			assert_true(mp_queue_is_empty(queue));
			continue;
		}
		fill(room, n, i);
		assert_true(mp_queue_is_empty(queue));
		mp_queue_commit(queue);
		assert_int_equal(mp_queue_peek(queue, 0, &seen), n);
		expect(seen, n, i);
		if (i % 5 == 2) {
			mp_queue_leave(queue);
			assert_int_equal(mp_queue_peek(queue, 0, &seen), n);
		}
		mp_queue_release(queue);
	}
}

static void *close_later(void *argument)
{
	struct mp_queue *queue = argument;

	mp_queue_close(queue);
	return NULL;
}

/* What is there can still be got; who waits is told. */
static void test_close(void **state)
{
	_cleanup_(mp_queue_freep) struct mp_queue *queue = queue_new(1, 0, 0);
	pthread_t thread;
	char c;

	(void)state;
	assert_int_equal(mp_queue_put(queue, "a", 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, close_later, queue), 0);
	assert_int_equal(mp_queue_put(queue, "b", 1), -ESHUTDOWN);
	pthread_join(thread, NULL);
	assert_int_equal(mp_queue_get(queue, &c, 1), 1);
	assert_int_equal(mp_queue_get(queue, &c, 1), -EPIPE);
	assert_int_equal(mp_queue_get_nowait(queue, &c, 1), -EPIPE);
}

struct share {
	struct mp_queue *queue;
	uint64_t messages;
	_Atomic uint64_t sum;
};

static void *put_share(void *argument)
{
	struct share *share = argument;

	for (uint64_t i = 1; i <= share->messages; i++)
		assert_int_equal(mp_queue_put(share->queue, &i, sizeof(i)), 0);
	return NULL;
}

static void *get_share(void *argument)
{
	struct share *share = argument;
	uint64_t i;

	while (mp_queue_get(share->queue, &i, sizeof(i)) == sizeof(i))
		atomic_fetch_add(&share->sum, i);
	return NULL;
}

/* Threads, of every number and with every limit: each message arrives once. */
static void test_threads(void **state)
{
	static const struct {
		unsigned producers, consumers;
		size_t maxsize, capacity_bytes;
	} cases[] = {{1, 1, 0, 0}, {2, 2, 0, 4096}, {1, 32, 0, 0}, {32, 1, 1, 0}, {4, 4, 3, 4096}};
	enum { THREADS_MAX = 64, MESSAGES = 20000 };

	(void)state;
	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		unsigned producers = cases[c].producers, all = producers + cases[c].consumers;
		_cleanup_(mp_queue_freep) struct mp_queue *queue =
			queue_new(cases[c].maxsize, cases[c].capacity_bytes, 1 << 20);
		struct share share = {.queue = queue, .messages = MESSAGES / producers};
		pthread_t threads[THREADS_MAX];
		for (unsigned i = 0; i < all; i++)
			assert_int_equal(pthread_create(&threads[i], NULL,
						 i < producers ? put_share : get_share, &share),
				0);
		for (unsigned i = 0; i < producers; i++)
			pthread_join(threads[i], NULL);
		mp_queue_close(queue);
		for (unsigned i = producers; i < all; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(
			share.sum, producers * (share.messages * (share.messages + 1) / 2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_and_order),
		cmocka_unit_test(test_empty_and_full),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
