#include "../../cmocka_prelude.h"
#include "measure/usage.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "base/clock.h"

enum { PAGES = 64, PAGE = 4096 };

static void touch_pages(void)
{
	char *memory = mmap(
		NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)(memory + i * PAGE) = 1;
	munmap(memory, PAGES * PAGE);
}

static void burn(int64_t cpu_ns)
{
	int64_t start = clock_thread_cpu_ns();

	while (clock_thread_cpu_ns() - start < cpu_ns)
		;
}

static atomic_bool stop;

static void *spin(void *unused)
{
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		;
	return unused;
}

static void counts_a_thread(void **state)
{
	struct usage before, after;

	(void)state;
	usage_read(&before);
	burn(3 * NS_PER_MS);
	touch_pages();
	usage_read(&after);
	struct usage delta = usage_delta(&after, &before);
	assert_true(delta.cpu_ns >= 3 * NS_PER_MS && delta.cpu_ns < 10 * NS_PER_S);
	assert_true(delta.page_faults >= PAGES);
	assert_true(delta.user_ns >= 0 && delta.system_ns >= 0);
	assert_true(delta.voluntary >= 0 && delta.involuntary >= 0);
	assert_true(delta.cpu == after.cpu && delta.cpu >= 0);
}

/* Each wait gives the CPU away of itself; nothing is synchronised by its length. */
static void counts_waiting(void **state)
{
	struct usage before, after;

	(void)state;
	usage_read(&before);
	for (int i = 0; i < 20; i++)
		assert_int_equal(poll(NULL, 0, 1), 0);
	usage_read(&after);
	assert_true(usage_delta(&after, &before).voluntary >= 20);
}

/* A thread that spins on the CPU of another is preempted, sooner or later. */
static void counts_preemption(void **state)
{
	struct usage before, after;
	int64_t deadline = deadline_after_ms(10000);
	cpu_set_t old, one;
	pthread_t thread;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(old), &old), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(pthread_create(&thread, NULL, spin, NULL), 0);
	usage_read(&before);
	do
		usage_read(&after);
	while (after.involuntary == before.involuntary && clock_ns() < deadline);
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(old), &old), 0);
	assert_true(usage_delta(&after, &before).involuntary > 0);
}

static void counts_migrations(void **state)
{
	struct usage before, after;
	cpu_set_t old, one;
	int moves = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(old), &old), 0);
	usage_read(&before);
	if (before.migrations < 0 || CPU_COUNT(&old) < 2)
		skip();
	for (int cpu = 0, last = sched_getcpu(); cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &old) || cpu == last)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
		last = cpu;
		moves++;
	}
	usage_read(&after);
	assert_int_equal(sched_setaffinity(0, sizeof(old), &old), 0);
	assert_true(usage_delta(&after, &before).migrations >= moves);
}

static void subtracts_member_by_member(void **state)
{
	struct usage before = {1, 2, 3, 4, 5, 6, 7, 0}, after = {11, 22, 33, 44, 55, 66, 77, 1};
	struct usage delta = usage_delta(&after, &before);
	struct usage wanted = {10, 20, 30, 40, 50, 60, 70, 1};

	(void)state;
	assert_memory_equal(&delta, &wanted, offsetof(struct usage, cpu) + sizeof(int));
	before.migrations = -1;
	assert_int_equal(usage_delta(&after, &before).migrations, -1);
}

static void adds_sides(void **state)
{
	struct usage a = {.cpu_ns = 5, .voluntary = 2, .migrations = 1, .cpu = 3};
	struct usage b = {.cpu_ns = 7, .voluntary = 4, .migrations = 2, .cpu = 4};
	struct usage sum = usage_sum(&a, &b);

	(void)state;
	assert_int_equal(sum.cpu_ns, 12);
	assert_int_equal(sum.voluntary, 6);
	assert_int_equal(sum.migrations, 3);
	assert_int_equal(sum.cpu, -1);
	b.migrations = -1;
	assert_int_equal(usage_sum(&a, &b).migrations, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_a_thread),
		cmocka_unit_test(counts_waiting),
		cmocka_unit_test(counts_preemption),
		cmocka_unit_test(counts_migrations),
		cmocka_unit_test(subtracts_member_by_member),
		cmocka_unit_test(adds_sides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
