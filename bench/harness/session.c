#include "harness/session.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "harness/foreign.h"
#include "harness/session_impl.h"
#include "mp/shared.h"
#include "os/fd.h"
#include "os/idle.h"
#include "topo/bind.h"

/* A warm-up round lasts at least this long, and two neighbours agree within 5 % when it is over. */
#define WARM_UP_ROUND_NS (2 * NS_PER_MS)
#define WARM_UP_LIMIT_NS (25 * NS_PER_MS)
#define WARM_UP_TOLERANCE 0.05

/* Recording a sample costs the clock and the histogram; together at most this share. */
#define RECORD_SHARE 0.01
#define HISTOGRAM_NS 4.0
#define BATCH_MAX 65536

/* Zeroed, on cache lines of its own. */
static void *allocate(size_t bytes)
{
	void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

	return memory ? memset(memory, 0, bytes) : NULL;
}

/* ---- opening ---- */

static int start_side(void *side)
{
	return side_main(side);
}

static int start_sides(struct session *session)
{
	const struct exec_member *exec = exec_of(session);
	int r = 0;

	for (unsigned i = 0; i < session->side_count; i++) {
		struct instance *instance = &session->instance;
		if (exec->threads) {
			session->copies[i] = session->instance;
			instance = &session->copies[i];
		}
		session->sides[i] = (struct side){
			.cell = &session->cell,
			.topo = session->topo,
			.board = board_of(session),
			.instance = instance,
			.index = i,
			/* A script binds its sides itself. */
			.cpu = session->cell.subject.foreign ? -1 : session->cpus[i],
		};
	}
	/* Side 0 attaches last: a process then drops what the others have inherited. */
	for (unsigned i = 1; r >= 0 && i < session->side_count; i++)
		r = exec->start(&session->started[i], start_side, &session->sides[i]);
	if (r < 0)
		return trace(r);
	session->attached = true;
	r = side_init(&session->sides[0]);
	for (unsigned i = 1; r >= 0 && i < session->side_count; i++)
		r = session_await(session, i, &board_of(session)->reports[i].ready, 1,
			clock_ns() + session->options.deadline_ns);
	return trace(r);
}

/* That the peers are who they should be. */
static int check_identity(const struct session *session)
{
	const struct side_report *reports = board_of(session)->reports;

	for (unsigned i = 1; i < session->side_count; i++) {
		bool same_process = reports[i].facts.pid == reports[0].facts.pid;
		if (same_process != exec_of(session)->threads ||
			reports[i].facts.tid == reports[0].facts.tid)
			return fail(-EXDEV, "side %u is not a %s of its own", i,
				exec_name(session->cell.exec));
	}
	return 0;
}

/* The time from the first begin to side 0's end, or the last one's; of wakeup, what it has counted.
 */
static int64_t elapsed_of(const struct session *session)
{
	const struct side_report *reports = board_of(session)->reports;
	int64_t begin = INT64_MAX, end = reports[0].end_ns;

	if (reports[0].busy_ns)
		return reports[0].busy_ns;
	for (unsigned i = 0; i < session->side_count; i++) {
		if (reports[i].begin_ns && reports[i].begin_ns < begin)
			begin = reports[i].begin_ns;
		if (session->cell.workload->all_end && reports[i].end_ns > end)
			end = reports[i].end_ns;
	}
	return end - begin;
}

static bool has_fixed_iterations(const struct cell *cell)
{
	return cell->workload->iterations && cell->workload->iterations(cell) > 0;
}

/* Rounds until two in a row agree; sets the batch that recording needs. */
static int warm_up(struct session *session)
{
	uint64_t iterations = 1;
	double per_operation = 0;
	int64_t started = clock_ns();
	bool fixed = has_fixed_iterations(&session->cell);

	for (;;) {
		int r = session_turn(session, SIDE_RUN, iterations, "warm-up");
		if (r < 0)
			return trace(r);
		int64_t elapsed = elapsed_of(session);
		double before = per_operation;
		per_operation = (double)elapsed / (double)iterations;
		bool steady = before > 0 && per_operation > before * (1 - WARM_UP_TOLERANCE) &&
			      per_operation < before * (1 + WARM_UP_TOLERANCE);
		bool spent = clock_ns() - started > WARM_UP_LIMIT_NS;
		if (fixed || (elapsed >= WARM_UP_ROUND_NS && steady) || spent)
			break;
		if (elapsed < WARM_UP_ROUND_NS)
			iterations *= elapsed < WARM_UP_ROUND_NS / 10 ? 10 : 2;
	}
	double cost = cycles_info()->read_ns + HISTOGRAM_NS;
	/* A sample is of one step of the loop on side 0: of a fan-in, a message of any sender. */
	double steps = session->cell.workload->throughput
			       ? (double)cell_param(&session->cell, PARAM_SENDERS, 1)
			       : 1;
	double batch = cost / RECORD_SHARE * steps / (per_operation > 0.01 ? per_operation : 0.01);
	session->batch = fixed || batch < 1  ? 1
			 : batch > BATCH_MAX ? BATCH_MAX
					     : (unsigned)batch + 1;
	return 0;
}

