#include "report/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/view.h"
#include "result/own.h"

enum metric { METRIC_TIME, METRIC_RATE, METRIC_BANDWIDTH, METRIC_CPU };
enum where { TWO_CORES, ONE_CPU };
enum { SIZE_SMALL = 64, CONTENDERS_MAX = 128, TIED_NAMED = 3 };

static const struct question {
	const char *what; /* "Lowest latency" */
	const char *workload;
	enum metric metric;
	enum where where;
	bool large; /* the largest size instead of 64 B */
} questions[] = {
	{"Lowest latency", "pingpong", METRIC_TIME, TWO_CORES, false},
	{"Lowest latency", "pingpong", METRIC_TIME, ONE_CPU, false},
	{"Most messages", "stream", METRIC_RATE, TWO_CORES, false},
	{"Highest bandwidth", "stream", METRIC_BANDWIDTH, TWO_CORES, true},
	{"Least CPU time per message", "pingpong", METRIC_CPU, TWO_CORES, false},
};

/* Where "between two cores" is looked for, the nearest first. */
static const char *const core_pairs[] = {
	"same_l3", "same_l2", "same_package", "cross_numa", "cross_package", NULL};
static const char *const one_cpu[] = {"same_pu", NULL};

static const struct estimate *figure_of(const struct view_row *row, enum metric metric)
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

static bool more_is_better(enum metric metric)
{
	return metric == METRIC_RATE || metric == METRIC_BANDWIDTH;
}

static enum view_kind kind_of(enum metric metric)
{
	return metric == METRIC_RATE        ? VIEW_RATE
	       : metric == METRIC_BANDWIDTH ? VIEW_BANDWIDTH
					    : VIEW_TIME;
}

/* The group of the question: the first placement that has it, with two contenders at least. */
static const struct view_group *group_of(const struct view *view, const struct question *question)
{
	const char *const *placement = question->where == ONE_CPU ? one_cpu : core_pairs;

	for (; *placement; placement++) {
		const struct view_group *found = NULL;
		for (size_t i = 0; i < view->group_count; i++) {
			const struct view_group *group = &view->groups[i];
			const struct result_axes *axes = group->axes;
			if (strcmp(axes->workload, question->workload) != 0 ||
				strcmp(axes->exec, "process") != 0 ||
				strcmp(axes->placement, *placement) != 0)
				continue;
			if (question->large ? !found || axes->size_bytes > found->axes->size_bytes
					    : axes->size_bytes == SIZE_SMALL)
				found = group;
		}
		if (found)
			return found;
	}
	return NULL;
}

struct contest {
	const struct question *question;
	const struct view_group *group;
	const struct view_row *rows[CONTENDERS_MAX]; /* the best first */
	size_t count;
	const struct view_row *floor;
	char *text;
	size_t size, used;
};

static void say(struct contest *contest, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct contest *contest, const char *format, ...)
{
	va_list arguments;

	if (contest->used >= contest->size)
		return;
	va_start(arguments, format);
	int length = vsnprintf(
		contest->text + contest->used, contest->size - contest->used, format, arguments);
	va_end(arguments);
	contest->used += length > 0 ? (size_t)length : 0;
}

