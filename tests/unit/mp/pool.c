/*
 * The pool, of processes and of threads: every call, sizes of all kinds, errors, callbacks, many
 * submitting threads, the ends of a pool, and what is left behind: nothing.
 */
#include "mp/pool.h"

#include "../../cmocka_prelude.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "mp/shared.h"
#include "soak.h"

#define DEADLINE MP_S(60)

enum { WORKERS = 3, MANY = 3000, THREADS = 4, LARGE = 3000, FAILS = -EDOM };

static const enum mp_pool_kind kinds[] = {MP_POOL_PROCESSES, MP_POOL_THREADS};
enum { KINDS = 2 };

static struct mp_pool *pool_with(struct mp_pool_options options)
{
	if (options.workers == 0)
		options.workers = WORKERS;
	struct mp_pool *pool = mp_pool_new(&options);
	if (!pool)
		flunk("mp_pool_new: %s", mp_strerror(-errno));
	return pool;
}

/* The whole suite runs twice: callers wait, or work. */
static bool caller_works;

static struct mp_pool *pool_of_kind(enum mp_pool_kind kind)
{
	return pool_with((struct mp_pool_options){.kind = kind, .caller_works = caller_works});
}

static int add_one(const void *item, void *result)
{
	*(uint64_t *)result = *(const uint64_t *)item + 1;
	return 0;
}

static int fail_odd(const void *item, void *result)
{
	uint64_t n = *(const uint64_t *)item;

	*(uint64_t *)result = n;
	return n % 2 ? FAILS : 0;
}

/* An item says how long it is. */
struct blob {
	uint32_t bytes;
	uint8_t data[];
};

static int turn_around(const void *item, void *result)
{
	const struct blob *in = item;
	struct blob *out = result;

	out->bytes = in->bytes;
	for (uint32_t i = 0; i < in->bytes; i++)
		out->data[i] = (uint8_t)~in->data[i];
	return 0;
}

static int get_u64(struct mp_result *result, uint64_t *value)
{
	return mp_result_get(result, value, DEADLINE);
}

static void test_apply(void **state)
{
	(void)state;
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		for (uint64_t i = 0; i < MANY; i++) {
			uint64_t result = 0;
			assert_int_equal(mp_pool_apply(pool, add_one, &i, sizeof(i), &result,
						 sizeof(result)),
				0);
			assert_int_equal(result, i + 1);
			assert_int_equal(mp_pool_apply(pool, fail_odd, &i, sizeof(i), &result,
						 sizeof(result)),
				i % 2 ? FAILS : 0);
		}
	}
}

/* Sizes that fit into a record, that do not, and large ones. */
static void test_sizes(void **state)
{
	struct soak soak = soak_begin("sizes", 300);

	(void)state;
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		for (unsigned i = 0; i < soak.rounds; i++) {
			size_t n = soak_random(&soak, i % 20 == 0 ? 200000 : i % 3 ? 64 : 5000);
			size_t bytes = sizeof(struct blob) + n;
			struct blob *in = malloc(bytes), *out = calloc(1, bytes);
			in->bytes = (uint32_t)n;
			for (size_t j = 0; j < n; j++)
				in->data[j] = (uint8_t)soak_random(&soak, 256);
			if (i % 2) {
				assert_int_equal(
					mp_pool_apply(pool, turn_around, in, bytes, out, bytes), 0);
			} else {
				struct mp_result *result = mp_pool_apply_async(
					pool, turn_around, in, bytes, bytes, NULL, NULL, NULL);
				assert_non_null(result);
				struct blob *copy = malloc(bytes);
				memcpy(copy, in, bytes);
				/* The item is the pool's now. */
				memset(in, 0x55, bytes);
				assert_int_equal(mp_result_get(result, out, DEADLINE), 0);
				mp_result_free(result);
				memcpy(in, copy, bytes);
				free(copy);
			}
			assert_int_equal(out->bytes, n);
			for (size_t j = 0; j < n; j++)
				assert_int_equal(out->data[j], (uint8_t)~in->data[j]);
			free(in);
			free(out);
		}
	}
}