static int probe(const struct session *session, struct probe_result *ret)
{
	*ret = (struct probe_result){.state = PROBE_BUSY};
	return trace(probe_run(session->cpus[0], session->cpus[1], ret));
}

static int prepare(struct session *session)
{
	const struct cell *cell = &session->cell;

	if (cell->reason[0])
		return fail(-EOPNOTSUPP, "%s", cell->reason);
	int r = cell_cpus(cell, session->topo, session->cpus);
	if (r >= 0 && cell->idle == IDLE_HELD)
		r = session->idle_fd = idle_hold();
	if (r < 0)
		return trace(r);
	session->probed = session->seat_count > 1 && session->cpus[0] >= 0 &&
			  session->cpus[0] != session->cpus[1];
	if (session->probed)
		r = probe(session, &session->probe_before);
	if (r >= 0)
		r = shm_open_anonymous(&session->board_memory, sizeof(struct side_board));
	session->copies = allocate(session->side_count * sizeof(struct instance));
	if (r >= 0 && !session->copies)
		r = fail(-ENOMEM, "no memory for %u sides", session->side_count);
	if (r < 0)
		return trace(r);
	if (getrandom(&board_of(session)->seed, sizeof(uint64_t), 0) < 0)
		board_of(session)->seed = (uint64_t)clock_ns();
	/* libmp keeps the first memory that a process makes; made now, it is nobody's leftover. */
	mp_shared_free(mp_shared_new(1));
	session->fds_before = fd_count();
	session->instance.cell = &session->cell;
	session->instance.sides = session->side_count;
	session->instance.threads = exec_of(session)->threads;
	session->instance.cpus = session->cpus;
	session->instance.seats = session->seat_count;
	session->instance.deadline_ns = session->options.deadline_ns;
	session->instance.seed = board_of(session)->seed;
	r = watch_start(&session->watch, session->options.emergency, session->options.context);
	if (r < 0)
		return trace(r);
	return trace(instance_open(&session->instance));
}

static int open_all(struct session *session)
{
	int r = prepare(session);

	if (r >= 0)
		r = start_sides(session);
	if (r >= 0)
		r = check_identity(session);
	if (r >= 0)
		r = session_turn(session, SIDE_VERIFY, 0, "verify");
	if (r >= 0)
		r = warm_up(session);
	return trace(r);
}

int session_open(struct session **ret_session, const struct cell *cell, const struct topo *topo,
	const struct session_options *options)
{
	struct session *session = allocate(sizeof(*session));

	if (!session)
		return fail(-ENOMEM, "no memory for a session");
	session->cell = *cell;
	session->topo = topo;
	session->options = *options;
	session->side_count = cell_sides(cell);
	session->seat_count = cell_seats(cell);
	session->idle_fd = -1;
	int r = open_all(session);
	if (r < 0) {
		session_free(session);
		return trace(r);
	}
	*ret_session = session;
	return 0;
}

/* ---- running ---- */

/* The sum over the sides, by name. */
static void facts_add(struct fact_list *sum, const struct fact_list *facts)
{
	for (unsigned i = 0; i < facts->count; i++) {
		double before = 0;
		for (unsigned j = 0; j < sum->count; j++)
			if (strcmp(sum->facts[j].name, facts->facts[i].name) == 0)
				before = sum->facts[j].value;
		fact_list_put(sum, facts->facts[i].name, before + facts->facts[i].value);
	}
}

