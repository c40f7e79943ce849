/*
 * The suite is tested: the decorator that changes nothing passes all checks, and each mutation is
 * found, under its right name, by the check that is there for it.
 */
#include "base/error.h"
#undef fail /* cmocka has one too */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "conformance.h"
#include "mutant.h"

enum { MUTANTS_MAX = 32, HANG_LIMIT_MS = 1000 };

struct mutant_case {
	const struct mutant *mutant;
	bool threads;
	char name[96];
};

static void print_findings(const struct board *board)
{
	for (unsigned i = 0; i < FINDINGS_MAX; i++)
		if (atomic_load(&board->findings[i].is_whole))
			printf("# %s: %s\n", board->findings[i].name, board->findings[i].text);
	fflush(stdout);
}

static void expect_good(const struct mutant *mutant, bool threads)
{
	for (const struct check *check = checks; check->name; check++) {
		struct cell cell;
		if (!check_applies(check, &mutant->transport, threads))
			continue;
		assert_int_equal(cell_open(&cell, &mutant->transport, threads), 0);
		cell.seed = 1;
		assert_int_equal(check_run(check, &cell), 0);
		bool has_failed = cell_failed(&cell);
		print_findings(cell.board);
		cell_close(&cell);
		if (has_failed)
			fail_msg("%s: the good one is found guilty by %s", mutant->transport.name,
				check->name);
	}
}

static void test_mutant(void **state)
{
	const struct mutant_case *c = *state;
	const struct mutant *mutant = c->mutant;
	struct cell cell;

	if (!mutant->finding) {
		expect_good(mutant, c->threads);
		return;
	}
	for (const struct check *check = checks; check->name; check++) {
		if (strcmp(check->name, mutant->check) != 0)
			continue;
		assert_int_equal(cell_open(&cell, &mutant->transport, c->threads), 0);
		cell.seed = 1;
		if (strcmp(mutant->finding, "hang") == 0)
			cell.limit_ms = HANG_LIMIT_MS;
		assert_int_equal(check_run(check, &cell), 0);
		bool is_found = board_has(cell.board, mutant->finding);
		print_findings(cell.board);
		cell_close(&cell);
		if (!is_found)
			fail_msg("%s does not find '%s' in %s", check->name, mutant->finding,
				mutant->transport.name);
		return;
	}
	fail_msg("there is no check named %s", mutant->check);
}

static bool is_possible(const struct mutant *mutant, bool threads)
{
	for (const struct check *check = checks; mutant->check && check->name; check++)
		if (strcmp(check->name, mutant->check) == 0)
			return check_applies(check, &mutant->transport, threads);
	return true;
}

int main(void)
{
	static struct mutant_case cases[2 * MUTANTS_MAX];
	static struct CMUnitTest tests[2 * MUTANTS_MAX];
	unsigned count = 0;

	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	for (unsigned i = 0; mutants[i].transport.name && i < MUTANTS_MAX; i++) {
		for (int threads = 0; threads < 2; threads++) {
			struct mutant_case *c = &cases[count];
			if (!is_possible(&mutants[i], threads))
				continue;
			*c = (struct mutant_case){.mutant = &mutants[i], .threads = threads};
			snprintf(c->name, sizeof(c->name), "%s/%s/%s", mutants[i].transport.name,
				threads ? "thread" : "process",
				mutants[i].check ? mutants[i].check : "all");
			tests[count++] = (struct CMUnitTest){
				.name = c->name, .test_func = test_mutant, .initial_state = c};
		}
	}
	int r = audit_open();
	if (r < 0) {
		error_print(stderr, "mutant", r);
		return 1;
	}
	r = _cmocka_run_group_tests("mutant", tests, count, NULL, NULL);
	audit_close();
	return r != 0;
}
