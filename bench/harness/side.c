#include "harness/side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "harness/foreign.h"
#include "os/futex.h"
#include "topo/bind.h"

static int message_make(struct side *side)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (side->cell->size_bytes + page - 1) / page * page;

	if (bytes == 0)
		return 0;
	side->load.message = aligned_alloc(page, bytes);
	if (!side->load.message)
		return fail(-ENOMEM, "no memory for a message of %zu bytes", bytes);
	/* Touched now, so that no page fault is measured. */
	memset(side->load.message, (int)side->index, bytes);
	return 0;
}

static void load_make(struct side *side)
{
	const struct instance *instance = side->instance;

	side->load = (struct load){
		.side = side->index,
		.sides = instance->sides,
		.threads = side->cell->exec == EXEC_THREAD,
		.size_bytes = side->cell->size_bytes,
		.touch = side->cell->touch,
		.cpus = instance->cpus,
		.cpu_count = instance->seats,
		.seed = side->board->seed,
		.shared = side->board->shared,
	};
	memcpy(side->load.params, side->cell->params, sizeof(side->load.params));
}

int side_init(struct side *side)
{
	struct side_report *report = &side->board->reports[side->index];
	const struct workload *workload = side->cell->workload;
	const struct family *family = subject_life(&side->cell->subject);

	int r = bind_cpu(side->topo, side->cpu);
	if (r < 0)
		return trace(r);
	load_make(side);
	r = message_make(side);
	if (r < 0)
		return trace(r);
	report->facts.pid = getpid();
	report->facts.tid = gettid();
	report->facts.wanted_cpu = side->cpu;
	side->instance->side = side->index;
	r = family->attach(side->instance);
	if (r >= 0)
		r = family->bind(side->instance, &side->load);
	if (r < 0)
		return trace(r);
	side->prepared = !side->cell->subject.foreign;
	r = side->prepared && workload->prepare ? workload->prepare(&side->load) : 0;
	if (r < 0)
		return trace(r);
	atomic_store(&report->ready, 1);
	futex_wake(&report->ready, 1);
	return 0;
}

void side_deinit(struct side *side)
{
	const struct workload *workload = side->cell->workload;

	if (side->prepared && workload->finish)
		workload->finish(&side->load);
	side->prepared = false;
	instance_close(side->instance);
	free(side->load.message);
	side->load.message = NULL;
}

/* ---- the workload ---- */

static void read_facts(struct side *side, struct session_side *facts)
{
	const struct family *family = subject_life(&side->cell->subject);

	facts->facts.count = 0;
	if (family->facts)
		family->facts(side->instance, fact_list_put, &facts->facts);
}

/* The hub goes last: when it begins, the others are about to receive or send. */
static void await_others(struct side *side)
{
	uint32_t turn = atomic_load(&side->board->turn), seen;

	for (unsigned i = 1; i < side->load.sides; i++) {
		struct side_report *other = &side->board->reports[i];
		while ((seen = atomic_load(&other->ready)) != turn &&
			atomic_load(&other->done) != turn)
			futex_wait(&other->ready, seen, deadline_after_ms(100));
	}
}

static int run(struct side *side)
{
	struct side_report *report = &side->board->reports[side->index];
	struct session_side before, *after = &report->facts;
	/* A copy on the stack: what the loops write must not share a line with another side. */
	struct load load = side->load;

	load.iterations = side->board->iterations;
	load.hist = side->hist;
	load.batch = side->batch ? side->batch : 1;
	load.begin_ns = load.end_ns = load.busy_ns = 0;
	load.done = 0;
	load.facts = &report->outcome;
	report->outcome.count = 0;
	read_facts(side, &before);
	usage_read(&before.usage);
	atomic_store(&report->ready, atomic_load(&side->board->turn));
	futex_wake(&report->ready, 1);
	if (side->index == 0)
		await_others(side);
	int r = side->cell->subject.foreign ? foreign_run(&load) : side->cell->workload->run(&load);
	usage_read(&after->usage);
	after->usage = usage_delta(&after->usage, &before.usage);
	read_facts(side, after);
	for (unsigned i = 0; i < after->facts.count && i < before.facts.count; i++)
		after->facts.facts[i].value -= before.facts.facts[i].value;
	report->begin_ns = load.begin_ns;
	report->end_ns = load.end_ns;
	report->busy_ns = load.busy_ns;
	report->done_count = load.done;
	side->load = load;
	if (r < 0)
		return fail(r, "%s", error_message(r));
	return trace(bind_verify(side->topo, side->cpu));
}

static int verify(struct side *side)
{
	int r = subject_life(&side->cell->subject)->verify(&side->load);

	side->board->reports[side->index].done_count = side->load.done;
	return trace(r);
}

/* The workload once more, under the hardware counters. Never in a timed run: switching them with
 * every change of context costs a pipe's round trip on a virtual machine 40 %. */
static int count(struct side *side)
{
	struct side_report *report = &side->board->reports[side->index];
	struct perf perf = PERF_NULL;

	perf_open(&perf, PERF_HARDWARE, false);
	perf_start(&perf);
	int r = run(side);
	perf_stop(&perf);
	perf_read(&perf, &report->counters);
	perf_close(&perf);
	return trace(r);
}

int side_execute(struct side *side, enum side_command command)
{
	switch (command) {
	case SIDE_VERIFY:
		return trace(verify(side));
	case SIDE_RUN:
		return trace(run(side));
	case SIDE_COUNT:
		return trace(count(side));
	case SIDE_STOP:
		return 0;
	}
	return 0;
}

int side_conclude(struct side *side, enum side_command command)
{
	const struct workload *workload = side->cell->workload;
	struct load_side sides[SIDES_MAX];
	int r = 0;

	if (side->cell->subject.foreign)
		return 0;
	for (unsigned i = 0; i < side->load.sides; i++) {
		const struct side_report *report = &side->board->reports[i];
		sides[i] = (struct load_side){
			.begin_ns = report->begin_ns,
			.end_ns = report->end_ns,
			.busy_ns = report->busy_ns,
			.done = report->done_count,
		};
	}
	if (command == SIDE_VERIFY && workload->family->verified)
		r = workload->family->verified(&side->load, sides);
	if ((command == SIDE_RUN || command == SIDE_COUNT) && workload->conclude)
		r = workload->conclude(&side->load, sides);
	return trace(r);
}

/* ---- the life of a side ---- */

static void say_done(struct side *side, int r, uint32_t turn)
{
	struct side_report *report = &side->board->reports[side->index];

	report->r = r;
	if (r < 0)
		snprintf(report->message, sizeof(report->message), "%s", error_message(r));
	/* Pairs with side 0's load of `done`: the report is complete before. */
	atomic_store(&report->done, turn);
	futex_wake(&report->done, 1);
	/* Side 0 may still wait for `ready`. */
	futex_wake(&report->ready, 1);
}

int side_main(struct side *side)
{
	enum side_command command = SIDE_RUN;
	uint32_t turn = 0;

	int r = side_init(side);
	if (r < 0) {
		say_done(side, r, UINT32_MAX);
		side_deinit(side);
		return r;
	}
	while (r >= 0 && command != SIDE_STOP) {
		while (atomic_load(&side->board->turn) == turn)
			futex_wait(&side->board->turn, turn, DEADLINE_NEVER);
		turn = atomic_load(&side->board->turn);
		command = side->board->command;
		r = side_execute(side, command);
		say_done(side, r, turn);
	}
	/* Closing tells the peer of an error, too. */
	side_deinit(side);
	return r;
}