static void test_async(void **state)
{
	struct mp_result *results[MANY];

	(void)state;
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		for (uint64_t i = 0; i < MANY; i++) {
			results[i] = mp_pool_apply_async(
				pool, fail_odd, &i, sizeof(i), sizeof(i), NULL, NULL, NULL);
			assert_non_null(results[i]);
		}
		for (uint64_t i = 0; i < MANY; i++) {
			uint64_t value = 0;
			/* Some are given up before they are done. */
			if (i % 7 == 0) {
				mp_result_free(results[i]);
				continue;
			}
			assert_int_equal(get_u64(results[i], &value), i % 2 ? FAILS : 0);
			assert_true(mp_result_ready(results[i]));
			assert_int_equal(mp_result_successful(results[i]), i % 2 == 0);
			assert_int_equal(mp_result_wait(results[i], 0), 0);
			if (i % 2 == 0)
				assert_int_equal(value, i);
			mp_result_free(results[i]);
		}
	}
}

static void test_submit(void **state)
{
	(void)state;
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		uint64_t *results = mp_pool_alloc(pool, MANY * sizeof(*results));
		uint64_t private = 0;
		for (int round = 0; round < 3; round++) {
			memset(results, 0, MANY * sizeof(*results));
			for (uint64_t i = 0; i < MANY; i++)
				assert_int_equal(
					mp_pool_submit(pool, add_one, &i, sizeof(i), &results[i]),
					0);
			assert_int_equal(mp_pool_wait(pool, DEADLINE), 0);
			for (uint64_t i = 0; i < MANY; i++)
				assert_int_equal(results[i], i + 1);
		}
		uint64_t odd = 1;
		if (kinds[k] == MP_POOL_PROCESSES)
			assert_int_equal(mp_pool_submit(pool, add_one, &odd, sizeof(odd), &private),
				-EFAULT);
		assert_int_equal(mp_pool_submit(pool, fail_odd, &odd, sizeof(odd), results), 0);
		assert_int_equal(mp_pool_wait(pool, DEADLINE), FAILS);
		assert_int_equal(mp_pool_wait(pool, DEADLINE), 0);
		/* A large item without a result: copied, and given back. */
		_Alignas(8) uint8_t in[sizeof(struct blob) + LARGE] = {0};
		((struct blob *)(void *)in)->bytes = LARGE;
		uint8_t *out = mp_pool_alloc(pool, 200 * sizeof(in));
		for (size_t i = 0; i < 200; i++)
			assert_int_equal(mp_pool_submit(pool, turn_around, in, sizeof(in),
						 out + i * sizeof(in)),
				0);
		assert_int_equal(mp_pool_wait(pool, DEADLINE), 0);
		assert_int_equal(out[sizeof(struct blob)], 0xff);
	}
}

static void check_map(
	struct mp_pool *pool, uint64_t *items, uint64_t *results, size_t n, size_t chunk)
{
	for (size_t i = 0; i < n; i++)
		items[i] = 1000 * chunk + i;
	if (n)
		memset(results, 0, n * sizeof(*results));
	assert_int_equal(mp_pool_map(pool, add_one, items, sizeof(*items), n, chunk, results,
				 sizeof(*results)),
		0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(results[i], items[i] + 1);
}

static void test_map(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 3, 7, 64, 257, 1000, 20000};
	static const size_t chunks[] = {0, 1, 2, 13, 1000, 100000};
	enum { SIZES = sizeof(sizes) / sizeof(*sizes), CHUNKS = sizeof(chunks) / sizeof(*chunks) };

	(void)state;
	for (int k = 0; k < KINDS; k++) {
		uint64_t *shared = mp_shared_new(20000 * sizeof(*shared));
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		uint64_t *own = mp_pool_alloc(pool, 20000 * sizeof(*own));
		uint64_t *private = malloc(20000 * sizeof(*private));
		for (int i = 0; i < SIZES; i++)
			for (int j = 0; j < CHUNKS; j++) {
				check_map(pool, own, shared, sizes[i], chunks[j]);
				check_map(pool, private, own, sizes[i], chunks[j]);
				check_map(pool, shared, private, sizes[i], chunks[j]);
			}
		for (uint64_t i = 0; i < 10; i++)
			own[i] = i;
		assert_int_equal(
			mp_pool_map(pool, fail_odd, own, sizeof(*own), 10, 1, shared, 8), FAILS);
		for (uint64_t i = 0; i < 10; i++)
			assert_int_equal(shared[i], i);
		free(private);
		mp_shared_free(shared);
	}
}

