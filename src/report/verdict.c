#include "report/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/verdict_internal.h"
#include "report/view.h"
#include "result/own.h"

enum { CONTENDERS_MAX = 128, TIED_NAMED = 3 };

static const struct estimate *figure_of(const struct view_row *row, enum verdict_metric metric)
{
	switch (metric) {
	case METRIC_RATE:
		return &row->summary->rate;
	case METRIC_BANDWIDTH:
		return &row->summary->bytes;
	case METRIC_CPU:
		return &row->summary->cpu;
	default:
		return &row->summary->time;
	}
}

static bool more_is_better(enum verdict_metric metric)
{
	return metric == METRIC_RATE || metric == METRIC_BANDWIDTH;
}

static enum view_kind kind_of(enum verdict_metric metric)
{
	return metric == METRIC_RATE        ? VIEW_RATE
	       : metric == METRIC_BANDWIDTH ? VIEW_BANDWIDTH
					    : VIEW_TIME;
}

struct contest {
	const struct verdict_question *question;
	const struct view_group *group;
	const struct view_row *rows[CONTENDERS_MAX]; /* the best first */
	size_t count;
	const struct view_row *floor;
	struct verdict *verdict;
	size_t used; /* of its answer */
};

static void say(struct contest *contest, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct contest *contest, const char *format, ...)
{
	va_list arguments;

	char *answer = contest->verdict->answer;

	if (contest->used >= VERDICT_TEXT_MAX)
		return;
	va_start(arguments, format);
	int length = vsnprintf(
		answer + contest->used, VERDICT_TEXT_MAX - contest->used, format, arguments);
	va_end(arguments);
	contest->used += length > 0 ? (size_t)length : 0;
}

static void enter(struct contest *contest, const struct view_row *row)
{
	enum verdict_metric metric = contest->question->metric;
	double value = figure_of(row, metric)->value;
	size_t at = contest->count;

	while (at > 0) {
		double other = figure_of(contest->rows[at - 1], metric)->value;
		if (more_is_better(metric) ? other >= value : other <= value)
			break;
		contest->rows[at] = contest->rows[at - 1];
		at--;
	}
	contest->rows[at] = row;
	contest->count++;
}

static void find_contenders(struct contest *contest, unsigned machine)
{
	for (size_t i = 0; i < contest->group->count; i++) {
		const struct view_row *row = &contest->group->rows[i];
		const struct estimate *figure = figure_of(row, contest->question->metric);
		if (row->summary->cell->machine != machine || !view_is_plain(row) ||
			figure->n == 0 || figure->value <= 0)
			continue;
		if (view_is_floor(row))
			contest->floor = row;
		else if (contest->count < CONTENDERS_MAX)
			enter(contest, row);
	}
}

/* "161 ns (153…168 ns, n = 8)", "102 ns (n = 5)". */
static void say_figure(struct contest *contest, const struct view_row *row)
{
	enum view_kind kind = kind_of(contest->question->metric);
	const struct estimate *figure = figure_of(row, contest->question->metric);
	char value[VIEW_TEXT_MAX], interval[VIEW_TEXT_MAX];

	say(contest, "%s (", view_value(value, figure->value, kind));
	if (figure->level > 0)
		say(contest, "%s, ", view_interval(interval, figure, kind));
	say(contest, "n = %u%s)", figure->n, row->summary->bimodal ? ", in two modes" : "");
}

/* How far behind the winner the row is, as a factor with its interval. */
static void say_behind(
	struct contest *contest, const struct view_row *best, const struct view_row *row)
{
	enum verdict_metric metric = contest->question->metric;
	const struct estimate *a = figure_of(best, metric), *b = figure_of(row, metric);
	struct estimate ratio =
		more_is_better(metric) ? estimate_ratio(b, a) : estimate_ratio(a, b);

	say(contest, " %s follows at ", row->label);
	say_figure(contest, row);
	say(contest, ": %.*f times %s",
		ratio.value < 10    ? 2
		: ratio.value < 100 ? 1
				    : 0,
		ratio.value,
		metric == METRIC_CPU     ? "as much"
		: more_is_better(metric) ? "less"
					 : "as long");
	if (ratio.level > 0 && ratio.high < 1000)
		say(contest, " (%.3g…%.3g", ratio.low, ratio.high);
	else if (ratio.level > 0)
		say(contest, " (%.0f…%.0f", ratio.low, ratio.high);
	if (ratio.level > 0)
		say(contest, ", at %.0f %% or better)", 100 * ratio.level);
	say(contest, ".");
}

static void say_floor(struct contest *contest)
{
	if (!contest->floor || contest->question->metric == METRIC_CPU ||
		contest->question->metric == METRIC_BANDWIDTH)
		return;
	say(contest, " The floor (%s) is ", contest->floor->summary->cell->axes.subject);
	say_figure(contest, contest->floor);
	say(contest, ".");
}

static void say_cost(struct contest *contest, const struct view_row *best)
{
	const struct summary_fact *fairness = summary_fact(best->summary, "fairness");
	char cpu[VIEW_TEXT_MAX], time[VIEW_TEXT_MAX];

	if (family_of_axes(&best->summary->cell->axes) != VIEW_TRANSPORT) {
		if (fairness)
			say(contest,
				" Its fairness, the least that a side got of the most, is %.2f.",
				fairness->value);
		return;
	}

	if (contest->question->metric == METRIC_CPU)
		say(contest, " Its median is %s per %s.",
			view_value(time, best->summary->time.value, VIEW_TIME),
			best->summary->cell->unit);
	else if (best->summary->cpu.n)
		say(contest, " It takes %s of CPU time per message on all sides together.",
			view_value(cpu, best->summary->cpu.value, VIEW_TIME));
}

