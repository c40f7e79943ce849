/* Taking patterns apart, filling them in, and putting them together again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipcmark/selector.h"
#include "ipcmark/value.h"

static void test_round_trip(void **state)
{
	static const struct {
		const char *text, *formatted;
	} cases[] = {
		{"pingpong", "pingpong"},
		{"pingpong/pipe/process/same_l3/64B", "pingpong/pipe/process/same_l3/64B"},
		{"pingpong/idle=free", "pingpong/*/*/*/*/idle=free"},
		{"wakeup/senders=2/gap=1ms", "wakeup/*/*/*/*/gap=1ms/senders=2"},
		{"*/pipe/wait=*", "*/pipe/*/*/*/wait=*"},
	};
	struct selector selector;
	char text[SELECTOR_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(selector_parse(cases[i].text, &selector), 0);
		assert_string_equal(selector_format(&selector, text), cases[i].formatted);
	}
}

static void test_malformed(void **state)
{
	static const char *const texts[] = {
		"", "/", "a//b", "a/", "a/b/c/d/e/f", "a/x=1", "a/idle=", "a/=1"};
	char longest[300];
	struct selector selector;

	(void)state;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(selector_parse(texts[i], &selector), -EINVAL);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(selector_parse(longest, &selector), -EINVAL);
}

static void test_fill(void **state)
{
	struct selector selector;
	char text[SELECTOR_TEXT_MAX];

	(void)state;
	assert_int_equal(selector_parse("pingpong/*/thread", &selector), 0);
	selector_fill(&selector, PATTERN_SUBJECT, "pipe");
	selector_fill(&selector, PATTERN_EXEC, "process");
	selector_fill(&selector, PATTERN_SIZE, "1KiB");
	selector_fill(&selector, PATTERN_WAIT, "park");
	assert_string_equal(
		selector_format(&selector, text), "pingpong/pipe/thread/*/1KiB/wait=park");
	/* All of them is a wish of its own. */
	assert_int_equal(selector_parse("pingpong/wait=*", &selector), 0);
	selector_fill(&selector, PATTERN_WAIT, "park");
	assert_string_equal(selector.value[PATTERN_WAIT], "*");
}

static void test_matches(void **state)
{
	static const char cell[] = "pingpong/shm_ring/process/same_l3/64B/wait=park";
	static const struct {
		const char *text;
		bool matches;
	} cases[] = {
		{"pingpong", true},
		{"*/shm_*/process", true},
		{"pingpong/shm_ring/process/same_l3/64B", true},
		{"pingpong/wait=park", true},
		{"pingpong/wait=p*", true},
		{"pingpong/idle=*", true},
		{"pingpong/idle=free", false},
		{"stream", false},
		{"pingpong/shm_ring/thread", false},
	};
	struct selector selector;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(selector_parse(cases[i].text, &selector), 0);
		assert_int_equal(selector_matches(&selector, cell), cases[i].matches);
	}
}

static void test_two_cores(void **state)
{
	static const struct {
		const char *machine, *placement;
	} cases[] = {
		{"pack:1 l3:1 core:2 pu:1", "same_l3"},
		{"pack:1 l3:1 l2:1 core:2 pu:1", "same_l2"},
		{"pack:2 core:1 pu:1", "cross_"},
		{"pack:1 core:1 pu:1", "same_l3"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct selector selector;
		struct topo *topo;
		assert_int_equal(topo_load_synthetic(cases[i].machine, &topo), 0);
		assert_int_equal(selector_parse("*/*/*/two_cores", &selector), 0);
		selector_resolve(&selector, topo);
		assert_memory_equal(selector.value[PATTERN_PLACEMENT], cases[i].placement,
			strlen(cases[i].placement));
		topo_free(topo);
	}
}

static void test_seconds(void **state)
{
	static const struct {
		const char *text;
		double seconds; /* 0: not a duration */
	} cases[] = {{"1", 1}, {"0.5", 0.5}, {"90s", 90}, {"500ms", 0.5}, {"2min", 120},
		{"1h", 3600}, {"", 0}, {"0", 0}, {"-1", 0}, {"1e3", 0}, {"inf", 0}, {"nan", 0},
		{"0x10", 0}, {"1d", 0}, {"s", 0}, {"1 s", 0}, {"9999999999", 0}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double seconds = -1;
		int r = value_seconds("x", cases[i].text, &seconds);
		assert_int_equal(r, cases[i].seconds > 0 ? 0 : -EINVAL);
		if (r == 0)
			assert_true(seconds == cases[i].seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_two_cores),
		cmocka_unit_test(test_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
