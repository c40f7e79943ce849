#include "report/plot.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"
#include "result/file.h"
#include "result/own.h"

enum { TICS_PER_AXIS = 9, COMMAND_SHOWN = 120 };

void plot_begin(struct plot *plot, const char *script, const struct result_axes *axes)
{
	*plot = (struct plot){.script = script};
	snprintf(plot->name, sizeof(plot->name), "%s%s%s", script, axes ? "_" : "",
		axes ? axes->placement : "");
	for (char *c = plot->name; *c; c++)
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c))
			*c = '_';
	plot->data = own(open_memstream(&plot->data_text, &plot->data_size));
	plot->variables = own(open_memstream(&plot->variables_text, &plot->variables_size));
}

void plot_deinit(struct plot *plot)
{
	if (plot->data)
		fclose(plot->data);
	if (plot->variables)
		fclose(plot->variables);
	free(plot->data_text);
	free(plot->variables_text);
	*plot = (struct plot){0};
}

void plot_set_text(struct plot *plot, const char *variable, const char *text)
{
	/* Inside single quotes nothing has a meaning but the quote itself. */
	fprintf(plot->variables, "%s = '", variable);
	for (; *text; text++)
		if (*text == '\'')
			fputs("''", plot->variables);
		else
			fputc((unsigned char)*text < ' ' ? ' ' : *text, plot->variables);
	fputs("'\n", plot->variables);
}

void plot_set_number(struct plot *plot, const char *variable, double value)
{
	fprintf(plot->variables, "%s = %.10g\n", variable, value);
}

void plot_put_label(struct plot *plot, const char *label)
{
	fputc('"', plot->data);
	for (; *label; label++)
		fputc(*label == '"' || *label == '\\' || (unsigned char)*label < ' ' ? '_' : *label,
			plot->data);
	fputc('"', plot->data);
}

void plot_widen(double *low, double *high)
{
	double margin = pow(*high / *low, 0.05) * 1.05;

	*low /= margin;
	*high *= margin;
}

void plot_set_axis(
	struct plot *plot, const char *axis, double low, double high, enum view_kind kind)
{
	static const double steps[] = {1, 2, 5};
	char name[32], text[VIEW_TEXT_MAX], tics[PLOT_TEXT_MAX * 2];
	size_t used = 0;

