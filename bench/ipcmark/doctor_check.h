#pragma once
/* What the files of checks share: reading the machine's files, and saying what was found. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipcmark/doctor.h"

/* The groups of checks, one file each. */
void doctor_check_cpu(struct doctor *doctor);
void doctor_check_load(struct doctor *doctor);
void doctor_check_cgroup(struct doctor *doctor);
void doctor_check_limits(struct doctor *doctor);
void doctor_check_kernel(struct doctor *doctor);

/* Adds a finding without advice. */
void doctor_say(struct doctor *doctor, enum doctor_severity severity, const char *check,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What to do about the last finding. */
void doctor_advise(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool doctor_is_live(const struct doctor *doctor);

enum { DOCTOR_FILE_MAX = 16384 };

/* The file below the root, cut to size, without its last newline. False: it cannot be read. */
bool doctor_read(const struct doctor *doctor, const char *path, char *text, size_t size);

/* The number that the file begins with; false when it cannot be read or holds none ("max"). */
bool doctor_read_number(const struct doctor *doctor, const char *path, int64_t *ret);

/* Whether the path exists below the root. */
bool doctor_has(const struct doctor *doctor, const char *path);

/* How many CPUs a list ("0-3,8") names. */
unsigned doctor_list_count(const char *list);

/* The soft limit of a line of /proc/self/limits, -1 for unlimited; false when it is not there. */
bool doctor_read_limit(const struct doctor *doctor, const char *name, int64_t *ret);