static void test_map_async(void **state)
{
	enum { MAPS = 20, N = 500 };

	(void)state;
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		static uint64_t items[MAPS][N];
		struct mp_result *results[MAPS];
		for (uint64_t m = 0; m < MAPS; m++) {
			for (uint64_t i = 0; i < N; i++)
				items[m][i] = m * i;
			results[m] = mp_pool_map_async(
				pool, add_one, items[m], 8, N, m % 5, 8, NULL, NULL, NULL);
			assert_non_null(results[m]);
		}
		for (uint64_t m = 0; m < MAPS; m++) {
			uint64_t values[N];
			assert_int_equal(mp_result_get(results[m], values, DEADLINE), 0);
			for (uint64_t i = 0; i < N; i++)
				assert_int_equal(values[i], m * i + 1);
			mp_result_free(results[m]);
		}
	}
}

static int multiply_add(const void *const *arguments, void *result)
{
	*(uint64_t *)result = *(const uint32_t *)arguments[0] * *(const uint64_t *)arguments[1] +
			      *(const uint8_t *)arguments[2];
	return 0;
}

static void test_starmap(void **state)
{
	enum { N = 1000 };
	static uint32_t a[N];
	static uint64_t b[N], results[N];
	static uint8_t c[N];
	const struct mp_column columns[] = {{a, sizeof(*a)}, {b, sizeof(*b)}, {c, sizeof(*c)}};

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		a[i] = i;
		b[i] = 3 * i;
		c[i] = (uint8_t)i;
	}
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		memset(results, 0, sizeof(results));
		assert_int_equal(
			mp_pool_starmap(pool, multiply_add, columns, 3, N, 0, results, 8), 0);
		for (uint64_t i = 0; i < N; i++)
			assert_int_equal(results[i], 3 * i * i + (uint8_t)i);
		assert_int_equal(
			mp_pool_starmap(pool, multiply_add, columns, 9, N, 0, results, 8), -EINVAL);
	}
}

static void test_imap(void **state)
{
	enum { N = 500 };
	static uint64_t items[N];
	int64_t index;

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		items[i] = i;
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		for (size_t chunk = 0; chunk < 4; chunk++) {
			uint64_t value, seen = 0;
			int error;
			_cleanup_(mp_imap_freep) struct mp_imap *imap =
				mp_pool_imap(pool, fail_odd, items, 8, N, chunk, 8);
			for (int64_t i = 0; i < N; i++) {
				assert_int_equal(mp_imap_next(imap, &value, &error, DEADLINE), i);
				assert_int_equal(value, i);
				assert_int_equal(error, i % 2 ? FAILS : 0);
			}
			assert_int_equal(mp_imap_next(imap, &value, &error, DEADLINE), -ENODATA);
			_cleanup_(mp_imap_freep) struct mp_imap *any =
				mp_pool_imap_unordered(pool, add_one, items, 8, N, chunk, 8);
			while ((index = mp_imap_next(any, &value, &error, DEADLINE)) >= 0) {
				assert_int_equal(value, index + 1);
				seen += (uint64_t)index;
			}
			assert_int_equal(index, -ENODATA);
			assert_int_equal(seen, N * (N - 1) / 2);
		}
	}
}

struct calls {
	_Atomic unsigned done, failed;
	_Atomic uint64_t sum;
};

static void on_done(void *context, int error, const void *result)
{
	struct calls *calls = context;

	if (error == 0)
		atomic_fetch_add(&calls->sum, *(const uint64_t *)result);
	atomic_fetch_add(&calls->done, 1);
}

static void on_error(void *context, int error, const void *result)
{
	struct calls *calls = context;

	if (error == FAILS && !result)
		atomic_fetch_add(&calls->failed, 1);
}

/* Callbacks have run when join() returns; their results may be freed at any time before. */
static void test_callbacks(void **state)
{
	(void)state;
	for (int k = 0; k < KINDS; k++) {
		struct calls calls = {0};
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		for (uint64_t i = 0; i < MANY; i++) {
			struct mp_result *result = mp_pool_apply_async(
				pool, fail_odd, &i, 8, 8, on_done, on_error, &calls);
			assert_non_null(result);
			if (i % 3 == 0)
				mp_result_wait(result, DEADLINE);
			mp_result_free(result);
		}
		uint64_t items[100] = {7};
		struct mp_result *map = mp_pool_map_async(
			pool, add_one, items, 8, 100, 0, 8, on_done, on_error, &calls);
		assert_int_equal(mp_result_wait(map, DEADLINE), 0);
		mp_result_free(map);
		assert_int_equal(mp_pool_close(pool), 0);
		assert_int_equal(mp_pool_join(pool, DEADLINE), 0);
		assert_int_equal(calls.done, MANY / 2 + 1);
		assert_int_equal(calls.failed, MANY / 2);
		assert_int_equal(calls.sum, (uint64_t)MANY / 2 * (MANY / 2 - 1) + 8);
	}
}

