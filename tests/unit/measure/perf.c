#include "../../cmocka_prelude.h"
#include "measure/perf.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fault.h"

/* MANY: sanitizers have page faults of their own, but not so many. */
enum { PAGES = 64, PAGE = 4096, MANY = 20 };

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

static void touch_many_pages(void)
{
	for (int i = 0; i < MANY; i++)
		touch_pages();
}

static void burn(int64_t cpu_ns)
{
	int64_t start = clock_thread_cpu_ns();

	while (clock_thread_cpu_ns() - start < cpu_ns)
		;
}

static void a_counter_is_present_or_has_a_reason(void **state)
{
	struct perf perf = PERF_NULL;
	struct perf_values values;
	int present = perf_open(&perf, PERF_ALL, false), counted = 0;

	(void)state;
	perf_start(&perf);
	burn(NS_PER_MS);
	perf_stop(&perf);
	perf_read(&perf, &values);
	for (int i = 0; i < PERF_COUNTERS; i++) {
		const struct perf_value *value = &values.counters[i];
		assert_true(value->present == !value->reason);
		assert_true(!value->present || (value->value >= 0 && value->coverage > 0));
		assert_non_null(perf_name((enum perf_counter)i));
		counted += value->present;
	}
	assert_true(counted <= present);
	perf_close(&perf);
	perf_close(&perf);
}

static void counts_between_start_and_stop(void **state)
{
	struct perf perf = PERF_NULL;
	struct perf_values values;

	(void)state;
	perf_open(&perf, 1u << PERF_PAGE_FAULTS | 1u << PERF_TASK_CLOCK_NS, false);
	if (perf.fds[PERF_PAGE_FAULTS] < 0 || perf.fds[PERF_TASK_CLOCK_NS] < 0)
		skip();
	touch_many_pages();
	/* So many rounds that a counter which kept its value would end above. */
	for (int round = 0; round <= MANY; round++) {
		perf_start(&perf);
		touch_pages();
		burn(NS_PER_MS);
		perf_stop(&perf);
		touch_many_pages();
		perf_read(&perf, &values);
		int64_t faults = values.counters[PERF_PAGE_FAULTS].value;
		assert_true(faults >= PAGES && faults < MANY * PAGES);
		assert_true(values.counters[PERF_TASK_CLOCK_NS].value >= NS_PER_MS * 9 / 10);
	}
	assert_false(values.counters[PERF_CYCLES].present);
	assert_string_equal(values.counters[PERF_CYCLES].reason, "not asked for");
	perf_close(&perf);
}

static void *toucher(void *unused)
{
	touch_many_pages();
	return unused;
}

static void inherits_when_asked(void **state)
{
	int64_t faults[2];

	(void)state;
	for (int inherit = 0; inherit < 2; inherit++) {
		struct perf perf = PERF_NULL;
		struct perf_values values;
		pthread_t thread;
		perf_open(&perf, 1u << PERF_PAGE_FAULTS, inherit);
		if (perf.fds[PERF_PAGE_FAULTS] < 0)
			skip();
		perf_start(&perf);
		assert_int_equal(pthread_create(&thread, NULL, toucher, NULL), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		perf_stop(&perf);
		perf_read(&perf, &values);
		faults[inherit] = values.counters[PERF_PAGE_FAULTS].value;
		perf_close(&perf);
	}
	assert_true(faults[0] < faults[1] / 2);
	assert_true(faults[1] >= MANY * PAGES);
}

static void a_refusal_is_a_reason(void **state)
{
	struct perf perf = PERF_NULL;
	struct perf_values values;

	(void)state;
	fault_arm(1, EACCES);
	perf_open(&perf, 1u << PERF_CONTEXT_SWITCHES, false);
	assert_true(fault_disarm());
	perf_read(&perf, &values);
	/* User space makes no switches: counting only that would always be 0. */
	assert_false(values.counters[PERF_CONTEXT_SWITCHES].present);
	assert_non_null(strstr(values.counters[PERF_CONTEXT_SWITCHES].reason, "not permitted"));
	perf_close(&perf);

	fault_arm(1, ENOENT);
	perf_open(&perf, 1u << PERF_CYCLES, false);
	assert_true(fault_disarm());
	perf_read(&perf, &values);
	assert_false(values.counters[PERF_CYCLES].present);
	assert_non_null(strstr(values.counters[PERF_CYCLES].reason, "no such counter"));
	perf_close(&perf);
}

static void falls_back_to_user_space(void **state)
{
	struct perf perf = PERF_NULL;
	struct perf_values values;

	(void)state;
	fault_arm(1, EACCES);
	perf_open(&perf, 1u << PERF_PAGE_FAULTS, false);
	assert_true(fault_disarm());
	if (perf.fds[PERF_PAGE_FAULTS] < 0)
		skip();
	perf_start(&perf);
	touch_pages();
	perf_read(&perf, &values);
	assert_true(values.counters[PERF_PAGE_FAULTS].user_only);
	assert_true(values.counters[PERF_PAGE_FAULTS].value >= PAGES);
	perf_close(&perf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_counter_is_present_or_has_a_reason),
		cmocka_unit_test(counts_between_start_and_stop),
		cmocka_unit_test(inherits_when_asked),
		cmocka_unit_test(a_refusal_is_a_reason),
		cmocka_unit_test(falls_back_to_user_space),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
