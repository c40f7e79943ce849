#pragma once
/*
 * Results as a reader wants them: groups of cells that differ in the subject only, in a steady
 * order, each with its rows ordered: the floor (`null`) first, then the best first.
 *
 * The view borrows the results, which must outlive it and not change.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"
#include "result/summary.h"

enum { VIEW_LABEL_MAX = 160, VIEW_TEXT_MAX = 96 };

struct view_row {
	const struct summary *summary;
	char label[VIEW_LABEL_MAX]; /* the subject, and what is not at its default: "pipe idle=free"
				     */
};

struct view_group {
	const struct result_axes *axes; /* of one member: workload, exec, placement, size, … */
	const char *unit, *direction;
	bool throughput;
	struct view_row *rows;
	size_t count;
};

struct view {
	const struct results *results;
	struct summary *summaries;
	struct view_row *rows;
	struct view_group *groups;
	size_t count, group_count;
};

struct view *view_new(const struct results *results);
void view_free(struct view *view);
void view_freep(struct view **view);

/* The first group that fits; NULL and 0 fit all. */
const struct view_group *view_find(const struct view *view, const char *workload, const char *exec,
	const char *placement, size_t size_bytes);

/* The floor: the cost of the harness's own loop, no mechanism; `serial` of pools, `none` of locks.
 */
bool view_is_floor(const struct view_row *row);

/* Touch and idle at their defaults: rows that may be compared as subjects. */
bool view_is_plain(const struct view_row *row);

/* The figure that orders the group: the time, or for throughput the rate where there is one. */
const struct estimate *view_figure(const struct view_row *row);
bool view_is_better(const struct view_row *a, const struct view_row *b);

/* "between two cores (same_l3)", "on one CPU", … */
const char *view_placement_prose(const char *placement);

/* "64 B", "4 KiB"; returns buffer, as all below. */
char *view_size(char buffer[VIEW_TEXT_MAX], size_t bytes);

/* "100 µs", "1 ms". */
char *view_duration(char buffer[VIEW_TEXT_MAX], int64_t ns);

/* "pingpong, processes, between two cores (same_l3), 64 B"; `size` false leaves the size out. */
char *view_title(char buffer[VIEW_LABEL_MAX], const struct result_axes *axes, bool size);

enum view_kind { VIEW_TIME, VIEW_RATE, VIEW_BANDWIDTH };

char *view_value(char buffer[VIEW_TEXT_MAX], double value, enum view_kind kind);

/* "4.91…5.32 µs"; "(n = 3)" when there is none. */
char *view_interval(
	char buffer[VIEW_TEXT_MAX], const struct estimate *estimate, enum view_kind kind);

/* A time per iteration in the kind of the row's figure: beside a rate, messages per second too. */
char *view_like_figure(char buffer[VIEW_TEXT_MAX], const struct summary *summary, double ns);

/* Switches per message, "0", "0.013", "2.00". */
char *view_count(char buffer[VIEW_TEXT_MAX], double count);

/* What a reader must know before using the row: other populations, modes, rejected runs; "" when
 * there is nothing. */
char *view_notes(char buffer[VIEW_LABEL_MAX], const struct summary *summary);
