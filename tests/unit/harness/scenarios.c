/*
 * Every scenario lives through a session in each of its forms, with few of everything: its outcome
 * is as promised, its facts are there, and nothing is left, no descriptor and no descendant. And an
 * outcome that is wrong fails the cell: a lock that does not lock, a queue that loses or doubles, a
 * server that does not answer in capitals, a worker that is killed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../cmocka_prelude.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "harness/cell.h"
#include "harness/session.h"
#include "measure/cycles.h"
#include "mp/shared.h"
#include "os/fd.h"
#include "scenario/consumers.h"
#include "scenario/talk.h"
#include "scenario/terminal.h"
#include "scenario/ticket.h"

/* What goes wrong without a lock goes wrong nearly always; by luck it may not. */
enum { TRIES = 20, ITERATIONS = 10, MESSAGE_MAX = 512 };

static struct topo *topo;

static void emergency(void *context, const char *message)
{
	(void)context;
	fprintf(stderr, "%s\n", message);
}

/* The first error, whose message is then in `message`; else 0, and the result. */
static int live(const struct cell *cell, struct session_result *ret_result, char *message)
{
	struct session_options options = {.deadline_ns = 30 * NS_PER_S, .emergency = emergency};
	const struct workload *workload = cell->workload;
	uint64_t iterations = workload->iterations ? workload->iterations(cell) : ITERATIONS;
	struct session *session = NULL;

	int r = session_open(&session, cell, topo, &options);
	if (r >= 0)
		r = session_run(session, iterations, ret_result);
	if (r >= 0) {
		assert_true(ret_result->elapsed_ns > 0);
		assert_true(ret_result->hist->total > 0);
		free(ret_result->hist);
		r = session_finish(session);
	}
	snprintf(message, MESSAGE_MAX, "%s", r < 0 ? error_message(r) : "");
	session_free(session);
	/* Orphans are ours: see main(). */
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		flunk("%s: there are processes left", cell->name);
	return r;
}

static double fact(const struct session_result *result, const char *name)
{
	for (unsigned i = 0; i < result->facts.count; i++)
		if (strcmp(result->facts.facts[i].name, name) == 0)
			return result->facts.facts[i].value;
	flunk("there is no fact '%s'", name);
	return 0;
}

static bool is_without_lock(const struct cell *cell)
{
	return workload_param(cell->workload, PARAM_LOCK) &&
	       cell->params[PARAM_LOCK] == PARAM_LOCK_OFF;
}

/* All cells of the pattern; how many. `what` is a fact that each must have. */
static size_t each_cell(const char *pattern, const char *what)
{
	_cleanup_(cell_list_free) struct cell_list list = {0};
	struct session_result result;
	char message[MESSAGE_MAX];
	size_t count = 0;

	assert_true(cell_list_add(&list, pattern, topo) >= 0);
	for (size_t i = 0; i < list.count; i++) {
		const struct cell *cell = &list.cells[i];
		if (cell->reason[0])
			continue;
		int fds = fd_count();
		if (live(cell, &result, message) < 0)
			flunk("%s: %s", cell->name, message);
		assert_int_equal(fd_count(), fds);
		bool ok = fact(&result, "verdict_ok") == 1;
		if (!is_without_lock(cell) && !ok)
			flunk("%s: the verdict is not ok", cell->name);
		if (is_without_lock(cell) && ok != (fact(&result, what) == 0))
			flunk("%s: the verdict is not that of '%s'", cell->name, what);
		fact(&result, what);
		count++;
	}
	return count;
}

static void test_ticket(void **state)
{
	(void)state;
	/* Three stocks, two forms, with and without. */
	assert_int_equal(each_cell("ticket/*/*/free/buyers=10/tickets=3/*", "oversold"), 12);
	/* More tickets than buyers: all get one, and nothing is oversold. */
	assert_int_equal(each_cell("ticket/*/*/free/buyers=3/tickets=10/lock=on", "sold"), 6);
	/* In waves. */
	assert_int_equal(
		each_cell("ticket/value/thread/free/buyers=600/tickets=3/lock=on", "sold"), 1);
}

static void test_producer_consumer(void **state)
{
	(void)state;
	assert_int_equal(each_cell("producer_consumer/*/*/free/consumers=1/*", "items"), 8);
	assert_int_equal(each_cell("producer_consumer/*/*/free/consumers=5/*", "items"), 8);
}

static void test_terminal(void **state)
{
	(void)state;
	assert_int_equal(each_cell("terminal/*/*/free/workers=3/*", "torn"), 8);
}

