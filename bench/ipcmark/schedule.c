#include "ipcmark/schedule.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ipcmark/random.h"

/* Environment padding: one page, the period of what the stack's place does to a program. */
enum { PADDING_BOUND = 4096 };

struct schedule_state {
	struct schedule_item item;
	unsigned rounds_done;
	bool dropped;
	int64_t mean_ns; /* of its runs so far; 0: none yet */
	unsigned runs;
};

/* An independent stream for each use of the seed. */
static uint64_t stream(const struct schedule *schedule, uint64_t a, uint64_t b)
{
	uint64_t state = schedule->options.seed;

	state = random_next(&state) ^ a;
	state = random_next(&state) ^ b;
	return random_next(&state);
}

/* Fisher and Yates; all items, also those that will be skipped, so that dropping one does not
 * change the order of the others. */
static void shuffle(struct schedule *schedule)
{
	uint64_t state = stream(schedule, 1, schedule->round);

	for (unsigned i = 0; i < schedule->count; i++)
		schedule->order[i] = i;
	for (unsigned i = schedule->count; i > 1; i--) {
		unsigned j = (unsigned)random_below(&state, i);
		unsigned taken = schedule->order[i - 1];
		schedule->order[i - 1] = schedule->order[j];
		schedule->order[j] = taken;
	}
}

int schedule_init(struct schedule *schedule, const struct schedule_options *options,
	const struct schedule_item *items, unsigned count)
{
	*schedule = (struct schedule){.options = *options, .count = count};
	schedule->states = calloc(count + 1, sizeof(*schedule->states));
	schedule->order = calloc(count + 1, sizeof(*schedule->order));
	if (!schedule->states || !schedule->order) {
		schedule_deinit(schedule);
		return trace(-ENOMEM);
	}
	for (unsigned i = 0; i < count; i++) {
		assert(items[i].rounds_min >= 1 && items[i].rounds_min <= items[i].rounds_max);
		schedule->states[i].item = items[i];
	}
	shuffle(schedule);
	return 0;
}

void schedule_deinit(struct schedule *schedule)
{
	free(schedule->states);
	free(schedule->order);
	*schedule = (struct schedule){0};
}

/* What one run of the item will take: its own mean, else how the others' means compare with their
 * estimates, else the estimate. */
static int64_t expected_ns(const struct schedule *schedule, unsigned item, double ratio)
{
	const struct schedule_state *state = &schedule->states[item];

	if (state->mean_ns)
		return state->mean_ns;
	return (int64_t)((double)state->item.estimate_ns * ratio);
}

static double estimates_ratio(const struct schedule *schedule)
{
	double measured = 0, estimated = 0;

	for (unsigned i = 0; i < schedule->count; i++) {
		if (!schedule->states[i].mean_ns)
			continue;
		measured += (double)schedule->states[i].mean_ns;
		estimated += (double)schedule->states[i].item.estimate_ns;
	}
	return estimated > 0 ? measured / estimated : 1;
}

/* Whether the item has a run in this round. */
static bool is_due(const struct schedule *schedule, unsigned item, int64_t elapsed_ns, double ratio)
{
	const struct schedule_state *state = &schedule->states[item];
	int64_t budget_ns = schedule->options.budget_ns;

	if (state->dropped || schedule->round >= state->item.rounds_max)
		return false;
	if (schedule->round < state->item.rounds_min || budget_ns == 0)
		return true;
	return elapsed_ns + expected_ns(schedule, item, ratio) <= budget_ns;
}

static bool is_last_round(const struct schedule *schedule)
{
	for (unsigned i = 0; i < schedule->count; i++)
		if (!schedule->states[i].dropped &&
			schedule->round + 1 < schedule->states[i].item.rounds_max)
			return false;
	return true;
}

static void step_set(struct schedule *schedule, unsigned item, unsigned attempt)
{
	uint64_t state = stream(schedule, 2 + item, ((uint64_t)schedule->round << 32) | attempt);

	schedule->step = (struct schedule_step){.item = item,
		.round = schedule->round,
		.attempt = attempt,
		.padding = (unsigned)random_below(&state, PADDING_BOUND)};
}