static void *submit_much(void *argument)
{
	struct mp_pool *pool = argument;
	uint64_t items[100], results[100];

	for (uint64_t i = 0; i < 300; i++) {
		uint64_t value = 0;
		if (mp_pool_apply(pool, add_one, &i, 8, &value, 8) != 0 || value != i + 1)
			return "apply";
		struct mp_result *result =
			mp_pool_apply_async(pool, add_one, &i, 8, 8, NULL, NULL, NULL);
		if (!result || mp_result_get(result, &value, DEADLINE) != 0 || value != i + 1)
			return "apply_async";
		mp_result_free(result);
		if (i % 10)
			continue;
		for (uint64_t j = 0; j < 100; j++)
			items[j] = i * j;
		if (mp_pool_map(pool, add_one, items, 8, 100, i % 4, results, 8) != 0)
			return "map";
		for (uint64_t j = 0; j < 100; j++)
			if (results[j] != i * j + 1)
				return "map's results";
	}
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		pthread_t threads[THREADS];
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, submit_much, pool), 0);
		for (int i = 0; i < THREADS; i++) {
			void *wrong;
			assert_int_equal(pthread_join(threads[i], &wrong), 0);
			if (wrong)
				flunk("%s went wrong in a thread", (const char *)wrong);
		}
	}
}

static _Atomic int *initialized;

static int initialize(void *argument)
{
	atomic_fetch_add(initialized, *(int *)argument);
	return 0;
}

static int refuse(void *argument)
{
	(void)argument;
	return -EDOM;
}

static void test_initializer(void **state)
{
	int five = 5;

	(void)state;
	initialized = mp_shared_new(sizeof(*initialized));
	for (int k = 0; k < KINDS; k++) {
		atomic_store(initialized, 0);
		struct mp_pool_options options = {
			.kind = kinds[k], .initializer = initialize, .initializer_argument = &five};
		mp_pool_free(pool_with(options));
		assert_int_equal(*initialized, WORKERS * five);
		options.initializer = refuse;
		assert_null(mp_pool_new(&options));
		assert_int_equal(errno, EDOM);
	}
	mp_shared_free((void *)initialized);
}

static void test_tasks_per_child(void **state)
{
	(void)state;
	int one = 1;
	initialized = mp_shared_new(sizeof(*initialized));
	for (int k = 0; k < KINDS; k++) {
		atomic_store(initialized, 0);
		_cleanup_(mp_pool_freep) struct mp_pool *pool =
			pool_with((struct mp_pool_options){.kind = kinds[k],
				.tasks_per_child = 10,
				.initializer = initialize,
				.initializer_argument = &one});
		uint64_t results[200], items[200];
		for (uint64_t i = 0; i < 200; i++)
			items[i] = i;
		assert_int_equal(mp_pool_map(pool, add_one, items, 8, 200, 1, results, 8), 0);
		for (uint64_t i = 0; i < 200; i++) {
			uint64_t value = 0;
			assert_int_equal(results[i], i + 1);
			assert_int_equal(mp_pool_apply(pool, add_one, &i, 8, &value, 8), 0);
			assert_int_equal(value, i + 1);
		}
		/* 400 tasks by ten: at least 40 workers did them, those that are left included. */
		assert_true(*initialized >= 40);
		assert_int_equal(mp_pool_deaths(pool), 0);
	}
	mp_shared_free((void *)initialized);
}

static int sleep_for_ever(const void *item, void *result)
{
	(void)item;
	(void)result;
	while (pause() < 0)
		;
	return 0;
}

static void test_close(void **state)
{
	(void)state;
	for (int k = 0; k < KINDS; k++) {
		_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(kinds[k]);
		struct mp_result *results[100];
		uint64_t value;
		assert_int_equal(mp_pool_join(pool, 0), -EINVAL);
		for (uint64_t i = 0; i < 100; i++)
			results[i] = mp_pool_apply_async(pool, add_one, &i, 8, 8, NULL, NULL, NULL);
		assert_int_equal(mp_pool_close(pool), 0);
		uint64_t zero = 0;
		assert_int_equal(mp_pool_apply(pool, add_one, &zero, 8, &value, 8), -ESHUTDOWN);
		assert_null(mp_pool_apply_async(pool, add_one, &zero, 8, 8, NULL, NULL, NULL));
		assert_int_equal(errno, ESHUTDOWN);
		assert_int_equal(mp_pool_join(pool, DEADLINE), 0);
		for (uint64_t i = 0; i < 100; i++) {
			assert_int_equal(mp_result_get(results[i], &value, 0), 0);
			assert_int_equal(value, i + 1);
			mp_result_free(results[i]);
		}
	}
}

