#include "ipcmark/doctor.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "ipcmark/doctor_check.h"

enum { CHECK_COLUMN = 18, WRAP_COLUMN = 100 };

static const char *const severity_names[DOCTOR_SEVERITIES] = {"ok", "note", "warning"};

const char *doctor_severity_name(enum doctor_severity severity)
{
	return severity_names[severity];
}

void doctor_run(const char *root, struct doctor *ret_doctor)
{
	*ret_doctor = (struct doctor){.root = root};
	/* Load first: the others are a load themselves. */
	doctor_check_load(ret_doctor);
	doctor_check_cgroup(ret_doctor);
	doctor_check_cpu(ret_doctor);
	doctor_check_kernel(ret_doctor);
	doctor_check_limits(ret_doctor);
}

unsigned doctor_count(const struct doctor *doctor, enum doctor_severity severity)
{
	unsigned count = 0;

	for (unsigned i = 0; i < doctor->count; i++)
		count += doctor->findings[i].severity == severity;
	return count;
}

/* Prints words, broken so that each line ends before the last column; what starts with `column`
 * characters on the line already goes on there. */
static void print_wrapped(FILE *out, const char *text, unsigned column)
{
	unsigned at = column;

	while (*text) {
		size_t n = strcspn(text, " ");
		if (at > column && at + 1 + n > WRAP_COLUMN) {
			fprintf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)n, text);
		at += (unsigned)n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_finding(FILE *out, const struct doctor_finding *finding)
{
	fprintf(out, "  %-*s", CHECK_COLUMN - 2, finding->check);
	print_wrapped(out, finding->finding, CHECK_COLUMN);
	if (finding->advice[0]) {
		fprintf(out, "%*s→ ", CHECK_COLUMN, "");
		print_wrapped(out, finding->advice, CHECK_COLUMN + 2);
	}
}

int doctor_print(FILE *out, const struct doctor *doctor, bool all)
{
	static const char *const titles[DOCTOR_SEVERITIES] = {
		"In order", "Good to know", "Disturbs or forbids measurements"};

	for (int severity = DOCTOR_SEVERITIES - 1; severity >= (all ? 0 : DOCTOR_NOTE);
		severity--) {
		if (doctor_count(doctor, (enum doctor_severity)severity) == 0)
			continue;
		fprintf(out, "%s:\n", titles[severity]);
		for (unsigned i = 0; i < doctor->count; i++)
			if ((int)doctor->findings[i].severity == severity)
				print_finding(out, &doctor->findings[i]);
		fputc('\n', out);
	}
	fprintf(out, "%u warnings, %u notes, %u in order%s\n", doctor_count(doctor, DOCTOR_WARNING),
		doctor_count(doctor, DOCTOR_NOTE), doctor_count(doctor, DOCTOR_OK),
		all ? "" : " (shown with --all)");
	return ferror(out) ? -EIO : 0;
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

int doctor_print_json(FILE *out, const struct doctor *doctor)
{
	_cleanup_(json_freep) json_t *root = json_object();
	json_t *findings = json_array();

	if (!root || json_object_set_new(root, "findings", findings) < 0)
		return trace(-ENOMEM);
	for (unsigned i = 0; i < doctor->count; i++) {
		const struct doctor_finding *finding = &doctor->findings[i];
		json_t *one = json_pack("{s:s, s:s, s:s, s:s}", "severity",
			doctor_severity_name(finding->severity), "check", finding->check, "finding",
			finding->finding, "advice", finding->advice);
		if (json_array_append_new(findings, one) < 0)
			return trace(-ENOMEM);
	}
	if (json_dumpf(root, out, JSON_INDENT(2)) < 0 || fputc('\n', out) < 0)
		return fail(-EIO, "cannot write the findings");
	return 0;
}
