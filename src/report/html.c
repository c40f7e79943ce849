#include "report/html.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "report/html_parts.h"
#include "report/svg.h"
#include "report/verdict.h"
#include "result/file.h"
#include "result/own.h"

static void write_head(FILE *out, const struct results *results)
{
	const struct results_machine *machine = &results->machines[0];
	char text[FINGERPRINT_SUMMARY_MAX];

	/* The policy is the proof that the page loads nothing. */
	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
		"<title>ipcmark report</title>\n<style>\n%s</style>\n</head>\n<body>\n"
		"<header>\n<h1>How fast is IPC on this machine?</h1>\n",
		html_style);
	for (size_t i = 0; i < results->machine_count; i++) {
		fputs("<p><strong>", out);
		html_escape(out, results->machines[i].label);
		fputs(results->machines[i].label[0] ? ":</strong> " : "</strong>", out);
		html_escape(out, fingerprint_summary(&results->machines[i].fingerprint, text));
		fputs("</p>\n", out);
	}
	fputs("<p class=\"soft\"><code>", out);
	html_escape(out, machine->command ? machine->command : "ipcmark");
	fputs("</code>, ", out);
	html_escape(out, machine->started ? machine->started : "at an unknown time");
	fputs(", ipcmark ", out);
	html_escape(out, machine->version ? machine->version : "");
	fputs("</p>\n", out);
	if (machine->interrupted)
		fputs("<p class=\"warn\">The run was interrupted: not all cells were "
		      "measured.</p>\n",
			out);
	fputs("<nav><a href=\"#verdict\">Verdict</a><a href=\"#plots\">Plots</a>"
	      "<a href=\"#tables\">Tables</a><a href=\"#machine\">Machine</a>"
	      "<a href=\"#method\">How each number was made</a></nav>\n</header>\n<main>\n",
		out);
}

static void write_verdict(FILE *out, const struct view *view)
{
	struct verdict verdicts[VERDICTS_MAX];
	size_t count = verdict_make(view, verdicts);

	fputs("<h2 id=\"verdict\">Verdict</h2>\n", out);
	if (count == 0)
		fputs("<p>There are too few cells for one: it compares subjects at 64 B.</p>\n",
			out);
	const char *note = verdict_note(verdicts, count);
	if (note) {
		fputs("<p>", out);
		html_escape(out, note);
		fputs("</p>\n", out);
	}
	fputs("<dl class=\"verdict\">\n", out);
	for (size_t i = 0; i < count; i++) {
		fputs("<div><dt>", out);
		html_escape(out, verdicts[i].question);
		fputs("</dt><dd><strong>", out);
		html_escape(out, verdicts[i].advice);
		fputs("</strong> ", out);
		html_escape(out, verdicts[i].answer);
		fputs("</dd></div>\n", out);
	}
	fputs("</dl>\n", out);
}

static int is_svg(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return entry->d_name[0] != '.' && dot && strcmp(dot, ".svg") == 0;
}

/* One file of plots/, from its <svg on. What is no such file is left out. */
static void write_plot(FILE *out, const char *dir, const char *name)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t size;

	if (snprintf(path, sizeof(path), "%s/plots/%s", dir, name) >= PATH_MAX ||
		file_read(path, &text, &size) < 0)
		return;
	char *svg = strstr(text, "<svg"), *end = strstr(text, "</svg>");
	if (!svg || !end || strstr(text, "<script"))
		return;
	fputs("<figure>", out);
	fwrite("<svg role=\"img\"", 1, 15, out);
	fwrite(svg + 4, 1, (size_t)(end + 6 - svg - 4), out);
	fputs("<figcaption>plots/", out);
	html_escape(out, name);
	fputs(", data and script beside it</figcaption></figure>\n", out);
}

static void write_plots(FILE *out, const char *dir)
{
	/* The order of reading: the questions of the verdict, then what explains the answers. */
	static const char *const order[] = {"latency_size", "throughput_size", "pareto", "ecdf",
		"spectrum", "process_thread", "wakeup", "matrix", "speedup", "efficiency",
		"dispatch", "pool_kinds", "lock_cost", "contended", "fairness", "signals", "spawn",
		"python", ""};
	char path[PATH_MAX];
	struct dirent **entries = NULL;
	int count = snprintf(path, sizeof(path), "%s/plots", dir) < PATH_MAX
			    ? scandir(path, &entries, is_svg, alphasort)
			    : 0;

	fputs("<h2 id=\"plots\">Plots</h2>\n", out);
	if (count <= 0)
		fputs("<p>None were drawn (gnuplot draws them).</p>\n", out);
	fputs("<div class=\"plots\">\n", out);
	for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++)
		for (int i = 0; i < count; i++)
			if (entries[i] &&
				strncmp(entries[i]->d_name, order[o], strlen(order[o])) == 0) {
				write_plot(out, dir, entries[i]->d_name);
				free(TAKE_PTR(entries[i]));
			}
	fputs("</div>\n", out);
	free(entries);
}

