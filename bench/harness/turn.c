/*
 * A turn: side 0 posts a command on the board, carries it out itself, and waits until every other
 * side has said done. It fails when a side reports an error, dies or hangs; the sentence that comes
 * out names the one that began, not those that saw its end as -EPIPE.
 */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "harness/session_impl.h"
#include "os/futex.h"

static int64_t phase_deadline(const struct session *session, uint64_t iterations)
{
	return clock_ns() + session->options.deadline_ns +
	       2 * (int64_t)iterations * cell_param(&session->cell, PARAM_GAP, 0);
}

static void begin_phase(struct session *session, const char *phase, int64_t deadline_ns)
{
	struct watch_side sides[SIDES_MAX];

	for (unsigned i = 0; i < session->side_count; i++) {
		const struct session_side *facts = &board_of(session)->reports[i].facts;
		sides[i] = (struct watch_side){
			.pid = facts->pid,
			.tid = facts->tid,
		};
	}
	watch_begin(session->watch, phase, sides, session->side_count, deadline_ns);
}

int session_await(struct session *session, unsigned i, _Atomic uint32_t *word, uint32_t value,
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

	snprintf(why, sizeof(why), "%s%s", session->side_count > 1 ? "side 0: " : "",
		r < 0 ? error_message(r) : "");
	if (hung)
		return fail(-ETIMEDOUT, "%s", hung);
	for (unsigned i = 1; i < session->side_count; i++) {
		int other = session_await(session, i, &board_of(session)->reports[i].done,
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

uint32_t session_post(struct session *session, enum side_command command, uint64_t iterations)
{
	struct side_board *board = board_of(session);

	board->command = command;
	board->iterations = iterations;
	/* Publishes the command; pairs with the sides' load of `turn`. */
	uint32_t number = atomic_fetch_add(&board->turn, 1) + 1;
	futex_wake(&board->turn, INT32_MAX);
	return number;
}

int session_turn(
	struct session *session, enum side_command command, uint64_t iterations, const char *phase)
{
	struct side_board *board = board_of(session);
	int64_t deadline_ns = phase_deadline(session, iterations);

	begin_phase(session, phase, deadline_ns);
	uint32_t number = session_post(session, command, iterations);
	int r = side_execute(&session->sides[0], command);
	bool failed = r < 0;
	for (unsigned i = 1; !failed && i < session->side_count; i++) {
		r = session_await(session, i, &board->reports[i].done, number, deadline_ns);
		failed = r < 0 || board->reports[i].r < 0;
	}
	if (!failed) {
		r = side_conclude(&session->sides[0], command);
		failed = r < 0;
	}
	const char *hung = watch_end(session->watch);
	if (!failed && !hung)
		return 0;
	r = turn_error(session, r, hung);
	snprintf(session->error, sizeof(session->error), "%s", error_message(r));
	return r;
}