static void test_status(void **state)
{
	(void)state;
	assert_int_equal(each_cell("status/*/*/free", "steps"), 2);
}

static void test_talk(void **state)
{
	(void)state;
	/* Without io_uring, eight of ten. */
	assert_true(each_cell("talk/*/*/free/connections=1", "answers") >= 8);
	assert_true(each_cell("talk/*/*/free/connections=20", "connections_per_s") >= 8);
}

/* ---- what is shown without a lock ---- */

static void expect_shown(const char *name, const char *what)
{
	struct session_result result;
	char message[MESSAGE_MAX];
	struct cell cell;

	assert_true(cell_parse(&cell, name, topo) >= 0);
	for (unsigned i = 0; i < TRIES; i++) {
		if (live(&cell, &result, message) < 0)
			flunk("%s: %s", name, message);
		if (fact(&result, what) > 0)
			return;
	}
	flunk("%s: no run of %d shows '%s'", name, TRIES, what);
}

static void test_what_goes_wrong_is_shown(void **state)
{
	(void)state;
	expect_shown("ticket/value/process/free/buyers=10/tickets=3/lock=off", "oversold");
	expect_shown("ticket/file/thread/free/buyers=10/tickets=3/lock=off", "doubled");
	expect_shown("ticket/queue/process/free/buyers=10/tickets=3/lock=off", "oversold");
	expect_shown("terminal/pty/process/free/workers=4/lock=off", "torn");
	expect_shown("terminal/pipe/thread/free/workers=4/lock=off", "torn");
}

/* ---- those that do not do what they promise ---- */

/* The cell, with one that has been tampered with in place of its subject's member. */
static void expect_failure(const char *name,
	int (*tampered_open)(void *state, const struct load *load), int wanted, const char *part)
{
	struct session_result result;
	char message[MESSAGE_MAX] = "";
	struct cell cell;
	int r = 0;

	assert_true(cell_parse(&cell, name, topo) >= 0);
	struct scenario liar = *(const struct scenario *)cell.subject.member;
	liar.open = tampered_open;
	cell.subject.member = &liar;
	for (unsigned i = 0; r == 0 && i < TRIES; i++)
		r = live(&cell, &result, message);
	if (r != wanted || !strstr(message, part))
		flunk("%s: %d and '%s' instead of %d and '%s'", name, r, message, wanted, part);
}

/* The member's own open(). */
static int open_of(unsigned capability, const char *name, void *state, const struct load *load)
{
	struct subject subject;

	assert_true(subject_find(&family_scenario, capability, name, &subject));
	return ((const struct scenario *)subject.member)->open(state, load);
}

static int nothing(struct buyer *buyer)
{
	(void)buyer;
	return 0;
}

static int die(struct buyer *buyer)
{
	(void)buyer;
	raise(SIGKILL);
	return 0;
}

static struct stock tampered_stock;

static int tamper_with_stock(
	void *state, const char *name, const struct load *load, int (*acquire)(struct buyer *))
{
	struct ticket *ticket = state;
	int r = open_of(SCENARIO_TICKET, name, state, load);

	tampered_stock = *ticket->stock;
	tampered_stock.acquire = acquire;
	tampered_stock.release = nothing;
	ticket->stock = &tampered_stock;
	return r;
}

static int open_value_unlocked(void *state, const struct load *load)
{
	return tamper_with_stock(state, "value", load, nothing);
}

static int open_queue_unlocked(void *state, const struct load *load)
{
	return tamper_with_stock(state, "queue", load, nothing);
}

static int open_value_deadly(void *state, const struct load *load)
{
	return tamper_with_stock(state, "value", load, die);
}

static void test_an_office_whose_lock_does_not_lock(void **state)
{
	(void)state;
	expect_failure("ticket/value/process/free/buyers=10/tickets=3/lock=on", open_value_unlocked,
		-EPROTO, "oversold in spite of the lock");
	expect_failure("ticket/value/thread/free/buyers=10/tickets=3/lock=on", open_value_unlocked,
		-EPROTO, "oversold in spite of the lock");
	expect_failure("ticket/queue/thread/free/buyers=10/tickets=3/lock=on", open_queue_unlocked,
		-EPROTO, "in spite of the lock");
}

static void test_a_worker_that_is_killed(void **state)
{
	(void)state;
	expect_failure("ticket/value/process/free/buyers=4/tickets=3/lock=on", open_value_deadly,
		-ECHILD, "ended with -9");
}