static void write_findings(FILE *out, const json_t *doctor)
{
	static const char *const keys[] = {"severity", "check", "finding", "advice"};
	json_t *finding;
	size_t index;

	if (json_array_size(doctor) == 0)
		return;
	fputs("<div class=\"scroll\" tabindex=\"0\"><table><caption>The doctor's findings: what "
	      "may disturb measurements here.</caption>\n<thead><tr><th>severity</th>"
	      "<th>check</th><th>finding</th><th>advice</th></tr></thead><tbody>\n",
		out);
	json_array_foreach ((json_t *)doctor, index, finding) {
		fputs("<tr>", out);
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			const char *text = json_string_value(json_object_get(finding, keys[i]));
			fputs(i < 2 ? "<td>" : "<td class=\"wrap\">", out);
			html_escape(out, text ? text : "");
			fputs("</td>", out);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void write_machine(FILE *out, const struct results_machine *machine)
{
	write_findings(out, machine->doctor);
	fputs("<div class=\"scroll\" tabindex=\"0\"><table><caption>Fingerprint", out);
	html_escape(out, machine->label[0] ? " of " : "");
	html_escape(out, machine->label);
	fputs(". “refuse”: results that differ in it are never compared.</caption>\n"
	      "<thead><tr><th>fact</th><th>value</th><th>when it differs</th></tr></thead>"
	      "<tbody>\n",
		out);
	for (unsigned i = 0; i < machine->fingerprint.count; i++) {
		const struct fingerprint_field *field = &machine->fingerprint.fields[i];
		fputs("<tr><td>", out);
		html_escape(out, field->name);
		fputs("</td><td class=\"wrap\">", out);
		html_escape(out, field->value);
		fprintf(out, "</td><td>%s</td></tr>\n", fingerprint_policy_name(field->policy));
	}
	fputs("</tbody></table></div>\n", out);
	if (machine->topology && machine->topology[0]) {
		fputs("<pre>", out);
		html_escape(out, machine->topology);
		fputs("</pre>\n", out);
	}
}

static void write_method(FILE *out, const struct results *results)
{
	size_t accepted = 0, rejected = 0;

	for (size_t i = 0; i < results->cell_count; i++) {
		accepted += result_cell_accepted(&results->cells[i]);
		rejected += result_cell_rejected(&results->cells[i]);
	}
	fputs("<h2 id=\"method\">How each number was made</h2>\n"
	      "<p>A <strong>cell</strong> is one workload, subject, exec, placement and size. It "
	      "is "
	      "measured in several fresh processes (<strong>process runs</strong>, n), in an order "
	      "that is shuffled with the recorded seed. Repetitions inside one process are not "
	      "independent, so a process run counts as one figure: the median of its "
	      "repetitions. A repetition of a latency is the median of its samples (the mean "
	      "stands beside it); of a throughput, all messages over all of the time.</p>\n"
	      "<p>The <strong>median</strong> is that of the process runs. Its <strong>95 % "
	      "interval</strong> is between order statistics, which is exact for any distribution; "
	      "it does not exist for fewer than six runs. Two subjects whose intervals meet are "
	      "not told apart.</p>\n"
	      "<p><strong>Percentiles</strong> are of the samples of all those runs, in a "
	      "histogram with a relative error below 0.1 %.</p>\n"
	      "<p><strong>CPU/msg</strong> is CPU time, user and system, per message: of each "
	      "side, "
	      "and of all together. <strong>Switches</strong> are context switches per message, "
	      "voluntary and involuntary, of all sides.</p>\n"
	      "<p>A probe of the cache-line round trip says before and after each run where the "
	      "two CPUs are (near, far, smt). Runs in which that changed, in which the CPUs were "
	      "busy, or in which a side ran elsewhere are rejected for that reason, never for "
	      "their figures; runs in another state are another population and listed in the "
	      "notes.</p>\n"
	      "<p><strong>null</strong> is the floor: the loop of the harness with no mechanism "
	      "in it.</p>\n",
		out);
	fprintf(out, "<p>Here: %zu process runs count, %zu were rejected, the seed was %llu.</p>\n",
		accepted, rejected, (unsigned long long)results->machines[0].seed);
	json_t *clock = results->machines[0].clock;
	const char *source = json_string_value(json_object_get(clock, "source"));
	if (source) {
		fputs("<p>The clock is ", out);
		html_escape(out, source);
		fprintf(out, "; reading it costs %.1f ns.</p>\n",
			json_number_value(json_object_get(clock, "read_ns")));
	}
}

int report_html(const struct results *results, const char *dir)
{
	_cleanup_(view_freep) struct view *view = view_new(results);
	_cleanup_(freep) char *page = NULL;
	size_t size = 0;
	FILE *out = own(open_memstream(&page, &size));

	write_head(out, results);
	write_verdict(out, view);
	write_plots(out, dir);
	fputs("<h2 id=\"tables\">Tables</h2>\n<p>A click on a heading sorts. <label>Show only rows "
	      "with <input type=\"search\" placeholder=\"same_l3 64 pipe\"></label></p>\n",
		out);
	html_tables(out, view);
	html_missing(out, results);
	fputs("<h2 id=\"machine\">The machine</h2>\n", out);
	for (size_t i = 0; i < results->machine_count; i++)
		write_machine(out, &results->machines[i]);
	write_method(out, results);
	fprintf(out, "</main>\n<script>\n%s</script>\n</body>\n</html>\n", html_script);
	if (fclose(out) != 0)
		own(NULL);
	return trace(file_write(dir, "report.html", page, size));
}
