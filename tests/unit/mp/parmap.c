/*
 * The parallel map: every item once, failures and lost workers where they belong, whatever is
 * killed.
 */
#include "../../cmocka_prelude.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "mp/parmap.h"
#include "mp/process.h"
#include "mp/shared.h"
#include "os/fd.h"
#include "soak.h"

enum { ITEMS = 3000 };

static int64_t in[ITEMS], out[ITEMS];
static int status[ITEMS];

static int square(void *context, const void *item, void *result)
{
	const int64_t *n = item;

	if (context)
		++*(_Atomic unsigned *)context;
	*(int64_t *)result = *n * *n;
	return *n == 77 ? -EDOM : 0;
}

static void prepare(bool with_77)
{
	for (int i = 0; i < ITEMS; i++) {
		in[i] = i == 77 && !with_77 ? 78 : i;
		out[i] = -1;
		status[i] = 99;
	}
}

static void test_all_items_once(void **state)
{
	static const struct mp_parmap_options options[] = {
		{0}, {.workers = 1}, {.workers = 5, .chunk_items = 1}, {.chunk_items = 100000}};
	_Atomic unsigned *calls = mp_shared_new(sizeof(*calls));
	int before = 0;

	(void)state;
	for (unsigned o = 0; o < 4; o++) {
		prepare(false);
		*calls = 0;
		int r = mp_parmap(square, (void *)calls, in, sizeof(*in), out, sizeof(*out), ITEMS,
			o ? &options[o] : NULL, status);
		assert_int_equal(r, 0);
		assert_int_equal(*calls, ITEMS);
		for (int i = 0; i < ITEMS; i++) {
			assert_int_equal(out[i], in[i] * in[i]);
			assert_int_equal(status[i], 0);
		}
		/* The first has made what stays: the pipe that ends daemons. */
		if (o == 0)
			before = fd_count();
	}
	assert_int_equal(mp_parmap(square, NULL, in, 8, out, 8, 0, NULL, NULL), 0);
	assert_int_equal(mp_parmap(square, NULL, in, 8, NULL, 8, 1, NULL, NULL), -EINVAL);
	assert_int_equal(mp_active_children(NULL, 0), 0);
	assert_int_equal(fd_count(), before);
	mp_shared_free((void *)calls);
}

static void test_a_failure_is_the_items(void **state)
{
	(void)state;
	prepare(true);
	assert_int_equal(mp_parmap(square, NULL, in, 8, out, 8, ITEMS, NULL, status), -EDOM);
	assert_non_null(strstr(mp_strerror(-EDOM), "item 77"));
	for (int i = 0; i < ITEMS; i++) {
		assert_int_equal(status[i], i == 77 ? -EDOM : 0);
		assert_int_equal(out[i], i == 77 ? -1 : in[i] * in[i]);
	}
}

static int large(void *context, const void *item, void *result)
{
	(void)context;
	memset(result, (int)(*(const int64_t *)item % 100) + 1, 1 << 20);
	return 0;
}

static void test_large_results(void **state)
{
	enum { COUNT = 20, BYTES = 1 << 20 };
	char *results = calloc(COUNT, BYTES);

	(void)state;
	prepare(false);
	assert_int_equal(mp_parmap(large, NULL, in, 8, results, BYTES, COUNT, NULL, NULL), 0);
	for (int i = 0; i < COUNT; i++)
		for (int k = 0; k < BYTES; k += 4095)
			assert_int_equal(results[i * BYTES + k], in[i] % 100 + 1);
	free(results);
}

/* Shared: how often each item was begun, and which are deadly, how often. */
struct deadly {
	_Atomic unsigned begun[ITEMS], kills[ITEMS];
};

static int square_or_die(void *context, const void *item, void *result)
{
	struct deadly *deadly = context;
	int64_t n = *(const int64_t *)item;

	deadly->begun[n]++;
	if (deadly->kills[n] > 0) {
		deadly->kills[n]--;
		raise(SIGKILL);
	}
	*(int64_t *)result = n * n;
	return 0;
}

