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
#include "harness/exec.h"
#include "harness/side.h"
#include "harness/watch.h"
#include "os/fd.h"
#include "os/futex.h"
#include "os/idle.h"
#include "os/shm.h"
#include "topo/bind.h"

/* A warm-up round lasts at least this long, and two neighbours agree within 5 % when it is over. */
#define WARM_UP_ROUND_NS (2 * NS_PER_MS)
#define WARM_UP_LIMIT_NS (60 * NS_PER_MS)
#define WARM_UP_TOLERANCE 0.05

/* Recording a sample costs the clock and the histogram; together at most this share. */
#define RECORD_SHARE 0.01
#define HISTOGRAM_NS 4.0
#define BATCH_MAX 65536

struct session {
	struct cell cell;
	const struct topo *topo;
	struct session_options options;
	unsigned side_count;
	int cpus[TRANSPORT_SIDES_MAX];
	struct shm board_memory;
	struct channel channel; /* the opener's */
	/* Of threads: each has a copy of the channel. Side 0 uses the opener's where the others are
	 * processes. */
	struct channel *copies;
	struct side sides[TRANSPORT_SIDES_MAX];
	struct exec_side started[TRANSPORT_SIDES_MAX];
	struct watch *watch;
	int idle_fd, fds_before;
	bool attached, finished, probed;
	struct probe_result probe_before, probe_after;
	unsigned batch;
	char error[SIDE_MESSAGE_MAX]; /* of the turn that failed */
};

static struct side_board *board_of(const struct session *session)
{
	return session->board_memory.data;
}

static const struct exec_member *exec_of(const struct session *session)
{
	return execs[session->cell.exec];
}

static int64_t phase_deadline(const struct session *session, uint64_t iterations)
{
	return clock_ns() + session->options.deadline_ns +
	       2 * (int64_t)iterations * session->cell.gap_ns;
}

static void begin_phase(struct session *session, const char *phase, int64_t deadline_ns)
{
	struct watch_side sides[TRANSPORT_SIDES_MAX];

	for (unsigned i = 0; i < session->side_count; i++) {
		const struct session_side *facts = &board_of(session)->reports[i].facts;
		sides[i] = (struct watch_side){
			.pid = facts->pid,
			.tid = facts->tid,
		};
	}
	watch_begin(session->watch, phase, sides, session->side_count, deadline_ns);
}

/* ---- one turn of all sides ---- */

/* Waits until side i has said that word == value; an error when it has died instead. */
static int await(struct session *session, unsigned i, _Atomic uint32_t *word, uint32_t value,
	int64_t deadline_ns)
{
	struct side_report *report = &board_of(session)->reports[i];
	struct proc *proc = &session->started[i].proc;
	uint32_t seen;

	while ((seen = atomic_load(word)) != value) {
		if (atomic_load(&report->done) == UINT32_MAX)
			return fail(report->r, "side %u: %s", i, report->message);
		if (clock_ns() >= deadline_ns)
			return fail(-ETIMEDOUT, "side %u (pid %d) does not answer", i,
				report->facts.pid);
		if (proc->pid && proc_has_ended(proc->pidfd) && atomic_load(word) != value) {
			int r = exec_of(session)->join(&session->started[i], clock_ns());
			char why[SIDE_MESSAGE_MAX];
			snprintf(why, sizeof(why), "%s", r < 0 ? error_message(r) : "it ended");
			return fail(-ECHILD, "side %u: %s", i, why);
		}
		futex_wait(word, seen, deadline_after_ms(20));
	}
	return 0;
}

/* The error of a turn: what the watchdog has to say comes first, then a side that died or failed by
 * itself; -EPIPE at another side is only its echo. */
static int turn_error(struct session *session, int r, const char *hung)
{
	char why[SIDE_MESSAGE_MAX];

	snprintf(why, sizeof(why), "side 0: %s", r < 0 ? error_message(r) : "");
	if (hung)
		return fail(-ETIMEDOUT, "%s", hung);
	for (unsigned i = 1; i < session->side_count; i++) {
		int other = await(session, i, &board_of(session)->reports[i].done,
			atomic_load(&board_of(session)->turn), deadline_after_ms(500));
		if (other >= 0)
			other = board_of(session)->reports[i].r;
		if (other == -ECHILD)
			return other;
		if (other < 0 && other != -ETIMEDOUT && (r >= 0 || r == -EPIPE)) {
			snprintf(why, sizeof(why), "side %u: %s", i,
				board_of(session)->reports[i].message);
			r = other;
		}
	}
	return fail(r, "%s", why);
}