static int no_terminal_lock(struct terminal *terminal)
{
	(void)terminal;
	return 0;
}

static int open_terminal_unlocked(void *state, const struct load *load)
{
	struct terminal *terminal = state;
	int r = open_of(SCENARIO_TERMINAL, "pty", state, load);

	terminal->acquire = terminal->release = no_terminal_lock;
	return r;
}

static void test_a_terminal_whose_lock_does_not_lock(void **state)
{
	(void)state;
	expect_failure("terminal/pty/process/free/workers=4/lock=on", open_terminal_unlocked,
		-EPROTO, "torn in spite of the lock");
	expect_failure("terminal/pty/thread/free/workers=4/lock=on", open_terminal_unlocked,
		-EPROTO, "torn in spite of the lock");
}

static struct consumers_queue tampered_queue;
static int (*honest_put)(struct consumers *consumers, uint64_t item, int64_t timeout_ns);

static int put_all_but_one(struct consumers *consumers, uint64_t item, int64_t timeout_ns)
{
	return item == 1 ? 0 : honest_put(consumers, item, timeout_ns);
}

static int put_one_twice(struct consumers *consumers, uint64_t item, int64_t timeout_ns)
{
	int r = item == 1 ? honest_put(consumers, item, timeout_ns) : 0;

	return r < 0 ? r : honest_put(consumers, item, timeout_ns);
}

/* As many as there should be, and yet wrong. */
static int put_one_for_another(struct consumers *consumers, uint64_t item, int64_t timeout_ns)
{
	return honest_put(consumers, item == 1 ? 2 : item, timeout_ns);
}

static int tamper_with_queue(void *state, const struct load *load,
	int (*put)(struct consumers *consumers, uint64_t item, int64_t timeout_ns))
{
	struct consumers *consumers = state;
	int r = open_of(SCENARIO_CONSUMERS, "mp_queue", state, load);

	tampered_queue = *consumers->queue;
	honest_put = tampered_queue.put;
	tampered_queue.put = put;
	consumers->queue = &tampered_queue;
	return r;
}

static int open_lossy(void *state, const struct load *load)
{
	return tamper_with_queue(state, load, put_all_but_one);
}

static int open_doubling(void *state, const struct load *load)
{
	return tamper_with_queue(state, load, put_one_twice);
}

static int open_confusing(void *state, const struct load *load)
{
	return tamper_with_queue(state, load, put_one_for_another);
}

static void test_a_queue_that_loses_or_doubles(void **state)
{
	const char *name = "producer_consumer/mp_queue/process/free/consumers=2/end=sentinel";
	(void)state;

	expect_failure(name, open_lossy, -EPROTO, "some were lost");
	expect_failure(name, open_doubling, -EPROTO, "some came twice");
	expect_failure(name, open_confusing, -EPROTO, "others came twice");
}

/* Sends back what it hears. */
static int echo(void *context, unsigned index)
{
	char text[TALK_BYTES_MAX];
	ssize_t n;
	int fd;

	(void)index;
	while (talk_accept(context, &fd) > 0) {
		while ((n = recv(fd, text, sizeof(text), 0)) > 0)
			if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
				break;
		fd_close(&fd);
	}
	return 0;
}

static int open_echo(void *state, const struct load *load)
{
	return talk_open(state, load, echo, 1);
}

static void test_a_server_that_does_not_answer_in_capitals(void **state)
{
	(void)state;
	expect_failure("talk/epoll/process/free/connections=1", open_echo, -EPROTO, "is not 'CONN");
	expect_failure("talk/epoll/thread/free/connections=1", open_echo, -EPROTO, "is not 'CONN");
}

static int load(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	(void)state;
	sigaction(SIGPIPE, &ignore, NULL);
	cycles_init();
	/* libmp keeps the first memory that a process makes. */
	mp_shared_free(mp_shared_new(1));
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
		cmocka_unit_test(test_ticket),
		cmocka_unit_test(test_producer_consumer),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_what_goes_wrong_is_shown),
		cmocka_unit_test(test_an_office_whose_lock_does_not_lock),
		cmocka_unit_test(test_a_worker_that_is_killed),
		cmocka_unit_test(test_a_terminal_whose_lock_does_not_lock),
		cmocka_unit_test(test_a_queue_that_loses_or_doubles),
		cmocka_unit_test(test_a_server_that_does_not_answer_in_capitals),
	};

	/* What a scenario's processes leave behind becomes our child, and is found. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests_name("harness/scenarios", tests, load, unload);
}
