#include "report/plot.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/plot_internal.h"
#include "result/file.h"
#include "result/own.h"

/* As many characters as the footer has room for, beside the version and the time. */
enum { COMMAND_SHOWN = 72 };

void plot_begin(struct plot *plot, const char *script, const struct result_axes *axes)
{
	plot_begin_named(plot, script, script, axes ? axes->placement : NULL);
}

void plot_begin_named(
	struct plot *plot, const char *script, const char *name, const char *placement)
{
	*plot = (struct plot){.script = script};
	snprintf(plot->name, sizeof(plot->name), "%s%s%s", name, placement ? "_" : "",
		placement ? placement : "");
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

int plot_end(struct plotter *plotter, struct plot *plot)
{
	char file[PLOT_NAME_MAX + 8];

	plot_set_captions(plot);
	plot_set_key(plot);
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
	static int (*const makers[])(struct plotter *) = {plot_lines_all, plot_tails_all,
		plot_points_all, plot_pairs_all, plot_matrix_all, plot_dots_all, plot_speedup_all,
		plot_ratio_all};
	_cleanup_(view_freep) struct view *view = view_new(results);
	_cleanup_(freep) struct plotter *plotter = own_array(1, sizeof(*plotter));
	char first[PATH_MAX + PLOT_TEXT_MAX] = "";

	plotter->view = view;
	plotter->options = options;
	plot_styles_init(plotter);
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