bool schedule_next(struct schedule *schedule, int64_t now_ns, struct schedule_step *ret_step)
{
	double ratio = estimates_ratio(schedule);

	if (!schedule->started)
		schedule->begin_ns = now_ns;
	schedule->started = true;
	if (schedule->repeating) {
		schedule->repeating = false;
		step_set(schedule, schedule->step.item, schedule->step.attempt + 1);
		*ret_step = schedule->step;
		return true;
	}
	for (;;) {
		while (schedule->place < schedule->count) {
			unsigned item = schedule->order[schedule->place++];
			if (!is_due(schedule, item, now_ns - schedule->begin_ns, ratio))
				continue;
			step_set(schedule, item, 0);
			*ret_step = schedule->step;
			return true;
		}
		if (is_last_round(schedule))
			return false;
		schedule->round++;
		schedule->place = 0;
		shuffle(schedule);
	}
}

/* What the rounds that remain take: up to the minimum of each item, and up to its maximum. */
static void remaining(const struct schedule *schedule, int64_t *ret_least_ns, int64_t *ret_most_ns)
{
	double ratio = estimates_ratio(schedule);
	int64_t least = 0, most = 0;

	for (unsigned i = 0; i < schedule->count; i++) {
		const struct schedule_state *state = &schedule->states[i];
		int64_t run_ns = expected_ns(schedule, i, ratio);
		if (state->dropped)
			continue;
		if (state->rounds_done < state->item.rounds_min)
			least += run_ns * (state->item.rounds_min - state->rounds_done);
		if (state->rounds_done < state->item.rounds_max)
			most += run_ns * (state->item.rounds_max - state->rounds_done);
	}
	*ret_least_ns = least;
	*ret_most_ns = most;
}

void schedule_done(struct schedule *schedule, int64_t now_ns, int64_t duration_ns,
	enum schedule_verdict verdict)
{
	struct schedule_state *state = &schedule->states[schedule->step.item];
	int64_t budget_ns = schedule->options.budget_ns;
	int64_t least, most;

	state->runs++;
	state->mean_ns += (duration_ns - state->mean_ns) / (int64_t)state->runs;
	schedule->runs_done++;
	if (verdict == SCHEDULE_DROP)
		state->dropped = true;
	remaining(schedule, &least, &most);
	schedule->repeating = verdict == SCHEDULE_REPEAT &&
			      schedule->step.attempt < schedule->options.retries_max &&
			      (budget_ns == 0 || now_ns - schedule->begin_ns + least <= budget_ns);
	if (!schedule->repeating)
		state->rounds_done++;
}

int64_t schedule_left_ns(const struct schedule *schedule, int64_t now_ns)
{
	int64_t elapsed_ns = schedule->started ? now_ns - schedule->begin_ns : 0;
	int64_t least, most;

	remaining(schedule, &least, &most);
	int64_t budget_left = schedule->options.budget_ns - elapsed_ns;
	if (schedule->options.budget_ns == 0 || budget_left > most)
		return most;
	return budget_left > least ? budget_left : least;
}

unsigned schedule_runs_left_min(const struct schedule *schedule)
{
	unsigned left = 0;

	for (unsigned i = 0; i < schedule->count; i++) {
		const struct schedule_state *state = &schedule->states[i];
		unsigned wanted = schedule->options.budget_ns ? state->item.rounds_min
							      : state->item.rounds_max;
		if (!state->dropped && state->rounds_done < wanted)
			left += wanted - state->rounds_done;
	}
	return left;
}

unsigned schedule_rounds_complete(const struct schedule *schedule)
{
	unsigned least = UINT32_MAX;

	for (unsigned i = 0; i < schedule->count; i++)
		if (!schedule->states[i].dropped && schedule->states[i].rounds_done < least)
			least = schedule->states[i].rounds_done;
	return least == UINT32_MAX ? 0 : least;
}
