/*
 * Is the instrument true? Everything is compared side by side, interleaved, by medians of many
 * short samples, because the machine is shared and noisy; a comparison that misses its mark is
 * repeated (ATTEMPTS), since a burst of foreign load lasts longer than one of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_prelude.h"
#include "bare.h"
#include "base/clock.h"
#include "base/error.h"
#include "delay.h"
#include "harness/cell.h"
#include "harness/session.h"
#include "measure/cycles.h"
#include "measure/stats.h"
#include "os/idle.h"
#include "topo/bind.h"

enum { ATTEMPTS = 5, PAIRS = 25, ITERATIONS = 4000, PROCESSES = 11, PROCESS_PAIRS = 9 };

static struct topo *topo;

static void emergency(void *context, const char *message)
{
	(void)context;
	fprintf(stderr, "%s\n", message);
	abort();
}

static struct session *open_cell(const char *name, const struct transport *subject)
{
	struct session_options options = {.deadline_ns = 20 * NS_PER_S, .emergency = emergency};
	struct session *session = NULL;
	struct cell cell;

	int r = cell_parse(&cell, name, topo);
	if (r >= 0 && subject)
		cell.subject.member = subject;
	if (r >= 0)
		r = session_open(&session, &cell, topo, &options);
	if (r < 0)
		flunk("%s: %s", name, error_message(r));
	return session;
}

static void close_cell(struct session *session)
{
	int r = session_finish(session);
	if (r < 0)
		flunk("%s", error_message(r));
	session_free(session);
}

/* ns per round trip, from the histogram's median and from the elapsed time. */
static double run(struct session *session, uint64_t iterations, double *ret_p50)
{
	struct session_result result;
	int r = session_run(session, iterations, &result);

	if (r < 0)
		flunk("%s", error_message(r));
	*ret_p50 = (double)hist_quantile_ps(result.hist, 0.5) / 1e3;
	free(result.hist);
	return (double)result.elapsed_ns / (double)iterations;
}

/* A cell name with idle=held where this machine permits it: the less noise the better. */
static const char *with_idle(char *buffer, size_t size, const char *name)
{
	const char *reason;

	snprintf(buffer, size, "%s%s", name, idle_can_hold(&reason) ? "" : "/idle=free");
	return buffer;
}

static double median(double *values, size_t n)
{
	stats_sort(values, n);
	return stats_median(values, n);
}

/* The closest two CPUs, for sides that spin; PLACEMENTS where there is one only. */
static enum placement two_cpus(void)
{
	for (unsigned p = PLACEMENT_SMT; p < PLACEMENT_FREE; p++)
		if (placement_seats(topo, (enum placement)p) >= 2)
			return (enum placement)p;
	return PLACEMENTS;
}

/* Median over pairs of (delayed - plain), in ns, from histograms. */
static double measure_delay(enum placement placement)
{
	char path[64], name[128];
	double differences[PAIRS];

	snprintf(path, sizeof(path), "pingpong/shm_spin/process/%s/64B", placement_name(placement));
	with_idle(name, sizeof(name), path);
	for (unsigned i = 0; i < PAIRS; i++) {
		double plain, delayed;
		struct session *session = open_cell(name, NULL);
		run(session, ITERATIONS, &plain);
		close_cell(session);
		session = open_cell(name, &transport_delay);
		run(session, ITERATIONS / 4, &delayed);
		close_cell(session);
		differences[i] = delayed - plain;
	}
	return median(differences, PAIRS);
}

static void test_delay_moves_the_median(void **state)
{
	enum placement placement = two_cpus();
	double moved = 0;
	(void)state;

	if (placement == PLACEMENTS) {
		print_message("skipped: two sides that spin need two CPUs\n");
		skip();
	}

	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		moved = measure_delay(placement);
		print_message("a delay of 10 us moves the median by %.3f us\n", moved / 1e3);
		if (moved > 9500 && moved < 10500)
			return;
	}
	flunk("a delay of 10 us moved the median by %.3f us", moved / 1e3);
}

/* harness / bare in one process: the median over interleaved pairs. */
static double bare_ratio(void)
{
	char name[128];
	double ratios[PROCESS_PAIRS];
	int cpus[2];

	int r = placement_resolve(topo, PLACEMENT_SAME_PU, 2, cpus);
	assert_true(r >= 0);
	with_idle(name, sizeof(name), "pingpong/pipe/process/same_pu/64B");
	for (unsigned i = 0; i < PROCESS_PAIRS; i++) {
		double p50;
		struct session *session = open_cell(name, NULL);
		double harness = run(session, ITERATIONS, &p50);
		close_cell(session);
		double bare = bare_pipe_pingpong(cpus[0], 64, ITERATIONS);
		assert_true(bare > 0);
		assert_true(bind_free(topo) >= 0);
		ratios[i] = harness / bare;
	}
	return median(ratios, PROCESS_PAIRS);
}

/* The same of a fresh process: what a pair shows depends on where the process happens to lie in
 * memory, by 1 % and for as long as it lives. */
static double bare_ratio_of_a_process(void)
{
	int ends[2], status;
	double ratio = 0;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl("/proc/self/exe", "test_instrument", "--bare-ratio", NULL);
		_exit(127);
	}
	close(ends[1]);
	FILE *in = fdopen(ends[0], "r");
	assert_non_null(in);
	int read = fscanf(in, "%lf", &ratio);
	fclose(in);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (read != 1 || status != 0)
		flunk("the process that measures has failed");
	return ratio;
}

/* At most 2 % apart: fails when several intervals in a row lie outside of that. What remains is an
 * indirect call per operation, whose target no predictor knows after a switch of process, and
 * recording the sample. */
static void test_pipe_costs_what_a_bare_loop_costs(void **state)
{
	double ratios[PROCESSES], level, middle = 0;
	(void)state;

	size_t k = stats_median_interval(PROCESSES, 0.95, &level);
	assert_true(k > 0);
	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		for (unsigned i = 0; i < PROCESSES; i++)
			ratios[i] = bare_ratio_of_a_process();
		middle = median(ratios, PROCESSES);
		double low = ratios[k - 1], high = ratios[PROCESSES - k];
		print_message("harness / bare loop: %.4f [%.4f, %.4f]\n", middle, low, high);
		if (high > 0.98 && low < 1.02)
			return;
	}
	flunk("the harness' pipe ping-pong takes %.4f times a bare loop's", middle);
}

/* The one absolute figure: the floor of every table has to be below what it is a floor of. The
 * histogram's median is what an undisturbed batch takes. */
static void test_null_is_a_floor(void **state)
{
	char name[128];
	double p50 = 0;
	(void)state;

	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		with_idle(name, sizeof(name), "pingpong/null/process/free/64B");
		struct session *session = open_cell(name, NULL);
		run(session, 10000000, &p50);
		close_cell(session);
		print_message("null: %.2f ns a round trip\n", p50);
		if (p50 <= 5)
			return;
	}
	flunk("a round trip of null takes %.2f ns", p50);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null_is_a_floor),
		cmocka_unit_test(test_delay_moves_the_median),
		cmocka_unit_test(test_pipe_costs_what_a_bare_loop_costs),
	};

	cycles_init();
	if (topo_load(&topo) < 0)
		return 1;
	if (argc == 2 && strcmp(argv[1], "--bare-ratio") == 0)
		return printf("%.6f\n", bare_ratio()) < 0;
	int failed = cmocka_run_group_tests_name("instrument/harness", tests, NULL, NULL);
	topo_free(topo);
	return failed;
}
