/*
 * Which rows a plot shows: as many as can be told apart. The best, two that everybody knows (so
 * that plots of two machines have something in common), and the floor.
 */
#include <string.h>

#include "report/plot_internal.h"

bool plot_is_basic(const struct view_group *group)
{
	return strcmp(group->axes->workload, "pingpong") == 0 &&
	       strcmp(group->axes->exec, "process") == 0 &&
	       group->axes->size_bytes == PLOT_SIZE_BYTES &&
	       strncmp(group->axes->placement, "cpu", 3) != 0;
}

static bool is_familiar(const struct view_row *row)
{
	return strcmp(row->label, "pipe") == 0 || strcmp(row->label, "unix_stream") == 0;
}

static bool is_wakeup(const struct view_row *row)
{
	return strcmp(row->summary->cell->axes.workload, "wakeup") == 0;
}

/* Counted as a subject: its variants (free idle states) come along or not at all. */
static bool is_subject(const struct view_row *row)
{
	return view_is_plain(row) && !view_is_floor(row);
}

struct tally {
	size_t subjects, familiar, variants;
};

static struct tally count(const struct view_group *group)
{
	struct tally tally = {0};

	for (size_t i = 0; i < group->count; i++) {
		const struct view_row *row = &group->rows[i];
		tally.subjects += is_subject(row);
		tally.familiar += is_familiar(row);
		tally.variants += is_wakeup(row) && !view_is_plain(row);
	}
	return tally;
}

static bool has_subject(const struct plot_choice *choice, const struct view_row *row)
{
	for (size_t i = 0; i < choice->count; i++)
		if (strcmp(choice->rows[i]->summary->cell->axes.subject,
			    row->summary->cell->axes.subject) == 0)
			return true;
	return false;
}

static void describe(struct plot_choice *choice, const struct view_group *group,
	const struct tally *tally, size_t best, size_t shown)
{
	char at[VIEW_TEXT_MAX], gap[UNITS_TEXT_MAX];

	if (group->axes->gap_ns)
		snprintf(at, sizeof(at), "a gap of %s", duration_format(gap, group->axes->gap_ns));
	else
		view_size(at, group->axes->size_bytes);
	if (shown == tally->subjects)
		snprintf(choice->text, sizeof(choice->text), "All %zu subjects.", shown);
	else
		snprintf(choice->text, sizeof(choice->text),
			"Shown: the best %zu of %zu subjects at %s%s; %zu are left out.", best,
			tally->subjects, at,
			tally->familiar ? ", with pipe and unix_stream for comparison" : "",
			tally->subjects - shown);
}

void plot_choose(struct plot_choice *choice, const struct view_group *group, bool floor)
{
	struct tally tally = count(group);
	size_t room = tally.variants ? PLOT_COLOURS / 2 : PLOT_COLOURS;
	size_t best = 0, shown = 0;

	*choice = (struct plot_choice){0};
	if (tally.subjects > room)
		room -= tally.familiar < room ? tally.familiar : room;
	for (size_t i = 0; i < group->count && choice->count < PLOT_SERIES_MAX; i++) {
		const struct view_row *row = &group->rows[i];
		bool wanted = view_is_floor(row) ? floor && view_is_plain(row)
						 : is_subject(row) && is_familiar(row);
		if (is_subject(row) && !wanted && best < room) {
			wanted = true;
			best++;
		}
		if (wanted) {
			choice->rows[choice->count++] = row;
			shown += is_subject(row);
		}
	}
	for (size_t i = 0; i < group->count && choice->count < PLOT_SERIES_MAX; i++)
		if (is_wakeup(&group->rows[i]) && !view_is_plain(&group->rows[i]) &&
			!view_is_floor(&group->rows[i]) && has_subject(choice, &group->rows[i]))
			choice->rows[choice->count++] = &group->rows[i];
	describe(choice, group, &tally, best, shown);
}
