/* The words and the axes of plots: captions that fit the picture, tics that can be read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/plot_internal.h"
#include "report/table.h"

/* Characters that a line of the caption, and a title of either size, have room for. */
enum { CAPTION_LINES = 3, CAPTION_COLUMNS = 120, TITLE_COLUMNS = 72 };

/* Takes a line off the text: up to the last space that fits, all of it when it is the last. */
static const char *take_line(char line[PLOT_TEXT_MAX], const char *text)
{
	size_t columns = 0, end = 0, length = 0;

	for (; text[length] && length + 4 < PLOT_TEXT_MAX; length++) {
		columns += ((unsigned char)text[length] & 0xc0) != 0x80;
		if (columns > CAPTION_COLUMNS)
			break;
		if (text[length] == ' ')
			end = length;
	}
	if (!text[length] || end == 0)
		end = length;
	snprintf(line, PLOT_TEXT_MAX, "%.*s", (int)end, text);
	text += end;
	return text + strspn(text, " ");
}

void plot_set_captions(struct plot *plot)
{
	char text[2 * PLOT_TEXT_MAX], line[PLOT_TEXT_MAX], variable[32];
	const char *rest = text;

	plot_set_text(plot, "title", plot->title);
	plot_set_text(
		plot, "title_size", table_text_width(plot->title) > TITLE_COLUMNS ? "15" : "17");
	snprintf(text, sizeof(text), "%s %s", plot->caption1, plot->caption2);
	for (int i = 1; i <= CAPTION_LINES; i++) {
		rest = take_line(line, rest);
		if (i == CAPTION_LINES && *rest)
			memcpy(line + strlen(line), "…", sizeof("…"));
		snprintf(variable, sizeof(variable), "caption%d", i);
		plot_set_text(plot, variable, line);
	}
}

void plot_set_key(struct plot *plot)
{
	/* A sample of a line, and then characters; what is left is the plot's. */
	double width = 64 + 7.7 * (double)plot->key_columns;

	if (plot->key_columns)
		plot_set_number(plot, "key_margin", fmax(0.6, 1 - width / PLOT_WIDTH));
}

void plot_widen(double *low, double *high)
{
	double margin = pow(*high / *low, 0.05) * 1.05;

	*low /= margin;
	*high *= margin;
}

char *plot_tic(char text[VIEW_TEXT_MAX], double value, enum view_kind kind)
{
	view_value(text, value, kind);
	char *unit = strchr(text, ' ');
	char *end = unit;

	if (!unit || !memchr(text, '.', (size_t)(unit - text)))
		return text;
	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	memmove(end, unit, strlen(unit) + 1);
	return text;
}

void plot_set_axis(
	struct plot *plot, const char *axis, double low, double high, enum view_kind kind)
{
	static const double fine[] = {1, 1.5, 2, 3, 4, 5, 6, 8}, usual[] = {1, 2, 5};
	char name[32], text[VIEW_TEXT_MAX], tics[PLOT_TEXT_MAX * 2];
	size_t used = 0;

	plot_widen(&low, &high);
	/* Text is wider than high: the horizontal axis has room for less of it. Decades on long
	 * axes, every third one on very long ones. */
	double decades = log10(high / low), most = axis[0] == 'x' ? 3.3 : 5;
	const double *steps = decades < 1 ? fine : usual;
	unsigned per_decade = decades < 1 ? 8 : decades < most ? 3 : 1;
	int stride = decades > 18 ? 3 : 1;
	tics[0] = '\0';
	for (int e = (int)floor(log10(low)); e <= (int)ceil(log10(high)); e += stride)
		for (unsigned i = 0; i < per_decade; i++) {
			double value = steps[i] * pow(10, e);
			if (value < low || value > high || used + 60 > sizeof(tics))
				continue;
			plot_tic(text, value, kind);
			used += (size_t)snprintf(tics + used, sizeof(tics) - used, "%s\"%s\" %.4g",
				used ? ", " : "", text, value);
		}
	snprintf(name, sizeof(name), "%s_tics", axis);
	plot_set_text(plot, name, tics);
	snprintf(name, sizeof(name), "%s_low", axis);
	plot_set_number(plot, name, low);
	snprintf(name, sizeof(name), "%s_high", axis);
	plot_set_number(plot, name, high);
}

bool plot_is_away(const struct view_row *row)
{
	const char *state = row->summary->state;

	return state[0] && strcmp(state, "near") != 0;
}

char *plot_label(char buffer[VIEW_LABEL_MAX], const struct view_row *row)
{
	if (plot_is_away(row))
		snprintf(buffer, VIEW_LABEL_MAX, "%.140s (%s)", row->label, row->summary->state);
	else
		snprintf(buffer, VIEW_LABEL_MAX, "%s", row->label);
	return buffer;
}

char *plot_what(char buffer[VIEW_LABEL_MAX], const struct result_axes *axes, bool size)
{
	char text[VIEW_TEXT_MAX];

	snprintf(buffer, VIEW_LABEL_MAX, "%s between %s%s%s", axes->workload,
		strcmp(axes->exec, "thread") == 0 ? "threads" : "processes", size ? ", " : "",
		size ? view_size(text, axes->size_bytes) : "");
	return buffer;
}

void plot_count_add(struct plot_count *count, unsigned n)
{
	if (n == 0)
		return;
	if (count->low == 0 || n < count->low)
		count->low = n;
	if (n > count->high)
		count->high = n;
}

char *plot_count_text(char buffer[VIEW_TEXT_MAX], const struct plot_count *count)
{
	if (count->low == count->high)
		snprintf(buffer, VIEW_TEXT_MAX, "n = %u", count->low);
	else
		snprintf(buffer, VIEW_TEXT_MAX, "n = %u to %u", count->low, count->high);
	return buffer;
}