int session_run(struct session *session, uint64_t iterations, struct session_result *ret_result)
{
	struct hist *hist = calloc(1, sizeof(*hist));

	if (!hist)
		return fail(-ENOMEM, "no memory for a histogram");
	session->sides[0].hist = hist;
	session->sides[0].batch = session->batch;
	int r = session_turn(session, SIDE_RUN, iterations, "run");
	session->sides[0].hist = NULL;
	if (r < 0) {
		free(hist);
		return trace(r);
	}
	*ret_result = (struct session_result){
		.iterations = iterations,
		.messages = iterations * cell_operations(&session->cell),
		.elapsed_ns = elapsed_of(session),
		.batch = session->sides[0].load.batch,
		.hist = hist,
		.side_count = session->side_count,
	};
	for (unsigned i = 0; i < session->side_count; i++) {
		ret_result->sides[i] = board_of(session)->reports[i].facts;
		facts_add(&ret_result->facts, &board_of(session)->reports[i].outcome);
	}
	if (session->cell.subject.foreign)
		foreign_report(session->sides[0].instance, ret_result);
	return 0;
}

int session_count(struct session *session, uint64_t iterations)
{
	struct perf perf = PERF_NULL;

	/* What a script does, it does in processes of its own. */
	if (session->cell.subject.foreign)
		return 0;
	int present = perf_open(&perf, PERF_HARDWARE, false);
	perf_close(&perf);
	if (present == 0)
		return 0;
	int r = session_turn(session, SIDE_COUNT, iterations, "count");
	return r < 0 ? trace(r) : 1;
}

const struct perf_values *session_counters(const struct session *session, unsigned side)
{
	return &board_of(session)->reports[side].counters;
}

const struct probe_result *session_probe_before(const struct session *session)
{
	return session->probed ? &session->probe_before : NULL;
}

const struct probe_result *session_probe_after(const struct session *session)
{
	return session->probed && session->finished ? &session->probe_after : NULL;
}

/* ---- the end ---- */

static int stop_sides(struct session *session)
{
	int worst = 0;

	session_post(session, SIDE_STOP, 0);
	for (unsigned i = 1; i < session->side_count; i++) {
		if (!session->started[i].started)
			continue;
		int r = exec_of(session)->join(&session->started[i], deadline_after_ms(5000));
		if (r < 0 && worst >= 0) {
			char why[SIDE_MESSAGE_MAX];
			snprintf(why, sizeof(why), "%s", error_message(r));
			worst = fail(r, "side %u did not end: %s", i, why);
		}
	}
	return worst;
}

/* Whether the process is as it was before the subject was opened. */
static int audit(const struct session *session)
{
	int fds = fd_count();

	if (fds > session->fds_before)
		return fail(-EMFILE, "%s left %d descriptors open", session->cell.subject.name,
			fds - session->fds_before);
	if (waitpid(-1, NULL, WNOHANG) >= 0)
		return fail(-ECHILD, "%s left a child process", session->cell.subject.name);
	return 0;
}

/* Side 0 closes what is its own. */
static void leave(struct session *session)
{
	if (session->attached)
		side_deinit(&session->sides[0]);
	session->attached = false;
}

int session_finish(struct session *session)
{
	int r = session_turn(session, SIDE_VERIFY, 0, "verify after the run");

	/* To the watchdog a side that ends has died. */
	watch_stop(TAKE_PTR(session->watch));
	if (r >= 0)
		r = stop_sides(session);
	leave(session);
	instance_close(&session->instance);
	int bound = bind_free(session->topo);
	if (r >= 0)
		r = bound;
	if (r >= 0)
		r = audit(session);
	session->finished = r >= 0;
	if (r >= 0 && session->probed)
		r = probe(session, &session->probe_after);
	return trace(r);
}

/* A thread that still hangs in the subject would use what is about to be freed, and cannot be ended
 * but with the process. */
static void join_or_exit(struct session *session, unsigned i)
{
	char message[SIDE_MESSAGE_MAX + 128];

	if (!session->started[i].started ||
		exec_of(session)->join(&session->started[i], deadline_after_ms(5000)) != -ETIMEDOUT)
		return;
	snprintf(message, sizeof(message), "%s; side %u is a thread that hangs in %s",
		session->error, i, session->cell.subject.name);
	session->options.emergency(session->options.context, message);
	_exit(EXIT_FAILURE);
}

void session_free(struct session *session)
{
	if (!session)
		return;
	watch_stop(session->watch);
	for (unsigned i = 1; i < session->side_count; i++)
		exec_of(session)->kill(&session->started[i]);
	/* Threads that wait for the next turn; processes are gone. */
	if (session->attached)
		session_post(session, SIDE_STOP, 0);
	leave(session);
	for (unsigned i = 1; i < session->side_count; i++)
		join_or_exit(session, i);
	instance_close(&session->instance);
	bind_free(session->topo);
	fd_close(&session->idle_fd);
	shm_close(&session->board_memory);
	free(session->copies);
	free(session);
}