/* Stuck workers, and a stopped one, do not keep a pool from its end. */
static void test_terminate(void **state)
{
	(void)state;
	_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(MP_POOL_PROCESSES);
	struct mp_result *results[10];
	for (int i = 0; i < 10; i++)
		results[i] =
			mp_pool_apply_async(pool, sleep_for_ever, NULL, 0, 0, NULL, NULL, NULL);
	struct mp_result *map =
		mp_pool_map_async(pool, sleep_for_ever, NULL, 0, 10, 1, 0, NULL, NULL, NULL);
	assert_non_null(map);
	assert_int_equal(mp_result_wait(results[0], MP_MS(20)), -ETIMEDOUT);
	assert_int_equal(mp_result_get(results[9], NULL, 0), -EAGAIN);
	assert_int_equal(mp_result_successful(results[9]), -EINVAL);
	assert_int_equal(kill(mp_pool_worker_pid(pool, 0), SIGSTOP), 0);
	assert_int_equal(mp_pool_terminate(pool), 0);
	assert_int_equal(mp_pool_join(pool, DEADLINE), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(mp_result_get(results[i], NULL, 0), -ECANCELED);
	assert_int_equal(mp_result_get(map, NULL, 0), -ECANCELED);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* What a stopped worker's queue has held, and others have done, does not fill it. */
static void test_stopped(void **state)
{
	(void)state;
	enum { TASKS = 1000, ROUNDS = 300 };
	struct mp_pool_options options = {.workers = 1, .caller_works = true};
	_cleanup_(mp_pool_freep) struct mp_pool *pool = mp_pool_new(&options);
	assert_non_null(pool);
	uint64_t *values = mp_pool_alloc(pool, TASKS * sizeof(*values));
	assert_non_null(values);
	pid_t pid = mp_pool_worker_pid(pool, 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, NULL, WSTOPPED | WNOWAIT), 0);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		for (uint64_t i = 0; i < TASKS; i++) {
			uint64_t item = round + i;
			assert_int_equal(mp_pool_submit(pool, add_one, &item, 8, &values[i]), 0);
		}
		assert_int_equal(mp_pool_wait(pool, MP_FOREVER), 0);
		for (uint64_t i = 0; i < TASKS; i++)
			assert_int_equal(values[i], round + i + 1);
	}
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(mp_pool_apply(pool, add_one, &values[0], 8, &values[0], 8), 0);
}

/* A forked child cannot use its parent's pool, and may free it. */
static void test_fork(void **state)
{
	(void)state;
	_cleanup_(mp_pool_freep) struct mp_pool *pool = pool_of_kind(MP_POOL_PROCESSES);
	uint64_t one = 1, value = 0;
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		bool is_right = mp_pool_apply(pool, add_one, &one, 8, &value, 8) == -EPERM &&
				mp_pool_close(pool) == -EPERM;
		mp_pool_free(pool);
		_exit(is_right ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(mp_pool_apply(pool, add_one, &one, 8, &value, 8), 0);
	assert_int_equal(value, 2);
}

static unsigned count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(directory);
	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

/* Each resource that fails in turn: an error, and nothing is left. */
static void test_no_resources(void **state)
{
	(void)state;
	for (int k = 0; k < KINDS; k++) {
		mp_pool_free(pool_of_kind(kinds[k]));
		unsigned before = count_descriptors();
		for (unsigned n = 1;; n++) {
			struct mp_pool_options options = {.kind = kinds[k], .workers = 2};
			fault_arm(n, EMFILE);
			struct mp_pool *pool = mp_pool_new(&options);
			bool has_failed = fault_disarm();
			assert_true(has_failed == (pool == NULL));
			mp_pool_free(pool);
			assert_int_equal(count_descriptors(), before);
			if (!has_failed)
				break;
			assert_true(n < 100);
		}
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_async),
		cmocka_unit_test(test_submit),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_map_async),
		cmocka_unit_test(test_starmap),
		cmocka_unit_test(test_imap),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_initializer),
		cmocka_unit_test(test_tasks_per_child),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_terminate),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_no_resources),
	};

	int failed = cmocka_run_group_tests_name("callers wait", tests, NULL, NULL);
	caller_works = true;
	return failed + cmocka_run_group_tests_name("callers work", tests, NULL, NULL);
}
