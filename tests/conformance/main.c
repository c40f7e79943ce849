/*
 * conformance [--transport=GLOB] [--exec=process|thread] [--check=GLOB] [--seed=N] [--list]
 *
 * Walks the registry: every transport × exec that it can do × check is a case of its own. Nobody
 * volunteers, so nobody is forgotten; what this machine cannot run is skipped with the reason.
 */
#include "base/error.h"
#undef fail /* cmocka has one too */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fnmatch.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "conformance.h"

enum { CASES_MAX = 4096, NAME_MAX_BYTES = 96, EXIT_SKIPPED = 77 };

struct test_case {
	const struct transport *transport;
	const struct check *check; /* NULL: probe() has failed */
	bool threads;
	char name[NAME_MAX_BYTES];
	char reason[TRANSPORT_REASON_MAX];
};

static struct test_case cases[CASES_MAX];
static struct CMUnitTest tests[CASES_MAX];
static unsigned case_count, skip_count;

static const char *transport_glob = "*", *exec_glob = "*", *check_glob = "*";
static uint64_t seed;
static bool list_only;

/* cmocka's own output owns stdout, which may be TAP: a remark there is a comment. */
static void remark(const struct test_case *c, const char *name, const char *text)
{
	printf("# %s: %s%s%s\n", c->name, name, name[0] ? ": " : "", text);
	fflush(stdout);
}

static void run_case(void **state)
{
	struct test_case *c = *state;
	struct cell cell;

	if (!c->check) {
		remark(c, "skipped", c->reason);
		skip();
	}
	int r = cell_open(&cell, c->transport, c->threads);
	if (r < 0)
		fail_msg("%s: %s", c->name, error_message(r));
	cell.seed = seed;
	int64_t start_ns = clock_ns();
	r = check_run(c->check, &cell);
	if (r < 0)
		board_found(cell.board, "failed", "%s", error_message(r));
	unsigned count = atomic_load(&cell.board->finding_count);
	for (unsigned i = 0; i < FINDINGS_MAX; i++)
		if (atomic_load(&cell.board->findings[i].is_whole))
			remark(c, cell.board->findings[i].name, cell.board->findings[i].text);
	if (cell.board->note[0])
		remark(c, "", cell.board->note);
	if (clock_ns() - start_ns > NS_PER_S / 2)
		printf("# %s: %.1f s\n", c->name, (double)(clock_ns() - start_ns) * 1e-9);
	cell_close(&cell);
	if (count > 0)
		fail_msg("%s: %u findings, see above; again with --seed=%" PRIu64, c->name, count,
			seed);
}

static struct test_case *add_case(
	const struct transport *transport, bool threads, const struct check *check)
{
	struct test_case *c = &cases[case_count];

	if (case_count == CASES_MAX)
		abort();
	*c = (struct test_case){.transport = transport, .check = check, .threads = threads};
	snprintf(c->name, sizeof(c->name), "%s/%s/%s", transport->name,
		threads ? "thread" : "process", check ? check->name : "probe");
	tests[case_count++] =
		(struct CMUnitTest){.name = c->name, .test_func = run_case, .initial_state = c};
	return c;
}

static void add_cases(const struct transport *transport, bool threads)
{
	struct transport_limits limits;

	if (fnmatch(transport_glob, transport->name, 0) != 0 ||
		fnmatch(exec_glob, threads ? "thread" : "process", 0) != 0 ||
		!(transport->capabilities & (threads ? TRANSPORT_THREAD : TRANSPORT_PROCESS)))
		return;
	int r = transport_probe(transport, &limits);
	if (r < 0) {
		struct test_case *c = add_case(transport, threads, NULL);
		snprintf(c->reason, sizeof(c->reason), "%s",
			limits.reason[0] ? limits.reason : error_message(r));
		skip_count++;
		return;
	}
	for (const struct check *check = checks; check->name; check++)
		if (check_applies(check, transport, threads) &&
			fnmatch(check_glob, check->name, 0) == 0)
			add_case(transport, threads, check);
}

static void usage(int status)
{
	printf("usage: conformance [--transport=GLOB] [--exec=process|thread] [--check=GLOB] "
	       "[--seed=N] [--list]\n");
	exit(status);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"transport", required_argument, NULL, 't'},
		{"exec", required_argument, NULL, 'e'},
		{"check", required_argument, NULL, 'c'},
		{"seed", required_argument, NULL, 's'},
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't':
			transport_glob = optarg;
			break;
		case 'e':
			exec_glob = optarg;
			break;
		case 'c':
			check_glob = optarg;
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			list_only = true;
			break;
		default:
			usage(option == 'h' ? 0 : 2);
		}
	}
	if (optind < argc)
		usage(2);
}

int main(int argc, char **argv)
{
	seed = (uint64_t)clock_ns() % 1000000007;
	parse(argc, argv);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	for (unsigned i = 0; transports[i]; i++)
		for (int threads = 0; threads < 2; threads++)
			add_cases(transports[i], threads);
	for (unsigned i = 0; list_only && i < case_count; i++)
		puts(cases[i].name);
	if (list_only)
		return 0;
	if (case_count == 0) {
		printf("1..0 # SKIP no transport and check of that name\n");
		return EXIT_SKIPPED;
	}
	int r = audit_open();
	if (r < 0) {
		error_print(stderr, "conformance", r);
		return 1;
	}
	printf("# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	r = _cmocka_run_group_tests("conformance", tests, case_count, NULL, NULL);
	audit_close();
	return r != 0;
}