/* Gives the command to all sides but 0; returns the turn's number. */
static uint32_t post(struct session *session, enum side_command command, uint64_t iterations)
{
	struct side_board *board = board_of(session);

	board->command = command;
	board->iterations = iterations;
	/* Publishes the command; pairs with the sides' load of `turn`. */
	uint32_t number = atomic_fetch_add(&board->turn, 1) + 1;
	futex_wake(&board->turn, INT32_MAX);
	return number;
}

static int turn(
	struct session *session, enum side_command command, uint64_t iterations, const char *phase)
{
	struct side_board *board = board_of(session);
	int64_t deadline_ns = phase_deadline(session, iterations);

	begin_phase(session, phase, deadline_ns);
	uint32_t number = post(session, command, iterations);
	int r = side_execute(&session->sides[0], command);
	bool failed = r < 0;
	for (unsigned i = 1; !failed && i < session->side_count; i++) {
		r = await(session, i, &board->reports[i].done, number, deadline_ns);
		failed = r < 0 || board->reports[i].r < 0;
	}
	const char *hung = watch_end(session->watch);
	if (!failed && !hung)
		return 0;
	r = turn_error(session, r, hung);
	snprintf(session->error, sizeof(session->error), "%s", error_message(r));
	return r;
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
		struct channel *channel = &session->channel;
		if (exec->threads) {
			session->copies[i] = session->channel;
			channel = &session->copies[i];
		}
		session->sides[i] = (struct side){
			.cell = &session->cell,
			.topo = session->topo,
			.board = board_of(session),
			.channel = channel,
			.index = i,
			.cpu = session->cpus[i],
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
		r = await(session, i, &board_of(session)->reports[i].ready, 1,
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

/* The time from the first begin to side 0's end; of wakeup, what it has counted. */
static int64_t elapsed_of(const struct session *session)
{
	const struct side_report *reports = board_of(session)->reports;
	int64_t begin = INT64_MAX;

	if (reports[0].busy_ns)
		return reports[0].busy_ns;
	for (unsigned i = 0; i < session->side_count; i++)
		if (reports[i].begin_ns && reports[i].begin_ns < begin)
			begin = reports[i].begin_ns;
	return reports[0].end_ns - begin;
}

/* Rounds until two in a row agree; sets the batch that recording needs. */
static int warm_up(struct session *session)
{
	uint64_t iterations = 1;
	double per_operation = 0;
	int64_t started = clock_ns();

	for (;;) {
		int r = turn(session, SIDE_RUN, iterations, "warm-up");
		if (r < 0)
			return trace(r);
		int64_t elapsed = elapsed_of(session);
		double before = per_operation;
		per_operation = (double)elapsed / (double)iterations;
		bool steady = before > 0 && per_operation > before * (1 - WARM_UP_TOLERANCE) &&
			      per_operation < before * (1 + WARM_UP_TOLERANCE);
		bool spent = clock_ns() - started > WARM_UP_LIMIT_NS;
		if (session->cell.gap_ns || (elapsed >= WARM_UP_ROUND_NS && steady) || spent)
			break;
		if (elapsed < WARM_UP_ROUND_NS)
			iterations *= elapsed < WARM_UP_ROUND_NS / 10 ? 10 : 2;
	}
	double cost = cycles_info()->read_ns + HISTOGRAM_NS;
	double messages = session->cell.workload->needs_senders ? session->cell.senders : 1;
	double batch =
		cost / RECORD_SHARE * messages / (per_operation > 0.01 ? per_operation : 0.01);
	session->batch = session->cell.gap_ns || batch < 1 ? 1
			 : batch > BATCH_MAX               ? BATCH_MAX
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
	session->probed = session->cpus[0] >= 0 && session->cpus[0] != session->cpus[1];
	if (session->probed)
		r = probe(session, &session->probe_before);
	if (r >= 0)
		r = shm_open_anonymous(&session->board_memory, sizeof(struct side_board));
	session->copies = calloc(session->side_count, sizeof(struct channel));
	if (r >= 0 && !session->copies)
		r = fail(-ENOMEM, "no memory for %u sides", session->side_count);
	if (r < 0)
		return trace(r);
	if (getrandom(&board_of(session)->seed, sizeof(uint64_t), 0) < 0)
		board_of(session)->seed = (uint64_t)clock_ns();
	session->fds_before = fd_count();
	struct transport_options options = {
		.message_max_bytes = cell->size_bytes,
		.sides = session->side_count,
		.threads = exec_of(session)->threads,
		.wait = cell->wait,
	};
	r = watch_start(&session->watch, session->options.emergency, session->options.context);
	if (r < 0)
		return trace(r);
	return trace(channel_open(&session->channel, cell->subject, &options));
}

static int open_all(struct session *session)
{
	int r = prepare(session);

	if (r >= 0)
		r = start_sides(session);
	if (r >= 0)
		r = check_identity(session);
	if (r >= 0)
		r = turn(session, SIDE_VERIFY, 0, "verify");
	if (r >= 0)
		r = warm_up(session);
	return trace(r);
}

int session_open(struct session **ret_session, const struct cell *cell, const struct topo *topo,
	const struct session_options *options)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return fail(-ENOMEM, "no memory for a session");
	session->cell = *cell;
	session->topo = topo;
	session->options = *options;
	session->side_count = cell_sides(cell);
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

int session_run(struct session *session, uint64_t iterations, struct session_result *ret_result)
{
	struct hist *hist = calloc(1, sizeof(*hist));

	if (!hist)
		return fail(-ENOMEM, "no memory for a histogram");
	session->sides[0].hist = hist;
	session->sides[0].batch = session->batch;
	int r = turn(session, SIDE_RUN, iterations, "run");
	session->sides[0].hist = NULL;
	if (r < 0) {
		free(hist);
		return trace(r);
	}
	*ret_result = (struct session_result){
		.iterations = iterations,
		.messages = iterations *
			    (session->cell.workload->needs_senders ? session->cell.senders : 1),
		.elapsed_ns = elapsed_of(session),
		.batch = session->batch,
		.hist = hist,
		.side_count = session->side_count,
	};
	for (unsigned i = 0; i < session->side_count; i++)
		ret_result->sides[i] = board_of(session)->reports[i].facts;
	return 0;
}

int session_count(struct session *session, uint64_t iterations)
{
	struct perf perf = PERF_NULL;

	int present = perf_open(&perf, PERF_HARDWARE, false);
	perf_close(&perf);
	if (present == 0)
		return 0;
	int r = turn(session, SIDE_COUNT, iterations, "count");
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

	post(session, SIDE_STOP, 0);
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

/* Whether the process is as it was before the channel was made. */
static int audit(const struct session *session)
{
	int fds = fd_count();

	if (fds > session->fds_before)
		return fail(-EMFILE, "%s left %d descriptors open", session->cell.subject->name,
			fds - session->fds_before);
	if (waitpid(-1, NULL, WNOHANG) >= 0)
		return fail(-ECHILD, "%s left a child process", session->cell.subject->name);
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
	int r = turn(session, SIDE_VERIFY, 0, "verify after the run");

	/* To the watchdog a side that ends has died. */
	watch_stop(TAKE_PTR(session->watch));
	if (r >= 0)
		r = stop_sides(session);
	leave(session);
	channel_close(&session->channel);
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

/* A thread that still hangs in the channel would use what is about to be freed, and cannot be ended
 * but with the process. */
static void join_or_exit(struct session *session, unsigned i)
{
	char message[SIDE_MESSAGE_MAX + 128];

	if (!session->started[i].started ||
		exec_of(session)->join(&session->started[i], deadline_after_ms(2000)) != -ETIMEDOUT)
		return;
	snprintf(message, sizeof(message), "%s; side %u is a thread that hangs in the channel",
		session->error, i);
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
	leave(session);
	for (unsigned i = 1; i < session->side_count; i++)
		join_or_exit(session, i);
	channel_close(&session->channel);
	bind_free(session->topo);
	fd_close(&session->idle_fd);
	shm_close(&session->board_memory);
	free(session->copies);
	free(session);
}
