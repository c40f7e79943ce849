#pragma once
/*
 * What the files of the plots share. A plot is made in three steps: plot_begin(), data and
 * variables, plot_end(), which writes the .dat and the .gp and has gnuplot draw.
 */
#include <limits.h>
#include <stdio.h>

#include "report/family.h"
#include "report/plot.h"
#include "report/view.h"

enum {
	PLOT_NAME_MAX = 128,
	PLOT_TEXT_MAX = 360,
	PLOT_WIDTH = 830,     /* pixels of a picture at the size it is made for */
	PLOT_SERIES_MAX = 12, /* lines that one plot can show */
	PLOT_STYLES_MAX = 64,
	PLOT_COLOURS = 12,    /* of common.gp's palette */
	PLOT_SIZE_BYTES = 64, /* the size of the plots that show one size */
};

struct plotter {
	const struct view *view;
	const struct report_plots_options *options;
	char dir[PATH_MAX];     /* DIR/plots */
	char scripts[PATH_MAX]; /* where the templates are */
	char footer1[PLOT_TEXT_MAX], footer2[PLOT_TEXT_MAX];
	/* A subject keeps its colour in all plots: its place here. */
	char styles[PLOT_STYLES_MAX][VIEW_LABEL_MAX];
	unsigned style_count;
	bool no_gnuplot; /* there is none, or it hung: the other plots would wait for it again */
};

struct plot {
	const char *script; /* "latency_size": NAME without what tells instances apart */
	char name[PLOT_NAME_MAX];
	char title[PLOT_TEXT_MAX], caption1[PLOT_TEXT_MAX], caption2[PLOT_TEXT_MAX];
	/* The colours of this plot: a bit each, and whose they are. */
	unsigned key_columns; /* characters of the longest name in the legend, 0: no legend */
	unsigned colours, taken_count, taken[PLOT_SERIES_MAX], colour[PLOT_SERIES_MAX];
	FILE *data, *variables; /* memory streams */
	char *data_text, *variables_text;
	size_t data_size, variables_size;
};

/* A name of the script's and the placement's; the rest of the file name comes from outside, so
 * all but [a-z0-9_] becomes '_'. */
void plot_begin(struct plot *plot, const char *script, const struct result_axes *axes);

/* The same where a template draws several plots: NAME_PLACEMENT, or NAME without one. */
void plot_begin_named(
	struct plot *plot, const char *script, const char *name, const char *placement);

/* Accepts what plot_begin() made, also after plot_end(). */
void plot_deinit(struct plot *plot);

/* Quotes the text so that gnuplot takes it literally. */
void plot_set_text(struct plot *plot, const char *variable, const char *text);
void plot_set_number(struct plot *plot, const char *variable, double value);

/* A column of text in the data. */
void plot_put_label(struct plot *plot, const char *label);

/* The title, and both captions in lines that fit the picture; the room that the legend needs. */
void plot_set_captions(struct plot *plot);
void plot_set_key(struct plot *plot);

/* "5 µs", "1.5 ms": as few digits as the value needs. */
char *plot_tic(char text[VIEW_TEXT_MAX], double value, enum view_kind kind);

/* What an axis shows for values from low to high: some room around them. */
void plot_widen(double *low, double *high);

/* A logarithmic axis of the kind, widened, as the variables AXIS_tics, AXIS_low, AXIS_high. */
void plot_set_axis(
	struct plot *plot, const char *axis, double low, double high, enum view_kind kind);

int plot_end(struct plotter *plotter, struct plot *plot);

/* Another way to wait of a subject that has a row of its own. */
bool plot_is_variant(const struct view_row *row);

/* The subjects that everybody knows are in all plots that have them. */
bool plot_is_familiar(const struct view_row *row);

/*
 * The style (≥ 1) of a row; 0 is the floor's. A subject keeps its colour in all plots as long as no
 * other one of this plot has it; with free idle states it is dashed.
 */
void plot_styles_init(struct plotter *plotter);
unsigned plot_style(struct plotter *plotter, struct plot *plot, const struct view_row *row);

/* Whether the figures are of runs whose CPUs were not near; the label then says where. */
bool plot_is_away(const struct view_row *row);
char *plot_label(char buffer[VIEW_LABEL_MAX], const struct view_row *row);

/* "pingpong between processes, 64 B": what the title does not say. */
char *plot_what(char buffer[VIEW_LABEL_MAX], const struct result_axes *axes, bool size);

/* "n = 20", "n = 18 to 20", for process runs of the rows. */
struct plot_count {
	unsigned low, high;
};
void plot_count_add(struct plot_count *count, unsigned n);
char *plot_count_text(char buffer[VIEW_TEXT_MAX], const struct plot_count *count);

/* plot_script.c: the templates, and running gnuplot. */
int plot_scripts_find(char ret_path[PATH_MAX]);
int plot_script_write(const struct plotter *plotter, const struct plot *plot);
/* 0, REPORT_PLOTS_NO_GNUPLOT, or a negative errno. */
int plot_script_run(const struct plotter *plotter, const struct plot *plot);

/* Whether the group is what the plots of one size are about: round trips of 64 B between
 * processes, at a named placement. */
bool plot_is_basic(const struct view_group *group);

/*
 * A subject that takes more than a hundred times as long as the median one (spinning on one CPU)
 * would squash all others: it is named in the caption instead.
 */
bool plot_is_outlier(const struct view_group *group, const struct view_row *row);

/* " Left out, over 100 × the median subject: shm_spin (7.99 ms)."; "" when there is none. */
char *plot_outliers(char buffer[PLOT_TEXT_MAX], const struct view_group *group);

/* Whether the plot has enough data of the row; for one that nobody knows, more is asked. */
struct plot_usable {
	bool (*is)(const void *context, const struct view_row *row, bool familiar);
	const void *context;
	const char *what; /* " with several sizes" */
};

/* The choice of rows: what everybody knows, and the best others; in the order of the group. */
struct plot_choice {
	const struct view_row *rows[PLOT_SERIES_MAX];
	size_t count;
	char text[PLOT_TEXT_MAX]; /* what is shown and what is left out */
};
void plot_choose(struct plot_choice *choice, const struct view_group *group,
	const struct plot_usable *usable);

/* A workload whose cells differ in params: those that a plot shows. */
struct plot_setting {
	const char *workload;
	const char *must, *likes;     /* "chunk=1 tasks=1000"; or NULL */
	const char *placement, *exec; /* or NULL: any */
};
/* The axes of one cell that is such; NULL when there is none. */
const struct result_axes *plot_setting_find(
	const struct plotter *plotter, const struct plot_setting *setting);
/* Whether the cell is of that setting, whatever its subject and exec. */
bool plot_setting_holds(const struct result_axes *setting, const struct result_axes *axes);

/* A row that stands for its subject: nothing is other than usual, or everything is. */
bool plot_is_usable(const struct plotter *plotter, const struct view_row *row);

/* The plots; each makes as many as the results have data for. */
int plot_lines_all(struct plotter *plotter);  /* latency_size, throughput_size, wakeup */
int plot_tails_all(struct plotter *plotter);  /* ecdf, spectrum */
int plot_points_all(struct plotter *plotter); /* pareto */
int plot_pairs_all(struct plotter *plotter);  /* process_thread */
int plot_matrix_all(struct plotter *plotter);
int plot_dots_all(struct plotter *plotter);    /* dispatch, lock_cost, contended, fairness, spawn */
int plot_speedup_all(struct plotter *plotter); /* speedup, efficiency */
int plot_ratio_all(struct plotter *plotter);   /* python, pool_kinds */
