/*
 * The verdicts that name no winner: from which grain on a pool pays, and whether the scenarios came
 * out as they should.
 */
#include <stdio.h>
#include <string.h>

#include "report/verdict_internal.h"

enum { POOLS_NAMED = 8 };

struct payer {
	const struct view_row *row;
	struct breakeven breakeven;
};

/* The pools at the placement of the first fib, the one that pays soonest first. */
static unsigned find_payers(const struct view *view, unsigned machine, struct payer payers[],
	const struct result_axes **ret_axes)
{
	unsigned count = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct view_row *row = &view->rows[i];
		const struct result_axes *axes = &row->summary->cell->axes;
		bool known = false;
		if (strcmp(axes->workload, "fib") != 0 || view_is_floor(row) ||
			!view_is_plain(row) || row->summary->cell->machine != machine ||
			strcmp(axes->placement, "same_pu") == 0 ||
			strcmp(axes->placement, "free") == 0)
			continue;
		if (!*ret_axes)
			*ret_axes = axes;
		if (strcmp(axes->placement, (*ret_axes)->placement) != 0 ||
			family_compare_params(axes, *ret_axes, "n") != 0)
			continue;
		for (unsigned p = 0; p < count; p++)
			known |= strcmp(payers[p].row->label, row->label) == 0;
		struct breakeven breakeven = breakeven_of(view, row);
		if (known || breakeven.kind == BREAKEVEN_NONE ||
			breakeven.kind == BREAKEVEN_NOT_YET)
			continue;
		unsigned at = count < POOLS_NAMED ? count++ : POOLS_NAMED - 1;
		if (at == POOLS_NAMED - 1 && count == POOLS_NAMED && payers[at].row &&
			payers[at].breakeven.grain_ns <= breakeven.grain_ns)
			continue;
		for (; at > 0 && payers[at - 1].breakeven.grain_ns > breakeven.grain_ns; at--)
			payers[at] = payers[at - 1];
		payers[at] = (struct payer){row, breakeven};
	}
	return count;
}

static bool tell_grain(const struct view *view, unsigned machine, struct verdict *ret)
{
	struct payer payers[POOLS_NAMED] = {{NULL, {BREAKEVEN_NONE, 0}}};
	const struct result_axes *axes = NULL;
	unsigned count = find_payers(view, machine, payers, &axes);
	const char *label = view->results->machines[machine].label;
	char params[VIEW_LABEL_MAX], grain[VIEW_TEXT_MAX];
	size_t used = 0;

	if (count == 0)
		return false;
	*ret = (struct verdict){0};
	snprintf(ret->question, sizeof(ret->question),
		"From which grain does a pool pay, %.100s, %.60s%s%.20s",
		family_params(params, axes, "n"), view_placement_prose(axes->placement),
		label[0] ? ", on " : "", label);
	struct speedup speedup;
	ret->few_runs = !speedup_of(view, payers[0].row, &speedup) || speedup.factor.level == 0;
	snprintf(ret->advice, sizeof(ret->advice), "From tasks of about %.40s on (%.60s)%s.",
		breakeven_text(grain, &payers[0].breakeven), payers[0].row->label,
		ret->few_runs ? ", not proven (too few runs)" : "");
	for (unsigned i = 0; i < count && used < sizeof(ret->answer); i++)
		used += (size_t)snprintf(ret->answer + used, sizeof(ret->answer) - used,
			"%s%.60s %s",
			i ? ", " : "A speed-up of 1.5 by interpolation: ", payers[i].row->label,
			breakeven_text(grain, &payers[i].breakeven));
	if (used < sizeof(ret->answer))
		snprintf(ret->answer + used, sizeof(ret->answer) - used, ".");
	return true;
}

static const struct summary *summary_of_cell(
	const struct view *view, const struct result_cell *cell)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->rows[i].summary->cell == cell)
			return view->rows[i].summary;
	return NULL;
}

static bool tell_scenarios(const struct view *view, unsigned machine, struct verdict *ret)
{
	const struct results *results = view->results;
	const char *label = results->machines[machine].label;
	unsigned ok = 0, shown = 0, not_shown = 0, failed = 0;
	const struct result_cell *first = NULL;
	char text[VIEW_LABEL_MAX];

	for (size_t i = 0; i < results->cell_count; i++) {
		const struct result_cell *cell = &results->cells[i];
		const struct summary *summary = summary_of_cell(view, cell);
		if (family_of_axes(&cell->axes) != VIEW_SCENARIO || cell->machine != machine ||
			(!summary && cell->status != RESULT_FAILED))
			continue;
		scenario_verdict(text, sizeof(text), cell, summary);
		if (strncmp(text, "failed", 6) == 0) {
			failed++;
			first = first ? first : cell;
		} else {
			*(strncmp(text, "shown", 5) == 0             ? &shown
				: strncmp(text, "not shown", 9) == 0 ? &not_shown
								     : &ok) += 1;
		}
	}
	if (ok + shown + not_shown + failed == 0)
		return false;
	*ret = (struct verdict){0};
	snprintf(ret->question, sizeof(ret->question), "Do the scenarios come out right%s%.40s",
		label[0] ? ", on " : "", label);
	snprintf(ret->advice, sizeof(ret->advice), "%s",
		failed ? "No."
		: ok   ? "Yes."
		       : "Only without a lock were any run.");
	int used = snprintf(ret->answer, sizeof(ret->answer),
		"%u came out right, %u failed. Of %u without a lock, %u went wrong, as expected.",
		ok, failed, shown + not_shown, shown);
	if (first)
		snprintf(ret->answer + used, sizeof(ret->answer) - (size_t)used,
			" The first that failed: %.150s: %.300s.", first->name,
			first->reason ? first->reason : "unknown");
	return true;
}

size_t verdict_families(
	const struct view *view, unsigned machine, struct verdict *verdicts, size_t room)
{
	size_t made = 0;

	if (made < room && tell_grain(view, machine, &verdicts[made]))
		made++;
	if (made < room && tell_scenarios(view, machine, &verdicts[made]))
		made++;
	return made;
}
