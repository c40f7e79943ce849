/*
 * Which rows a plot shows: as many as can be told apart. The subjects that everybody knows (so that
 * all plots, of all machines, have something in common), and the best of the others.
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

static bool is_wakeup(const struct view_row *row)
{
	return strcmp(row->summary->cell->axes.workload, "wakeup") == 0;
}

/* Counted as a subject: its variants (free idle states) come along or not at all. */
static bool is_subject(const struct view_row *row)
{
	return view_is_plain(row) && !view_is_floor(row);
}

enum { SHOWN = 8, SHOWN_WITH_VARIANTS = 6, OUTLIER_FACTOR = 100 };

/* The median subject, of those that may be compared; the rows are ordered. NULL: none. */
static const struct view_row *median_row(const struct view_group *group)
{
	const struct view_row *median = NULL;
	size_t count = 0, seen = 0;

	for (size_t i = 0; i < group->count; i++)
		count += is_subject(&group->rows[i]);
	for (size_t i = 0; i < group->count && !median; i++)
		if (is_subject(&group->rows[i]) && ++seen > (count - 1) / 2)
			median = &group->rows[i];
	return median;
}

bool plot_is_outlier(const struct view_group *group, const struct view_row *row)
{
	const struct view_row *median = median_row(group);

	return median && !view_is_floor(row) &&
	       row->summary->time.value > OUTLIER_FACTOR * median->summary->time.value;
}

char *plot_outliers(char buffer[PLOT_TEXT_MAX], const struct view_group *group)
{
	char text[VIEW_TEXT_MAX];
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < group->count && used + VIEW_LABEL_MAX < PLOT_TEXT_MAX; i++)
		if (is_subject(&group->rows[i]) && plot_is_outlier(group, &group->rows[i]))
			used += (size_t)snprintf(buffer + used, PLOT_TEXT_MAX - used, "%s %s (%s)",
				used ? "," : " Left out, over 100 × the median subject:",
				group->rows[i].label,
				view_value(text, group->rows[i].summary->time.value, VIEW_TIME));
	if (used && used + 2 < PLOT_TEXT_MAX)
		memcpy(buffer + used, ".", 2);
	return buffer;
}

/* Another way to wait of a subject that is already there says little more. */
static bool has_subject(const struct plot_choice *choice, const struct view_row *row)
{
	for (size_t i = 0; i < choice->count; i++)
		if (strcmp(choice->rows[i]->summary->cell->axes.subject,
			    row->summary->cell->axes.subject) == 0)
			return true;
	return false;
}

struct tally {
	size_t subjects, familiar, variants;
};

static bool is_usable(const struct view_group *group, const struct view_row *row,
	const struct plot_usable *usable, bool familiar)
{
	return is_subject(row) && !plot_is_outlier(group, row) &&
	       usable->is(usable->context, row, familiar);
}

static struct tally count(const struct view_group *group, const struct plot_usable *usable)
{
	struct tally tally = {0};

	for (size_t i = 0; i < group->count; i++) {
		const struct view_row *row = &group->rows[i];
		/* A subject counts when it could be shown if everybody knew it. */
		bool could = is_usable(group, row, usable, true);
		tally.subjects += could;
		tally.familiar += could && plot_is_familiar(row);
		tally.variants += is_wakeup(row) && !view_is_plain(row);
	}
	return tally;
}

static void describe(struct plot_choice *choice, const struct view_group *group,
	const struct plot_usable *usable, const struct tally *tally, size_t shown)
{
	char outliers[PLOT_TEXT_MAX];

	plot_outliers(outliers, group);
	if (shown == tally->subjects)
		snprintf(choice->text, sizeof(choice->text), "All %zu subjects%s.%.200s", shown,
			usable->what, outliers);
	else
		snprintf(choice->text, sizeof(choice->text),
			"%zu of the %zu subjects%s: well-known ones and the best others.%.200s",
			shown, tally->subjects, usable->what, outliers);
}

/* In the order of the group, as a legend reads best: no more others than there is room for. */
static size_t add_subjects(struct plot_choice *choice, const struct view_group *group,
	const struct plot_usable *usable, size_t room)
{
	struct plot_choice others = {0};
	size_t shown = 0;

	for (size_t i = 0; i < group->count && others.count < room; i++) {
		const struct view_row *row = &group->rows[i];
		if (!plot_is_familiar(row) && is_usable(group, row, usable, false) &&
			!plot_is_variant(row))
			others.rows[others.count++] = row;
	}
	for (size_t i = 0; i < group->count && choice->count < PLOT_SERIES_MAX; i++) {
		const struct view_row *row = &group->rows[i];
		bool wanted = plot_is_familiar(row) && is_usable(group, row, usable, true);
		for (size_t o = 0; o < others.count; o++)
			wanted = wanted || others.rows[o] == row;
		if (wanted)
			choice->rows[choice->count++] = row;
		shown += wanted;
	}
	return shown;
}

void plot_choose(struct plot_choice *choice, const struct view_group *group,
	const struct plot_usable *usable)
{
	struct tally tally = count(group, usable);
	size_t room = tally.variants ? SHOWN_WITH_VARIANTS : SHOWN;

	*choice = (struct plot_choice){0};
	room -= tally.familiar < room ? tally.familiar : room;
	size_t shown = add_subjects(choice, group, usable, room);
	for (size_t i = 0; i < group->count && choice->count < PLOT_SERIES_MAX; i++)
		if (is_wakeup(&group->rows[i]) && !view_is_plain(&group->rows[i]) &&
			!view_is_floor(&group->rows[i]) && has_subject(choice, &group->rows[i]))
			choice->rows[choice->count++] = &group->rows[i];
	describe(choice, group, usable, &tally, shown);
}
