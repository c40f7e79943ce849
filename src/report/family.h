#pragma once
/*
 * What kind of thing a workload measures, in words and figures: transports, pools, locks, ways to
 * spawn, scenarios. Results know workloads only by name, so the names stand here; one that nobody
 * knows is shown as transports are, with all its params in the heading.
 */
#include "report/view.h"

enum view_family { VIEW_TRANSPORT, VIEW_POOL, VIEW_LOCK, VIEW_SPAWN, VIEW_SCENARIO };

enum view_family family_of_axes(const struct result_axes *axes);

/* The tasks of an iteration, 1 where there are none: a map's time is shown per task. */
double family_tasks(const struct result_axes *axes);

/* The row's time and its interval, per task. */
struct estimate family_task_time(const struct view_row *row);

/* What a figure is of: "per task", "per round trip", "sections a second". */
char *family_per(char buffer[VIEW_TEXT_MAX], const struct view_group *group);

/* "processes", "threads". */
const char *family_exec(const struct result_axes *axes);

/* "1.93 ×". */
char *family_factor(char buffer[VIEW_TEXT_MAX], double factor);

/* "n = 20, 100 tasks, chunk 1, 2 workers": all axes without a member of their own, for a heading;
 * "" without any. `but` is left out, or NULL. */
char *family_params(char buffer[VIEW_LABEL_MAX], const struct result_axes *axes, const char *but);

/* A param's value for a cell of a table, "100 ns", "auto", "256 MiB". */
char *family_value(char buffer[VIEW_TEXT_MAX], const struct result_param *param);

/* Orders by params, numbers as numbers; `but` does not count, or NULL. */
int family_compare_params(
	const struct result_axes *a, const struct result_axes *b, const char *but);

/* How many of the words "key=value", of *ret_all, hold for the axes. */
unsigned family_count_held(const char *words, const struct result_axes *axes, unsigned *ret_all);

/* ---- pools ---- */

struct speedup {
	struct estimate factor; /* over `serial` in the same cell; level 0: no interval */
	double efficiency;      /* of the CPUs that the workers had; < 0 where tasks only wait */
	double grain_ns;        /* one task, by `serial` */
};

/* False where the tasks do no work (dispatch is not what `serial` has), or there is no such cell of
 * `serial`, of the same machine. */
bool speedup_of(const struct view *view, const struct view_row *row, struct speedup *ret);

enum breakeven_kind {
	BREAKEVEN_NONE,    /* too few grains */
	BREAKEVEN_BELOW,   /* the smallest grain measured pays already */
	BREAKEVEN_AT,      /* between two grains, interpolated */
	BREAKEVEN_NOT_YET, /* nor does the largest */
};

/* The grain from which on the speed-up is at least BREAKEVEN_FACTOR, over the cells that differ
 * from the row in n only. */
#define BREAKEVEN_FACTOR 1.5
struct breakeven {
	enum breakeven_kind kind;
	double grain_ns;
};
struct breakeven breakeven_of(const struct view *view, const struct view_row *row);
/* "52 ns", "< 4 ns", "> 2 µs", "". */
char *breakeven_text(char buffer[VIEW_TEXT_MAX], const struct breakeven *breakeven);

/* ---- scenarios ---- */

/* "sold 100, oversold 37": what came out, without what did not happen. */
char *scenario_outcome(char buffer[VIEW_LABEL_MAX], const struct summary *summary);

/* "ok"; "shown: …" for what must go wrong without a lock and did; "failed: …" with the reason.
 * `summary` may be NULL: the cell has no figures. */
char *scenario_verdict(
	char *buffer, size_t size, const struct result_cell *cell, const struct summary *summary);
