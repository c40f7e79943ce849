#include "report/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result/own.h"

enum { GAP = 2 };

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t table_text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += !is_continuation(*text);
	return width;
}

void table_add(struct table *table, const char *const *texts)
{
	if (table->row_count == table->row_capacity) {
		table->row_capacity = table->row_capacity ? 2 * table->row_capacity : 16;
		table->cells = own(realloc(table->cells,
			table->row_capacity * table->column_count * sizeof(*table->cells)));
	}
	for (size_t i = 0; i < table->column_count; i++)
		table->cells[table->row_count * table->column_count + i] = own_string(texts[i]);
	table->row_count++;
}

void table_deinit(struct table *table)
{
	int saved = errno;

	for (size_t i = 0; i < table->row_count * table->column_count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->row_count = 0;
	errno = saved;
}

/* The widths, 0 for columns that are left out (also those with nothing in them). */
static void layout(const struct table *table, unsigned width, size_t *widths)
{
	size_t total = 0;

	for (size_t column = 0; column < table->column_count; column++) {
		bool empty = true;
		widths[column] = table_text_width(table->columns[column].title);
		for (size_t row = 0; row < table->row_count; row++) {
			const char *text = table->cells[row * table->column_count + column];
			size_t needed = table_text_width(text);
			empty = empty && needed == 0;
			if (needed > widths[column])
				widths[column] = needed;
		}
		if (empty)
			widths[column] = 0;
		if (table->columns[column].loose && !empty)
			widths[column] = table_text_width(table->columns[column].title);
		total += widths[column] ? widths[column] + GAP : 0;
	}
	for (;;) {
		size_t last = 0;
		for (size_t i = 1; i < table->column_count; i++)
			if (widths[i] && table->columns[i].priority > 0 &&
				(!last ||
					table->columns[i].priority > table->columns[last].priority))
				last = i;
		if (total <= width + GAP || !last)
			return;
		total -= widths[last] + GAP;
		widths[last] = 0;
	}
}

static void print_text(FILE *out, const char *text, size_t width, bool right, bool last)
{
	size_t have = table_text_width(text);

	if (right)
		fprintf(out, "%*s", (int)(width - (have < width ? have : width)), "");
	fputs(text, out);
	if (!right && !last)
		fprintf(out, "%*s", (int)(width - (have < width ? have : width)), "");
}

static void print_row(const struct table *table, FILE *out, const size_t *widths, size_t row)
{
	size_t last = 0;

	for (size_t i = 0; i < table->column_count; i++)
		if (widths[i] && (row == 0 || table->cells[(row - 1) * table->column_count + i][0]))
			last = i;
	for (size_t i = 0; i <= last; i++) {
		if (!widths[i])
			continue;
		print_text(out,
			row == 0 ? table->columns[i].title
				 : table->cells[(row - 1) * table->column_count + i],
			widths[i], table->columns[i].right, i == last);
		if (i < last)
			fprintf(out, "%*s", GAP, "");
	}
	fputc('\n', out);
}

void table_print(const struct table *table, FILE *out, unsigned width)
{
	size_t widths[TABLE_COLUMNS_MAX];

	layout(table, width, widths);
	for (size_t row = 0; row <= table->row_count; row++)
		print_row(table, out, widths, row);
}
