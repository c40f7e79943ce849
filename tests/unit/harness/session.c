/*
 * A session with a transport that misbehaves in one way: what a user then reads must name the side
 * and the reason, and come in time.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../cmocka_prelude.h"
#include "base/clock.h"
#include "base/error.h"
#include "harness/session.h"
#include "measure/cycles.h"
#include "os/proc.h"
#include "transport/transport.h"

/* A pipe that does one thing wrong at its Nth message. */
enum fault { FAULT_NONE, FAULT_HANG, FAULT_DIE, FAULT_FAIL, FAULT_CORRUPT, FAULT_LEAK };

static struct {
	enum fault fault;
	unsigned at, side;
} plan;

struct faulty {
	unsigned side, messages;
	_Alignas(64) unsigned char inner[TRANSPORT_STATE_MAX / 2];
};

static const struct transport *inner(void)
{
	return transport_find("pipe");
}

static int faulty_open(void *state, const struct transport_options *options)
{
	struct faulty *faulty = state;
	if (plan.fault == FAULT_LEAK)
		assert_true(dup(0) >= 0);
	return inner()->open(faulty->inner, options);
}

static int faulty_attach(void *state, unsigned side)
{
	struct faulty *faulty = state;
	faulty->side = side;
	return inner()->attach(faulty->inner, side);
}

static int faulty_send(void *state, const void *message, size_t n)
{
	struct faulty *faulty = state;
	return inner()->send(faulty->inner, message, n);
}

static int faulty_recv(void *state, void *message, size_t n)
{
	struct faulty *faulty = state;
	int r = inner()->recv(faulty->inner, message, n);

	if (faulty->side != plan.side || ++faulty->messages != plan.at)
		return r;
	if (plan.fault == FAULT_HANG)
		for (;;)
			pause();
	if (plan.fault == FAULT_DIE)
		raise(SIGKILL);
	if (plan.fault == FAULT_FAIL)
		return fail(-EIO, "the wire is cut");
	if (plan.fault == FAULT_CORRUPT)
		((unsigned char *)message)[n - 1] ^= 1;
	return r;
}

static void faulty_close(void *state)
{
	struct faulty *faulty = state;
	inner()->close(faulty->inner);
}

static const struct transport transport_faulty = {
	.name = "faulty",
	.summary = "a pipe with a fault",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct faulty),
	.open = faulty_open,
	.attach = faulty_attach,
	.send = faulty_send,
	.recv = faulty_recv,
	.close = faulty_close,
};

static struct topo *topo;

/* Shared with the child whose last words they are. */
static char *last_words;

static void emergency(void *context, const char *message)
{
	(void)context;
	if (last_words)
		snprintf(last_words, 4096, "%s", message);
}

/* Opens, runs and finishes; the first error, whose message is then in `message`. */
static int live(const char *name, enum fault fault, unsigned at, unsigned side, char message[512])
{
	struct session_options options = {.deadline_ns = NS_PER_S, .emergency = emergency};
	struct session_result result = {0};
	struct session *session = NULL;
	struct cell cell;

	plan.fault = fault;
	plan.at = at;
	plan.side = side;
	assert_int_equal(cell_parse(&cell, name, topo), 0);
	cell.subject.name = transport_faulty.name;
	cell.subject.capabilities = transport_faulty.capabilities;
	cell.subject.member = &transport_faulty;
	int r = session_open(&session, &cell, topo, &options);
	if (r >= 0) {
		r = session_run(session, 1000, &result);
		free(result.hist);
		if (r >= 0)
			r = session_finish(session);
		snprintf(message, 512, "%s", error_message(r));
		session_free(session);
	} else {
		snprintf(message, 512, "%s", error_message(r));
	}
	return r;
}

static void expect(const char *message, const char *part)
{
	if (!strstr(message, part))
		flunk("'%s' is not in '%s'", part, message);
}

static const char process_cell[] = "pingpong/pipe/process/same_pu/64B/idle=free";
static const char thread_cell[] = "pingpong/pipe/thread/same_pu/64B/idle=free";

static int fail_in_a_thread(void *argument)
{
	char message[512];
	(void)argument;
	live(thread_cell, FAULT_FAIL, 50, 0, message);
	return 0;
}

static void test_a_good_one(void **state)
{
	char message[512];
	(void)state;

	assert_int_equal(live(process_cell, FAULT_NONE, 0, 0, message), 0);
	assert_int_equal(live(thread_cell, FAULT_NONE, 0, 0, message), 0);
}

static void test_a_result(void **state)
{
	struct session_options options = {.deadline_ns = NS_PER_S, .emergency = emergency};
	struct session_result result;
	struct session *session;
	struct cell cell;
	(void)state;

	assert_int_equal(
		cell_parse(&cell, "fan_in/pipe/process/same_pu/64B/idle=free/senders=3", topo), 0);
	assert_int_equal(session_open(&session, &cell, topo, &options), 0);
	assert_int_equal(session_run(session, 500, &result), 0);
	assert_int_equal(result.iterations, 500);
	assert_int_equal(result.messages, 1500);
	assert_int_equal(result.side_count, 4);
	assert_int_equal(result.hist->total, 1500);
	assert_true(result.elapsed_ns > 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(result.sides[i].usage.cpu, result.sides[i].wanted_cpu);
		assert_true(result.sides[i].usage.cpu_ns > 0);
		assert_true((i == 0) == (result.sides[i].pid == getpid()));
	}
	free(result.hist);
	assert_int_equal(session_finish(session), 0);
	session_free(session);
}