static void test_lost_workers(void **state)
{
	struct deadly *deadly = mp_shared_new(sizeof(*deadly));
	struct mp_parmap_options options = {.workers = 3, .chunk_items = 1};

	(void)state;
	for (int i = 0; i < ITEMS; i++)
		in[i] = i;
	deadly->kills[0] = deadly->kills[50] = deadly->kills[299] = 1;
	memset(out, 0xff, sizeof(out));
	int r = mp_parmap(square_or_die, deadly, in, 8, out, 8, 300, &options, status);
	assert_int_equal(r, -EOWNERDEAD);
	assert_non_null(strstr(mp_strerror(r), "item 0"));
	for (int i = 0; i < 300; i++) {
		bool is_lost = i == 0 || i == 50 || i == 299;
		assert_int_equal(status[i], is_lost ? -EOWNERDEAD : 0);
		assert_int_equal(out[i], is_lost ? -1 : in[i] * in[i]);
		assert_int_equal(deadly->begun[i], 1);
	}
	/* Tried again; one that kills more often than that is lost, and it alone. */
	options.retries = 2;
	options.chunk_items = 0;
	deadly->kills[0] = deadly->kills[50] = 2;
	deadly->kills[120] = 1000;
	r = mp_parmap(square_or_die, deadly, in, 8, out, 8, 300, &options, status);
	assert_int_equal(r, -EOWNERDEAD);
	for (int i = 0; i < 300; i++)
		assert_int_equal(status[i], i == 120 ? -EOWNERDEAD : 0);
	assert_int_equal(mp_active_children(NULL, 0), 0);
	mp_shared_free(deadly);
}

static int slow_square(void *context, const void *item, void *result)
{
	/* Its worker's pid, for the killer. */
	*(_Atomic pid_t *)context = getpid();
	soak_spin_ns(2000);
	*(int64_t *)result = *(const int64_t *)item * *(const int64_t *)item;
	return 0;
}

struct killer {
	_Atomic pid_t *victim;
	uint64_t seed;
	pid_t parent;
};

static int run_killer(void *argument)
{
	struct killer *killer = argument;
	struct soak soak = {.state = killer->seed};

	while (getppid() == killer->parent) {
		soak_spin_ns((int64_t)soak_random(&soak, 1000000));
		pid_t pid = *killer->victim;
		if (pid > 0)
			kill(pid, soak_random(&soak, 4) ? SIGKILL : SIGSTOP);
		soak_spin_ns((int64_t)soak_random(&soak, 20000));
		/* A worker that is dead already is nobody else's pid for so short a time. */
		if (pid > 0)
			kill(pid, SIGCONT);
		*killer->victim = 0;
	}
	return 0;
}

static void test_kill(void **state)
{
	struct soak soak = soak_begin("kill", 40);
	_Atomic pid_t *victim = mp_shared_new(sizeof(*victim));
	struct mp_parmap_options options = {.retries = 200};
	struct mp_process_options daemon = {.is_daemon = true};

	(void)state;
	for (unsigned round = 0; round < soak.rounds; round++) {
		struct killer killer = {victim, soak_random(&soak, UINT32_MAX), getpid()};
		struct mp_process *process;
		prepare(false);
		options.workers = 1 + (unsigned)soak_random(&soak, 4);
		*victim = 0;
		assert_int_equal(mp_process_start(run_killer, &killer, &daemon, &process), 0);
		int r = mp_parmap(
			slow_square, (void *)victim, in, 8, out, 8, 500, &options, status);
		mp_process_kill(process);
		mp_process_join(process, MP_FOREVER, NULL);
		mp_process_free(process);
		if (r < 0)
			flunk("round %u: %s", round, mp_strerror(r));
		for (int i = 0; i < 500; i++)
			assert_int_equal(out[i], in[i] * in[i]);
	}
	mp_shared_free((void *)victim);
}

static int daemon_maps(void *argument)
{
	(void)argument;
	return mp_parmap(square, NULL, in, 8, out, 8, 10, NULL, NULL) == -EPERM ? 0 : 1;
}

static void test_refusals(void **state)
{
	struct mp_process_options daemon = {.is_daemon = true};
	struct mp_process *process;
	int code = 1, before = fd_count();

	(void)state;
	assert_int_equal(mp_process_start(daemon_maps, NULL, &daemon, &process), 0);
	assert_int_equal(mp_process_join(process, MP_S(30), &code), 0);
	assert_int_equal(code, 0);
	mp_process_free(process);
	before = fd_count();
	prepare(false);
	/* With one worker it goes on, without one it fails: nothing is left behind in either case.
	 */
	for (unsigned k = 1;; k++) {
		fault_arm(k, EMFILE);
		int r = mp_parmap(square, NULL, in, 8, out, 8, 50, NULL, NULL);
		bool hit = fault_disarm();
		assert_true(r == 0 || r == -EMFILE || r == -ENOMEM || r == -EOWNERDEAD);
		assert_true(hit || r == 0);
		assert_int_equal(fd_count(), before);
		assert_int_equal(mp_active_children(NULL, 0), 0);
		if (!hit)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_items_once),
		cmocka_unit_test(test_a_failure_is_the_items),
		cmocka_unit_test(test_large_results),
		cmocka_unit_test(test_lost_workers),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
