/*
 * The status of a worker: it counts its steps in a shared value, the caller looks at it every
 * millisecond, and when the worker's time is up, ends it: a process by SIGTERM, wherever it is (it
 * may hold the value's lock: libmp's locks outlive that); a thread, which nothing can end, by an
 * event that it looks at between two steps.
 *
 * What is verified: the steps that are seen never go back, some are seen, the worker is gone soon
 * after its time was up, and a process was ended by the signal and by nothing else.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include "base/clock.h"
#include "base/error.h"
#include "harness/scenario.h"
#include "mp/event.h"
#include "mp/value.h"
#include "scenario/crew.h"

/* What the worker is given, and how often it is looked at. */
#define TIME_NS (20 * NS_PER_MS)
#define LOOK_NS NS_PER_MS
#define STEP_NS (200 * NS_PER_US)

/* Generous: the end of a process takes some 100 us, but machines are busy. */
#define LATE_MAX_NS (5 * NS_PER_S)

struct status {
	int64_t *progress;
	struct mp_event *stop;
	struct crew crew;
};

/* What was seen of one worker. */
struct watched {
	int64_t steps, changes, late_ns;
	int exit_code;
};

static int status_open(void *state, const struct load *load)
{
	struct status *status = state;

	status->progress = mp_value_new(int64_t, 0);
	status->stop = mp_event_new();
	if (!status->progress || !status->stop)
		return fail(-ENOMEM, "no memory for a value and an event");
	return trace(crew_open(&status->crew, load));
}

static void status_close(void *state)
{
	struct status *status = state;

	/* Threads see it. */
	if (status->stop)
		mp_event_set(status->stop);
	crew_close(&status->crew);
	mp_event_free(status->stop);
	mp_value_free(status->progress);
	*status = (struct status){0};
}

/* Goes on until it is ended; at the latest when everybody else has given up. */
static int work(void *context, unsigned index)
{
	struct status *status = context;

	(void)index;
	while (mp_event_wait(status->stop, STEP_NS) < 0) {
		mp_value_add(status->progress, 1);
		if (clock_ns() > status->crew.deadline_ns)
			return fail(-ETIMEDOUT, "nobody has ended the worker");
	}
	return 0;
}

/* Until its time is up, and longer if nothing has been seen yet. */
static int watch(struct status *status, int64_t begin_ns, struct watched *watched)
{
	int64_t deadline_ns = begin_ns + TIME_NS;

	for (int64_t now = begin_ns; now < deadline_ns || watched->changes == 0;) {
		clock_sleep_until(now + LOOK_NS);
		now = clock_ns();
		int64_t steps = mp_value_get(status->progress);
		if (steps < watched->steps)
			return fail(-EPROTO, "the progress went from %" PRId64 " back to %" PRId64,
				watched->steps, steps);
		watched->changes += steps > watched->steps;
		watched->steps = steps;
		if (now > begin_ns + LATE_MAX_NS)
			return fail(-ETIMEDOUT, "no progress was seen in 5 s");
	}
	return 0;
}

static int end(struct status *status, struct watched *watched)
{
	int64_t begin_ns = clock_ns();
	int r;

	if (status->crew.threads) {
		mp_event_set(status->stop);
		r = crew_join(&status->crew, NULL);
	} else {
		r = crew_terminate(&status->crew, 0, &watched->exit_code);
		if (r >= 0 && watched->exit_code != -SIGTERM)
			r = fail(-EPROTO, "the worker ended with %d and not by SIGTERM",
				watched->exit_code);
	}
	watched->late_ns = clock_ns() - begin_ns;
	if (r >= 0 && watched->late_ns > LATE_MAX_NS)
		r = fail(-EPROTO, "the worker ended %d ms after its time was up",
			(int)(watched->late_ns / NS_PER_MS));
	return trace(r);
}

static int watch_one(struct status *status, struct watched *watched)
{
	*watched = (struct watched){0};
	*status->progress = 0;
	mp_event_clear(status->stop);
	int r = crew_start(&status->crew, 1, work, status);
	if (r >= 0)
		r = watch(status, crew_go(&status->crew), watched);
	if (r >= 0)
		r = end(status, watched);
	return trace(r);
}

static int status_run(struct load *load)
{
	struct status *status = load->state;
	double steps = 0, changes = 0;
	struct watched watched;

	load->begin_ns = clock_ns();
	for (uint64_t i = 0; i < load->iterations; i++) {
		int r = watch_one(status, &watched);
		if (r < 0)
			return trace(r);
		load->busy_ns += watched.late_ns;
		if (load->hist)
			hist_record(load->hist, watched.late_ns * 1000, 1);
		steps += (double)watched.steps;
		changes += (double)watched.changes;
	}
	load->end_ns = clock_ns();
	load_fact(load, "steps", steps / (double)load->iterations);
	load_fact(load, "seen", changes / (double)load->iterations);
	load_fact(load, "exit_code", watched.exit_code);
	load_fact(load, "verdict_ok", 1);
	return 0;
}

const struct scenario scenario_status_value = {
	.name = "value",
	.summary = "progress in a shared value (mp_value), ended by SIGTERM or an event",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_STATUS,
	.state_bytes = sizeof(struct status),
	.open = status_open,
	.run = status_run,
	.close = status_close,
};