/* A cell whose CPUs were in several states is judged by the main one. */
static void say_population(struct contest *contest, const struct view_row *row)
{
	const struct summary *summary = row->summary;
	char value[VIEW_TEXT_MAX];

	if (summary->population_count == 0)
		return;
	const struct summary_population *other = &summary->populations[0];
	unsigned all = summary->time.n;
	for (unsigned i = 0; i < summary->population_count; i++)
		all += summary->populations[i].n;
	say(contest, " %s is judged by the %u of its %u runs whose CPUs were %s", row->label,
		summary->time.n, all, summary->state[0] ? summary->state : "not probed");
	if (contest->question->metric == METRIC_TIME || contest->question->metric == METRIC_RATE)
		say(contest, "; %s: %s (n = %u)", other->state[0] ? other->state : "not probed",
			view_like_figure(value, summary, other->median_ns), other->n);
	say(contest, ".");
}

static bool in_other_state(const struct view_row *a, const struct view_row *b)
{
	return strcmp(a->summary->state, b->summary->state) != 0;
}

/* Whether both have intervals, of runs with the CPUs in the same state, and these meet. */
static bool is_tied(const struct contest *contest, const struct view_row *row)
{
	const struct view_row *best = contest->rows[0];
	const struct estimate *a = figure_of(best, contest->question->metric);
	const struct estimate *b = figure_of(row, contest->question->metric);

	return a->level > 0 && b->level > 0 && !estimate_differs(a, b) &&
	       !in_other_state(best, row);
}

/* "a, b and c (and 2 more)": the best and all that are tied with it; with their figures as the
 * answer. */
static void tell_tie(struct contest *contest, size_t tied)
{
	size_t named = tied < TIED_NAMED ? tied : TIED_NAMED, seen = 0, used = 0;
	char *advice = contest->verdict->advice;

	for (size_t i = 0; i < contest->count && seen < named; i++) {
		const struct view_row *row = contest->rows[i];
		if (i > 0 && !is_tied(contest, row))
			continue;
		const char *before = seen == 0 ? "" : seen + 1 == named ? " or " : ", ";
		used += (size_t)snprintf(
			advice + used, VERDICT_ADVICE_MAX - used, "%s%.40s", before, row->label);
		say(contest, "%s%s ", seen ? ", " : "", row->label);
		say_figure(contest, row);
		seen++;
	}
	if (tied > named)
		used += (size_t)snprintf(
			advice + used, VERDICT_ADVICE_MAX - used, " (or %zu more)", tied - named);
	snprintf(advice + used, VERDICT_ADVICE_MAX - used, ": no difference is proven.");
	say(contest, ": the 95 %% intervals meet.");
}

/* Why the first is not better than the second, or NULL. */
static const char *doubt(const struct contest *contest)
{
	const struct view_row *best = contest->rows[0], *second = contest->rows[1];
	enum verdict_metric metric = contest->question->metric;

	if (figure_of(best, metric)->level == 0 || figure_of(second, metric)->level == 0) {
		contest->verdict->few_runs = true;
		return "not proven (too few runs)";
	}
	return in_other_state(best, second) ? "not proven (the CPUs were in different states)"
					    : NULL;
}

static void answer(struct contest *contest)
{
	const struct view_row *best = contest->rows[0], *second = contest->rows[1];
	const char *unproven = doubt(contest);
	char *advice = contest->verdict->advice;
	size_t tied = 1;

	for (size_t i = 1; i < contest->count; i++)
		tied += is_tied(contest, contest->rows[i]);
	if (!unproven && tied > 1) {
		tell_tie(contest, tied);
	} else {
		if (unproven)
			snprintf(advice, VERDICT_ADVICE_MAX, "%.40s is ahead of %.40s, %s.",
				best->label, second->label, unproven);
		else
			snprintf(advice, VERDICT_ADVICE_MAX, "Take %.60s.", best->label);
		say(contest, "%s: ", best->label);
		say_figure(contest, best);
		say(contest, ".");
		say_cost(contest, best);
		say_behind(contest, best, second);
	}
	say_population(contest, best);
	if (in_other_state(best, second))
		say_population(contest, second);
	say_floor(contest);
}

static bool ask(const struct view *view, const struct verdict_question *question, unsigned machine,
	struct verdict *ret)
{
	struct contest contest = {
		.question = question, .group = verdict_group(view, question), .verdict = ret};

	if (!contest.group)
		return false;
	find_contenders(&contest, machine);
	if (contest.count < 2)
		return false;
	*ret = (struct verdict){0};
	verdict_ask_text(question, contest.group->axes, view->results->machines[machine].label,
		ret->question);
	answer(&contest);
	return true;
}

const char *verdict_note(const struct verdict *verdicts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (verdicts[i].few_runs)
			return "Fewer than 6 process runs have no 95 % interval, and without one "
			       "nothing is proven: take more rounds.";
	return NULL;
}

size_t verdict_make(const struct view *view, struct verdict verdicts[VERDICTS_MAX])
{
	size_t count = 0;

	for (unsigned machine = 0; machine < view->results->machine_count; machine++) {
		for (size_t i = 0; i < verdict_question_count; i++)
			if (count < VERDICTS_MAX &&
				ask(view, &verdict_questions[i], machine, &verdicts[count]))
				count++;
		count += verdict_compare(view, machine, verdicts + count, VERDICTS_MAX - count);
		count += verdict_families(view, machine, verdicts + count, VERDICTS_MAX - count);
	}
	return count;
}