	plot_widen(&low, &high);
	/* 1-2-5 on short axes, decades on long ones, every second or third on very long ones. */
	double decades = log10(high / low);
	unsigned per_decade = decades < 3 ? 3 : 1, stride = decades > 2 * TICS_PER_AXIS ? 3 : 1;
	tics[0] = '\0';
	for (int e = (int)floor(log10(low)); e <= (int)ceil(log10(high)); e += (int)stride)
		for (unsigned i = 0; i < per_decade; i++) {
			double value = steps[i] * pow(10, e);
			if (value < low || value > high || used + 60 > sizeof(tics))
				continue;
			view_value(text, value, kind);
			char *point = strchr(text, '.'), *unit = strchr(text, ' ');
			if (point && unit)
				memmove(point, unit, strlen(unit) + 1);
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

/* The label without what the dash says. */
static void style_key(char key[VIEW_LABEL_MAX], const struct view_row *row)
{
	char *idle;

	snprintf(key, VIEW_LABEL_MAX, "%s", row->label);
	idle = strstr(key, " idle=free");
	if (idle)
		memmove(idle, idle + strlen(" idle=free"), strlen(idle + strlen(" idle=free")) + 1);
}

unsigned plot_style(struct plotter *plotter, struct plot *plot, const struct view_row *row)
{
	char key[VIEW_LABEL_MAX];
	unsigned i = 0, colour;

	if (view_is_floor(row))
		return 0;
	style_key(key, row);
	while (i < plotter->style_count && strcmp(plotter->styles[i], key) != 0)
		i++;
	if (i == plotter->style_count && i < PLOT_STYLES_MAX)
		memcpy(plotter->styles[plotter->style_count++], key, sizeof(key));
	for (unsigned taken = 0; taken < plot->taken_count; taken++)
		if (plot->taken[taken] == i)
			return 1 + plot->colour[taken] + (view_is_plain(row) ? 0 : PLOT_COLOURS);
	colour = i % PLOT_COLOURS;
	for (unsigned c = 0; c < PLOT_COLOURS && (plot->colours & 1u << colour); c++)
		colour = c;
	plot->colours |= 1u << colour;
	if (plot->taken_count < PLOT_SERIES_MAX) {
		plot->taken[plot->taken_count] = i;
		plot->colour[plot->taken_count++] = colour;
	}
	return 1 + colour + (view_is_plain(row) ? 0 : PLOT_COLOURS);
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

int plot_end(struct plotter *plotter, struct plot *plot)
{
	char file[PLOT_NAME_MAX + 8];

	plot_set_text(plot, "title", plot->title);
	plot_set_text(plot, "caption1", plot->caption1);
	plot_set_text(plot, "caption2", plot->caption2);
	plot_set_text(plot, "footer1", plotter->footer1);
	plot_set_text(plot, "footer2", plotter->footer2);
	fclose(TAKE_PTR(plot->data));
	fclose(TAKE_PTR(plot->variables));
	snprintf(file, sizeof(file), "%s.dat", plot->name);
	int r = file_write(plotter->dir, file, plot->data_text, plot->data_size);
	if (r >= 0)
		r = plot_script_write(plotter, plot);
	if (r >= 0 && !plotter->no_gnuplot)
		r = plot_script_run(plotter, plot);
	if (r == REPORT_PLOTS_NO_GNUPLOT || r == -ETIMEDOUT)
		plotter->no_gnuplot = true;
	return trace(r);
}

/* The machine, the command and the time: a figure that is passed on keeps them. */
static void make_footer(struct plotter *plotter)
{
	const struct results *results = plotter->view->results;
	const struct results_machine *machine = &results->machines[0];
	const char *command = machine->command ? machine->command : "ipcmark";
	char text[FINGERPRINT_SUMMARY_MAX];
	FILE *out = own(fmemopen(plotter->footer1, sizeof(plotter->footer1), "w"));

	for (size_t i = 0; i < results->machine_count; i++)
		fprintf(out, "%s%s%s%s", i ? "; " : "", results->machines[i].label,
			results->machines[i].label[0] ? ": " : "",
			fingerprint_summary(&results->machines[i].fingerprint, text));
	fclose(out);
	snprintf(plotter->footer2, sizeof(plotter->footer2), "%.*s%s · ipcmark %s · %s",
		COMMAND_SHOWN, command, strlen(command) > COMMAND_SHOWN ? "…" : "",
		machine->version ? machine->version : "", machine->started ? machine->started : "");
}

static int make_dir(const char *dir, char ret_path[PATH_MAX])
{
	if (snprintf(ret_path, PATH_MAX, "%s/plots", dir) >= PATH_MAX - NAME_MAX)
		return fail(-ENAMETOOLONG, "%s: the path is too long", dir);
	if (mkdir(ret_path, 0777) < 0 && errno != EEXIST)
		return fail(
			-errno, "%s: cannot be made a directory: %s", ret_path, strerror(errno));
	return 0;
}

static int copy_common(const struct plotter *plotter)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX + 16];
	size_t size;

	snprintf(path, sizeof(path), "%s/common.gp", plotter->scripts);
	int r = file_read(path, &text, &size);
	if (r < 0)
		return trace(r);
	return trace(file_write(plotter->dir, "common.gp", text, size));
}

int report_plots(
	const struct results *results, const char *dir, const struct report_plots_options *options)
{
	static int (*const makers[])(struct plotter *) = {
		plot_lines_all, plot_tails_all, plot_points_all, plot_pairs_all, plot_matrix_all};
	_cleanup_(view_freep) struct view *view = view_new(results);
	_cleanup_(freep) struct plotter *plotter = own_array(1, sizeof(*plotter));
	char first[PATH_MAX + PLOT_TEXT_MAX] = "";

	plotter->view = view;
	plotter->options = options;
	int r = make_dir(dir, plotter->dir);
	if (r >= 0)
		r = plot_scripts_find(plotter->scripts);
	if (r >= 0)
		r = copy_common(plotter);
	if (r < 0)
		return trace(r);
	make_footer(plotter);
	/* One that fails does not keep the others from being drawn; the first error is told. */
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		int made = makers[i](plotter);
		if (r >= 0 && made < 0)
			snprintf(first, sizeof(first), "%s", error_message(made));
		r = r < 0 ? r : made;
	}
	/* Again, as drawing the others has forgotten the message. */
	if (r < 0)
		return fail(r, "%s", first);
	return plotter->no_gnuplot ? REPORT_PLOTS_NO_GNUPLOT : 0;
}
