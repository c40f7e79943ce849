/*
 * The verdicts over many subjects: one CPU against two cores, processes against threads. Each
 * counts how many subjects are proven faster in each way, and names the largest effect.
 */
#include <stdio.h>
#include <string.h>

#include "report/verdict.h"
#include "report/view.h"

enum { SIZE_SMALL = 64 };

struct tally {
	unsigned a_faster, b_faster, untold, few; /* few: without an interval */
	const struct view_row *extreme_a, *extreme_b;
	double extreme; /* |b / a| of the largest, as a factor > 1 */
};

static const struct view_row *find_row(
	const struct view_group *group, const char *label, unsigned machine)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->rows[i].summary->cell->machine == machine &&
			strcmp(group->rows[i].label, label) == 0)
			return &group->rows[i];
	return NULL;
}

/* Both were probed, and the CPUs were elsewhere. */
static bool in_other_state(const struct view_row *a, const struct view_row *b)
{
	return a->summary->state[0] && b->summary->state[0] &&
	       strcmp(a->summary->state, b->summary->state) != 0;
}

static struct tally count(const struct view_group *a, const struct view_group *b, unsigned machine)
{
	struct tally tally = {0};

	for (size_t i = 0; i < a->count; i++) {
		const struct view_row *row = &a->rows[i];
		if (row->summary->cell->machine != machine || view_is_floor(row) ||
			!view_is_plain(row))
			continue;
		const struct view_row *other = find_row(b, row->label, machine);
		if (!other)
			continue;
		const struct estimate *x = &row->summary->time, *y = &other->summary->time;
		if (x->level == 0 || y->level == 0) {
			tally.few++;
			continue;
		}
		if (!estimate_differs(x, y) || in_other_state(row, other)) {
			tally.untold++;
			continue;
		}
		bool a_faster = x->value < y->value;
		double factor = a_faster ? y->value / x->value : x->value / y->value;
		*(a_faster ? &tally.a_faster : &tally.b_faster) += 1;
		if (factor > tally.extreme) {
			tally.extreme = factor;
			tally.extreme_a = row;
			tally.extreme_b = other;
		}
	}
	return tally;
}

static void advise(
	const struct tally *tally, const char *a_name, const char *b_name, struct verdict *ret)
{
	if (tally->a_faster && tally->b_faster)
		snprintf(ret->advice, sizeof(ret->advice), "It depends on the subject.");
	else if (tally->a_faster || tally->b_faster)
		snprintf(ret->advice, sizeof(ret->advice),
			"Shorter %s, where a difference is proven.",
			tally->a_faster ? a_name : b_name);
	else
		snprintf(ret->advice, sizeof(ret->advice), "No difference is proven.");
	ret->few_runs = tally->few > 0;
}

static bool tell(const struct view_group *a, const struct view_group *b, const char *a_name,
	const char *b_name, unsigned machine, struct verdict *ret)
{
	char x[VIEW_TEXT_MAX], y[VIEW_TEXT_MAX], few[64] = "";
	int length;

	if (!a || !b)
		return false;
	struct tally tally = count(a, b, machine);
	unsigned all = tally.a_faster + tally.b_faster + tally.untold + tally.few;
	if (all < 2)
		return false;
	*ret = (struct verdict){0};
	advise(&tally, a_name, b_name, ret);
	if (tally.few)
		snprintf(few, sizeof(few), ", and %u have too few runs", tally.few);
	length = snprintf(ret->answer, sizeof(ret->answer),
		"Of %u subjects, %u have the shorter round trip %s, %u %s; %u cannot be told "
		"apart%s.",
		all, tally.a_faster, a_name, tally.b_faster, b_name, tally.untold, few);
	if (tally.extreme_a && length > 0 && (size_t)length < sizeof(ret->answer))
		snprintf(ret->answer + length, sizeof(ret->answer) - (size_t)length,
			" The largest difference: %s, %s %s and %s %s.", tally.extreme_a->label,
			view_value(x, tally.extreme_a->summary->time.value, VIEW_TIME), a_name,
			view_value(y, tally.extreme_b->summary->time.value, VIEW_TIME), b_name);
	return true;
}

size_t verdict_compare(
	const struct view *view, unsigned machine, struct verdict *verdicts, size_t room)
{
	const struct view_group *one =
		view_find(view, "pingpong", "process", "same_pu", SIZE_SMALL);
	const struct view_group *two =
		view_find(view, "pingpong", "process", "same_l3", SIZE_SMALL);
	const struct view_group *threads =
		view_find(view, "pingpong", "thread", "same_l3", SIZE_SMALL);
	const char *label = view->results->machines[machine].label;
	const char *on = label[0] ? ", on " : "";
	size_t made = 0;

	if (made < room &&
		tell(one, two, "on one CPU", "between two cores", machine, &verdicts[made]))
		snprintf(verdicts[made++].question, sizeof(verdicts->question),
			"One CPU or two cores, 64 B%s%.40s", on, label);
	if (made < room && tell(two, threads, "between processes", "between threads", machine,
				   &verdicts[made]))
		snprintf(verdicts[made++].question, sizeof(verdicts->question),
			"Processes or threads, 64 B between two cores%s%.40s", on, label);
	return made;
}