static double fact(const struct session_result *result, const char *name)
{
	for (unsigned i = 0; i < result->facts.count; i++)
		if (strcmp(result->facts.facts[i].name, name) == 0)
			return result->facts.facts[i].value;
	return -1;
}

/* Receivers that share an end: all of it arrives, and the time is the last one's. */
static void test_shared_ends(void **state)
{
	static const char *const names[] = {
		"fan_out/posix_mq/process/free/64B/idle=free/receivers=3",
		("many_to_many/unix_seqpacket/process/free/64B/touch=full/idle=free/senders=2/"
		 "receivers=3"),
		"many_to_many/sysv_mq/thread/free/8B/touch=header/idle=free/senders=3/receivers=2",
	};
	static const unsigned messages[] = {3, 6, 6}, sides[] = {4, 5, 5};
	struct session_options options = {.deadline_ns = 5 * NS_PER_S, .emergency = emergency};
	struct session_result result;
	struct session *session;
	struct cell cell;
	(void)state;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(cell_parse(&cell, names[i], topo), 0);
		assert_int_equal(session_open(&session, &cell, topo, &options), 0);
		/* The end marks of a run must not reach into the next one. */
		for (unsigned run = 0; run < 3; run++) {
			assert_int_equal(session_run(session, 1 + 100 * run, &result), 0);
			assert_int_equal(result.messages, messages[i] * (1 + 100 * run));
			assert_int_equal(result.side_count, sides[i]);
			assert_true(result.elapsed_ns > 0);
			double fairness = fact(&result, "fairness");
			assert_true(fairness >= 0 && fairness <= 1);
			free(result.hist);
		}
		assert_int_equal(session_finish(session), 0);
		session_free(session);
	}
}

static void test_a_hang_is_named_in_time(void **state)
{
	char message[512];
	(void)state;

	int64_t begin = clock_ns();
	assert_int_equal(live(process_cell, FAULT_HANG, 50, 1, message), -ETIMEDOUT);
	/* The deadline is 1 s; more than that, but not much. */
	assert_true(clock_ns() - begin < 5 * NS_PER_S);
	expect(message, "no end after 1.");
	expect(message, "side 0 ");
	expect(message, "is in read()");
	expect(message, "side 1 ");
}

static void test_a_death_is_named(void **state)
{
	char message[512];
	(void)state;

	assert_true(live(process_cell, FAULT_DIE, 50, 1, message) < 0);
	expect(message, "side");
	if (!strstr(message, "died") && !strstr(message, "killed by signal 9"))
		flunk("no death in '%s'", message);
}

static void test_an_error_of_the_peer_is_named(void **state)
{
	char message[512];
	(void)state;

	assert_int_equal(live(process_cell, FAULT_FAIL, 50, 1, message), -EIO);
	expect(message, "side 1: the wire is cut");
	assert_int_equal(live(process_cell, FAULT_FAIL, 50, 0, message), -EIO);
	expect(message, "side 0: the wire is cut");
}

/* Of a thread that hangs since its peer has failed, only the end of the process gets rid; the last
 * words are the first error. */
static void test_a_thread_that_hangs_ends_the_process(void **state)
{
	struct proc proc;
	int status;
	(void)state;

	last_words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(proc_start(&proc, fail_in_a_thread, NULL), 0);
	assert_int_equal(proc_join(&proc, deadline_after_ms(10000), &status), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
	expect(last_words, "side 0: the wire is cut; side 1 is a thread that hangs");
	munmap(last_words, 4096);
	last_words = NULL;
}

static void test_a_wrong_byte_is_seen(void **state)
{
	char message[512];
	(void)state;

	assert_int_equal(live(process_cell, FAULT_CORRUPT, 1, 1, message), -EBADMSG);
	expect(message, "the payload is not what was sent");
	assert_int_equal(live(process_cell, FAULT_CORRUPT, 1, 0, message), -EBADMSG);
}

static void test_a_leak_is_seen(void **state)
{
	char message[512];
	(void)state;

	assert_int_equal(live(process_cell, FAULT_LEAK, 0, 0, message), -EMFILE);
	expect(message, "faulty left 1 descriptors open");
}

static int load(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	(void)state;
	sigaction(SIGPIPE, &ignore, NULL);
	cycles_init();
	return topo_load(&topo);
}

static int unload(void **state)
{
	(void)state;
	topo_free(topo);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_one),
		cmocka_unit_test(test_a_result),
		cmocka_unit_test(test_shared_ends),
		cmocka_unit_test(test_a_hang_is_named_in_time),
		cmocka_unit_test(test_a_death_is_named),
		cmocka_unit_test(test_an_error_of_the_peer_is_named),
		cmocka_unit_test(test_a_thread_that_hangs_ends_the_process),
		cmocka_unit_test(test_a_wrong_byte_is_seen),
		cmocka_unit_test(test_a_leak_is_seen),
	};
	return cmocka_run_group_tests_name("harness/session", tests, load, unload);
}
