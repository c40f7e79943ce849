/*
 * Which line is whose. A subject keeps its colour and its shape in all plots: the ones that
 * everybody knows have theirs in the pictures of every machine, too; the others get one when they
 * are first drawn.
 */
#include <string.h>

#include "report/plot_internal.h"
#include "report/table.h"

static const char *const familiar[] = {
	"shm_spin", "shm_ring", "futex_shm", "pipe", "unix_stream", "tcp"};
enum { FAMILIAR = sizeof(familiar) / sizeof(familiar[0]) };

bool plot_is_variant(const struct view_row *row)
{
	return strstr(row->label, " wait=") != NULL;
}

bool plot_is_familiar(const struct view_row *row)
{
	const char *subject = row->summary->cell->axes.subject;
	unsigned i = 0;

	while (i < FAMILIAR && strcmp(subject, familiar[i]) != 0)
		i++;
	return i < FAMILIAR && view_is_plain(row) && !plot_is_variant(row);
}

void plot_styles_init(struct plotter *plotter)
{
	for (unsigned i = 0; i < FAMILIAR; i++)
		snprintf(plotter->styles[i], VIEW_LABEL_MAX, "%s", familiar[i]);
	plotter->style_count = FAMILIAR;
}

/* The label without what the dash says. */
static void style_key(char key[VIEW_LABEL_MAX], const struct view_row *row)
{
	char *idle;

	snprintf(key, VIEW_LABEL_MAX, "%s", row->label);
	idle = strstr(key, " idle=free");
	if (idle)
		memmove(idle, idle + strlen(" idle=free"), strlen(idle + strlen(" idle=free")) + 1);
}

/* The place of the subject; a new one at the end. */
static unsigned find_style(struct plotter *plotter, const struct view_row *row)
{
	char key[VIEW_LABEL_MAX];
	unsigned i = 0;

	style_key(key, row);
	while (i < plotter->style_count && strcmp(plotter->styles[i], key) != 0)
		i++;
	if (i == plotter->style_count && i < PLOT_STYLES_MAX)
		memcpy(plotter->styles[plotter->style_count++], key, sizeof(key));
	return i;
}

unsigned plot_style(struct plotter *plotter, struct plot *plot, const struct view_row *row)
{
	unsigned columns = (unsigned)table_text_width(row->label), others = PLOT_COLOURS - FAMILIAR;

	if (columns > plot->key_columns)
		plot->key_columns = columns;
	if (view_is_floor(row))
		return 0;
	unsigned i = find_style(plotter, row);
	unsigned colour = i < FAMILIAR ? i : FAMILIAR + (i - FAMILIAR) % others;
	for (unsigned taken = 0; taken < plot->taken_count; taken++)
		if (plot->taken[taken] == i)
			return 1 + plot->colour[taken] + (view_is_plain(row) ? 0 : PLOT_COLOURS);
	/* Taken in this plot: the next one that is not. */
	for (unsigned c = FAMILIAR; c < PLOT_COLOURS && (plot->colours & 1u << colour); c++)
		colour = c;
	plot->colours |= 1u << colour;
	if (plot->taken_count < PLOT_SERIES_MAX) {
		plot->taken[plot->taken_count] = i;
		plot->colour[plot->taken_count++] = colour;
	}
	return 1 + colour + (view_is_plain(row) ? 0 : PLOT_COLOURS);
}
