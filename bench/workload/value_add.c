/*
 * value_add: several sides add 1 to a shared value, the way its users do it: an atomic instruction,
 * or a lock around the addition. One iteration is one addition per side, whoever makes it
 * (contest.h). The value must be exact in the end.
 *
 * The sides tell each other how far they are every some additions, so the window's end is only
 * known to about 0.4 % of it; the time is scaled by what was really done.
 */
#include <errno.h>

#include "harness/cell.h"
#include "workload/contest.h"

enum { REPORT_SHARE = 256, REPORT_MAX = 64 };

struct tally {
	struct meeting meeting;
	_Alignas(64) _Atomic bool is_over; /* the window ends early */
	int64_t before, begin_ns;
	struct {
		_Alignas(128) _Atomic uint64_t done;
	} sides[LOCK_SIDES_MAX];
};

static void tally_reset(struct load *load)
{
	struct tally *tally = load->shared;

	atomic_store(&tally->is_over, false);
	for (unsigned i = 0; i < load->sides; i++)
		atomic_store(&tally->sides[i].done, 0);
	tally->begin_ns = clock_ns();
}

static uint64_t tally_sum(const struct load *load)
{
	struct tally *tally = load->shared;
	uint64_t sum = 0;

	for (unsigned i = 0; i < load->sides; i++)
		sum += atomic_load_explicit(&tally->sides[i].done, memory_order_relaxed);
	return sum;
}

static int value_add_run(struct load *load)
{
	struct tally *tally = load->shared;
	int (*add)(void *, int64_t) = load->lock->add;
	void *state = load->state;
	uint64_t goal = load->iterations * load->sides, chunk = load->iterations / REPORT_SHARE;
	int r = 0;

	chunk = chunk < 1 ? 1 : chunk > REPORT_MAX ? REPORT_MAX : chunk;
	if (load->side == 0)
		r = load->lock->value(state, &tally->before);
	if (r < 0)
		return r;
	meeting_join(&tally->meeting, load->sides, tally_reset, load);
	load->begin_ns = tally->begin_ns;
	do {
		LOOP_BATCHES(load, chunk, {
			r = add(state, 1);
			if (r < 0)
				return r;
		});
		load->done += chunk;
		atomic_store_explicit(
			&tally->sides[load->side].done, load->done, memory_order_relaxed);
		if (clock_ns() - load->begin_ns > CONTEST_LIMIT_NS)
			atomic_store_explicit(&tally->is_over, true, memory_order_relaxed);
	} while (!atomic_load_explicit(&tally->is_over, memory_order_relaxed) &&
		 tally_sum(load) < goal);
	load->end_ns = clock_ns();
	double share = (double)goal / (double)tally_sum(load);
	load->busy_ns = 1 + (int64_t)((double)(load->end_ns - load->begin_ns) * share);
	return 0;
}

static int value_add_conclude(struct load *load, const struct load_side *sides)
{
	struct tally *tally = load->shared;
	uint64_t sum = contest_sum(load, sides);
	int64_t value;

	contest_put_fairness(load, sides);
	int r = load->lock->value(load->state, &value);
	if (r < 0)
		return r;
	if (!(load->lock->capabilities & LOCK_BASELINE) && value - tally->before != (int64_t)sum)
		return fail(-EPROTO, "%s loses additions: %lld arrived of %llu", load->lock->name,
			(long long)(value - tally->before), (unsigned long long)sum);
	return 0;
}

static uint64_t value_add_operations(const struct cell *cell)
{
	return (uint64_t)cell->params[PARAM_CONTENDERS];
}

const struct workload workload_value_add = {
	.name = "value_add",
	.summary = "additions to a shared value",
	.unit = "addition",
	.direction = "per operation",
	.family = &family_lock,
	.needs = LOCK_COUNTER,
	.throughput = true,
	.params = {{PARAM_CONTENDERS, "1 2 4"}},
	.operations = value_add_operations,
	.run = value_add_run,
	.conclude = value_add_conclude,
};
