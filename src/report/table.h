#pragma once
/*
 * A table of UTF-8 text that fits a width: columns that matter least are left out first. A loose
 * column, the last, counts as wide as its title: its longer texts run over the edge rather than
 * push other columns out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table_column {
	const char *title;
	bool right;        /* numbers */
	unsigned priority; /* 0 is never left out; the highest goes first */
	bool loose;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	char **cells; /* row_count × column_count */
	size_t row_count, row_capacity;
};

/* Copies the texts, one per column. */
void table_add(struct table *table, const char *const *texts);

void table_print(const struct table *table, FILE *out, unsigned width);

void table_deinit(struct table *table);

/* Columns that the text takes on a terminal: its code points. */
size_t table_text_width(const char *text);
