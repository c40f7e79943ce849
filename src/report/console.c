#include "report/console.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/console_parts.h"
#include "report/table.h"
#include "report/verdict.h"

enum { WIDTH_DEFAULT = 100, WIDTH_MIN = 40 };

static const struct table_column latency_columns[] = {
	{"subject", false, 0, false},
	{"median", true, 0, false},
	{"95 % interval", true, 3, false},
	{"p99", true, 4, false},
	{"CPU/msg", true, 2, false},
	{"switches/msg", true, 5, false},
	{"n", true, 6, false},
	{"notes", false, 1, true},
};

static const struct table_column throughput_columns[] = {
	{"subject", false, 0, false},
	{"messages", true, 0, false},
	{"95 % interval", true, 3, false},
	{"bandwidth", true, 4, false},
	{"CPU/msg", true, 2, false},
	{"switches/msg", true, 5, false},
	{"n", true, 6, false},
	{"notes", false, 1, true},
};

enum { COLUMNS = sizeof(latency_columns) / sizeof(latency_columns[0]) };

static unsigned width_of(FILE *out, const struct report_console_options *options)
{
	struct winsize size;

	if (options && options->width)
		return options->width < WIDTH_MIN ? WIDTH_MIN : options->width;
	if (fileno(out) >= 0 && isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 &&
		size.ws_col >= WIDTH_MIN)
		return size.ws_col;
	return WIDTH_DEFAULT;
}

static void add_row(
	struct table *table, const struct view_row *row, const char *label, bool throughput)
{
	const struct summary *summary = row->summary;
	const struct estimate *figure = view_figure(row);
	enum view_kind kind = figure == &summary->rate ? VIEW_RATE : VIEW_TIME;
	char value[VIEW_TEXT_MAX], interval[VIEW_TEXT_MAX], third[VIEW_TEXT_MAX] = "";
	char cpu[VIEW_TEXT_MAX] = "", switches[VIEW_TEXT_MAX] = "", notes[VIEW_LABEL_MAX], n[16];

	if (throughput && summary->bytes.n && !view_is_floor(row))
		view_value(third, summary->bytes.value, VIEW_BANDWIDTH);
	else if (!throughput && summary->count)
		view_value(third, summary->p99_ns, VIEW_TIME);
	if (summary->cpu.n) {
		view_value(cpu, summary->cpu.value, VIEW_TIME);
		view_count(switches, summary->switches_per_message);
	}
	snprintf(n, sizeof(n), "%u", figure->n);
	const char *texts[COLUMNS] = {label, view_value(value, figure->value, kind),
		view_interval(interval, figure, kind), third, cpu, switches, n,
		view_notes(notes, summary)};
	table_add(table, texts);
}

/* A group of two named CPUs, "cpu0-cpu1". */
static bool is_pair(const struct view_group *group)
{
	int a, b;

	return sscanf(group->axes->placement, "cpu%d-cpu%d", &a, &b) == 2;
}

/* How many groups differ from the first one in the pair of CPUs only: a table each would be many
 * of one row. */
static size_t count_pairs(const struct view *view, size_t first)
{
	const struct view_group *group = &view->groups[first];
	size_t count = 1;

	for (; is_pair(group) && first + count < view->group_count; count++) {
		const struct view_group *next = &view->groups[first + count];
		if (!is_pair(next) || strcmp(next->axes->workload, group->axes->workload) != 0 ||
			strcmp(next->axes->exec, group->axes->exec) != 0 ||
			next->axes->size_bytes != group->axes->size_bytes ||
			next->axes->gap_ns != group->axes->gap_ns)
			break;
	}
	return count;
}

/* One group, or some of named CPUs, whose rows then begin with them. */
static void print_groups(FILE *out, const struct view_group *groups, size_t count, unsigned width)
{
	_cleanup_(table_deinit) struct table table = {
		.columns = groups->throughput ? throughput_columns : latency_columns,
		.column_count = COLUMNS,
	};
	char title[VIEW_LABEL_MAX], label[VIEW_LABEL_MAX + RESULT_AXIS_MAX];
	struct result_axes axes = *groups->axes;

	for (size_t g = 0; g < count; g++)
		for (size_t i = 0; i < groups[g].count; i++) {
			snprintf(label, sizeof(label), "%s%s%s",
				count > 1 ? groups[g].axes->placement : "", count > 1 ? " " : "",
				groups[g].rows[i].label);
			add_row(&table, &groups[g].rows[i], label, groups->throughput);
		}
	if (count > 1)
		snprintf(axes.placement, sizeof(axes.placement), "between named CPUs");
	fprintf(out, "\n%s", view_title(title, &axes, true));
	if (!groups->throughput && groups->unit[0])
		fprintf(out, " (per %s)", groups->unit);
	fputs("\n\n", out);
	table_print(&table, out, width);
}