static void enter(struct contest *contest, const struct view_row *row)
{
	enum metric metric = contest->question->metric;
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

static void say_figure(struct contest *contest, const struct view_row *row)
{
	enum view_kind kind = kind_of(contest->question->metric);
	const struct estimate *figure = figure_of(row, contest->question->metric);
	char value[VIEW_TEXT_MAX], interval[VIEW_TEXT_MAX];

	say(contest, "%s", view_value(value, figure->value, kind));
	if (figure->level > 0)
		say(contest, " (%s%s)", view_interval(interval, figure, kind),
			row->summary->bimodal ? ", in two modes" : "");
}

/* How far behind the winner the row is, as a factor with its interval. */
static void say_behind(
	struct contest *contest, const struct view_row *best, const struct view_row *row)
{
	enum metric metric = contest->question->metric;
	const struct estimate *a = figure_of(best, metric), *b = figure_of(row, metric);
	struct estimate ratio =
		more_is_better(metric) ? estimate_ratio(b, a) : estimate_ratio(a, b);

	say(contest, " %s follows at ", row->label);
	say_figure(contest, row);
	say(contest, ": %.3g times %s (%.3g…%.3g, at %.0f %% or better).", ratio.value,
		metric == METRIC_CPU     ? "as much"
		: more_is_better(metric) ? "less"
					 : "as long",
		ratio.low, ratio.high, 100 * ratio.level);
}

static void say_floor(struct contest *contest)
{
	if (!contest->floor || contest->question->metric == METRIC_CPU ||
		contest->question->metric == METRIC_BANDWIDTH)
		return;
	say(contest, " The floor (null) is ");
	say_figure(contest, contest->floor);
	say(contest, ".");
}

static void say_cost(struct contest *contest, const struct view_row *best)
{
	char cpu[VIEW_TEXT_MAX], time[VIEW_TEXT_MAX];

	if (contest->question->metric == METRIC_CPU)
		say(contest, " Its median is %s per %s.",
			view_value(time, best->summary->time.value, VIEW_TIME),
			best->summary->cell->unit);
	else if (best->summary->cpu.n)
		say(contest, " It takes %s of CPU time per message on all sides together.",
			view_value(cpu, best->summary->cpu.value, VIEW_TIME));
}

/* The best and those whose intervals meet its own. */
static size_t count_tied(const struct contest *contest)
{
	enum metric metric = contest->question->metric;
	size_t tied = 1;

	while (tied < contest->count && !estimate_differs(figure_of(contest->rows[0], metric),
						figure_of(contest->rows[tied], metric)))
		tied++;
	return tied;
}

static void say_tie(struct contest *contest, size_t tied)
{
	for (size_t i = 0; i < tied && i < TIED_NAMED; i++) {
		say(contest, "%s%s ",
			i == 0                                             ? ""
			: i + 1 == (tied < TIED_NAMED ? tied : TIED_NAMED) ? " and "
									   : ", ",
			contest->rows[i]->label);
		say_figure(contest, contest->rows[i]);
	}
	if (tied > TIED_NAMED)
		say(contest, " (and %zu more)", tied - TIED_NAMED);
	say(contest, " cannot be told apart: their 95 %% intervals meet.");
}

/* Where the CPUs were decides more than the mechanism: who compares across that must know. */
static void say_states(struct contest *contest, size_t count)
{
	const char *best = contest->rows[0]->summary->state;

	for (size_t i = 1; i < count && i < contest->count; i++) {
		const char *other = contest->rows[i]->summary->state;
		if (strcmp(best, other) == 0)
			continue;
		say(contest,
			" Beware: the CPUs were %s for %s but %s for %s; take more rounds before "
			"you rely on it.",
			best[0] ? best : "not probed", contest->rows[0]->label,
			other[0] ? other : "not probed", contest->rows[i]->label);
		return;
	}
}

static void answer(struct contest *contest)
{
	const struct view_row *best = contest->rows[0];
	const struct estimate *figure = figure_of(best, contest->question->metric);

	if (figure->level == 0) {
		say(contest, "%s has the best median, ", best->label);
		say_figure(contest, best);
		say(contest,
			", but %u process runs are too few for an interval: nothing is proven.",
			figure->n);
		say_states(contest, 2);
		return;
	}
	size_t tied = count_tied(contest);
	if (tied > 1) {
		say_tie(contest, tied);
	} else {
		say(contest, "%s: ", best->label);
		say_figure(contest, best);
		say(contest, ", n = %u.", figure->n);
		say_cost(contest, best);
	}
	if (tied < contest->count)
		say_behind(contest, best, contest->rows[tied]);
	say_states(contest, tied + 1);
	say_floor(contest);
}

static bool ask(const struct view *view, const struct question *question, unsigned machine,
	struct verdict *ret)
{
	char size[VIEW_TEXT_MAX];
	struct contest contest = {.question = question,
		.group = group_of(view, question),
		.text = ret->answer,
		.size = sizeof(ret->answer)};

	if (!contest.group)
		return false;
	find_contenders(&contest, machine);
	if (contest.count < 2)
		return false;
	const char *label = view->results->machines[machine].label;
	snprintf(ret->question, sizeof(ret->question), "%s, %s %s, processes%s%.40s",
		question->what, view_size(size, contest.group->axes->size_bytes),
		view_placement_prose(contest.group->axes->placement), label[0] ? ", on " : "",
		label);
	ret->answer[0] = '\0';
	answer(&contest);
	return true;
}

size_t verdict_make(const struct view *view, struct verdict verdicts[VERDICTS_MAX])
{
	size_t count = 0;

	for (unsigned machine = 0; machine < view->results->machine_count; machine++) {
		for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
			if (count < VERDICTS_MAX &&
				ask(view, &questions[i], machine, &verdicts[count]))
				count++;
		count += verdict_compare(view, machine, verdicts + count, VERDICTS_MAX - count);
	}
	return count;
}
