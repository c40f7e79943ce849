#pragma once
/*
 * What on this machine will disturb or forbid measurements, and what to do about it. Every check
 * says something, also that there is nothing to say.
 */
#include <stdbool.h>
#include <stdio.h>

enum doctor_severity {
	DOCTOR_OK,      /* nothing in the way */
	DOCTOR_NOTE,    /* good to know when reading figures */
	DOCTOR_WARNING, /* disturbs figures, or forbids some cells */
	DOCTOR_SEVERITIES,
};

enum { DOCTOR_FINDINGS_MAX = 64, DOCTOR_TEXT_MAX = 320, DOCTOR_CHECK_MAX = 24 };

struct doctor_finding {
	enum doctor_severity severity;
	char check[DOCTOR_CHECK_MAX]; /* "governor" */
	char finding[DOCTOR_TEXT_MAX];
	char advice[DOCTOR_TEXT_MAX]; /* what to do; "" when there is nothing */
};

struct doctor {
	const char *root; /* "" on this machine; else a copy of /proc, /sys and /dev */
	unsigned count;
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
};

/*
 * Runs all checks on the machine (root ""), or on copies of its files below a directory: then what
 * only the live machine can tell is left out. Takes some 300 ms on a live machine: load and stolen
 * time are measured, and the CPUs of a virtual machine are probed. Cannot fail; what cannot be read
 * is said.
 */
void doctor_run(const char *root, struct doctor *ret_doctor);

/* How many findings have the severity. */
unsigned doctor_count(const struct doctor *doctor, enum doctor_severity severity);

/* "ok", "note", "warning" */
const char *doctor_severity_name(enum doctor_severity severity);

/* For people: what is wrong first; with `all` also what is right. A negative errno when the stream
 * has an error. */
int doctor_print(FILE *out, const struct doctor *doctor, bool all);

/* {"findings": [{"severity", "check", "finding", "advice"}…]} */
int doctor_print_json(FILE *out, const struct doctor *doctor);