/* Those that failed stand in the table of scenarios, with their verdict. */
static bool is_scenario(const struct result_cell *cell)
{
	return family_of_axes(&cell->axes) == VIEW_SCENARIO;
}

/* The cells without figures: name, then the reason, cut at the width. */
static void print_missing(FILE *out, const struct results *results, enum result_status status,
	const char *title, unsigned width)
{
	static const struct table_column columns[] = {
		{"cell", false, 0, false}, {"why", false, 0, true}};
	_cleanup_(table_deinit) struct table table = {.columns = columns, .column_count = 2};

	for (size_t i = 0; i < results->cell_count; i++) {
		const struct result_cell *cell = &results->cells[i];
		if (cell->status != status || (status == RESULT_FAILED && is_scenario(cell)))
			continue;
		const char *texts[] = {cell->name, cell->reason ? cell->reason : "unknown"};
		table_add(&table, texts);
	}
	if (table.row_count == 0)
		return;
	fprintf(out, "\n%s (%zu)\n\n", title, table.row_count);
	table_print(&table, out, width);
}

static void print_rejected(FILE *out, const struct results *results)
{
	size_t accepted = 0, rejected = 0;

	for (size_t i = 0; i < results->cell_count; i++) {
		accepted += result_cell_accepted(&results->cells[i]);
		rejected += result_cell_rejected(&results->cells[i]);
	}
	if (rejected)
		fprintf(out,
			"\n%zu of %zu process runs were rejected because the CPUs moved, were "
			"busy, or "
			"were not the wanted ones; never for their figures.\n",
			rejected, accepted + rejected);
}

/* Text in lines of the width, each after the indent; a word that is too long stays whole. */
static void print_wrapped(FILE *out, const char *indent, const char *text, unsigned width)
{
	size_t at = 0;

	while (*text) {
		char word[VERDICT_TEXT_MAX];
		size_t length = strcspn(text, " ");
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		size_t columns = table_text_width(word);
		if (at > 0 && at + 1 + columns > width) {
			fputc('\n', out);
			at = 0;
		}
		fprintf(out, "%s%s", at > 0 ? " " : indent, word);
		at += columns + (at > 0 ? 1 : strlen(indent));
		text += length + strspn(text + length, " ");
	}
	fputc('\n', out);
}

static void print_verdict(FILE *out, const struct view *view, unsigned width)
{
	struct verdict verdicts[VERDICTS_MAX];
	size_t count = verdict_make(view, verdicts);
	const char *note = verdict_note(verdicts, count);
	char text[VERDICT_ADVICE_MAX + VERDICT_TEXT_MAX];

	if (count)
		fputc('\n', out);
	if (note)
		print_wrapped(out, "", note, width);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s:\n", verdicts[i].question);
		snprintf(text, sizeof(text), "%s %s", verdicts[i].advice, verdicts[i].answer);
		print_wrapped(out, "  ", text, width);
	}
}

int report_console(
	FILE *out, const struct results *results, const struct report_console_options *options)
{
	_cleanup_(view_freep) struct view *view = view_new(results);
	unsigned width = width_of(out, options);
	char text[FINGERPRINT_SUMMARY_MAX];

	for (size_t i = 0; i < results->machine_count; i++) {
		const struct results_machine *machine = &results->machines[i];
		fprintf(out, "%s%s%s%s\n", machine->label, machine->label[0] ? ": " : "",
			fingerprint_summary(&machine->fingerprint, text),
			machine->interrupted ? " (interrupted: not all cells were measured)" : "");
	}
	if (options && options->verdict)
		print_verdict(out, view, width);
	for (size_t i = 0, count; i < view->group_count; i += count) {
		enum view_family family = family_of_axes(view->groups[i].axes);
		count = family == VIEW_TRANSPORT ? count_pairs(view, i) : 1;
		if (family == VIEW_TRANSPORT)
			print_groups(out, &view->groups[i], count, width);
		else if (family != VIEW_SCENARIO)
			console_group(out, view, &view->groups[i], width);
	}
	console_breakeven(out, view, width);
	console_scenarios(out, view, width);
	print_missing(out, results, RESULT_FAILED, "Failed", width);
	print_missing(out, results, RESULT_SKIPPED, "Skipped", width);
	print_rejected(out, results);
	return ferror(out) || fflush(out) != 0 ? fail(-EIO, "the table cannot be written") : 0;
}
