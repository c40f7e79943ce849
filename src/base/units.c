#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first, for *_format. */
static const struct unit size_units[] = {
	{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"B", 1}, {NULL, 0}};
static const struct unit duration_units[] = {
	{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}, {NULL, 0}};

static int parse(const char *text, const struct unit *units, const char *what, uint64_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno)
		return fail(-EINVAL, "'%s' is not a %s (examples: %s)", text, what,
			units == size_units ? "64B, 4KiB, 1MiB" : "10us, 1ms, 1s");
	uint64_t factor = *end ? 0 : 1;
	for (; units->name && !factor; units++)
		if (strcmp(end, units->name) == 0)
			factor = units->factor;
	if (!factor)
		return fail(-EINVAL, "'%s' is not a %s: unknown unit '%s'", text, what, end);
	if (number > INT64_MAX / factor)
		return fail(-EINVAL, "'%s' is too large for a %s", text, what);
	*ret = number * factor;
	return 0;
}

int size_parse(const char *text, size_t *ret_bytes)
{
	return trace(parse(text, size_units, "size", ret_bytes));
}

int duration_parse(const char *text, int64_t *ret_ns)
{
	uint64_t ns;
	int r = parse(text, duration_units, "duration", &ns);

	if (r < 0)
		return trace(r);
	*ret_ns = (int64_t)ns;
	return 0;
}

static char *format(char buffer[UNITS_TEXT_MAX], uint64_t value, const struct unit *unit)
{
	while (unit->factor > 1 && (value == 0 || value % unit->factor != 0))
		unit++;
	snprintf(buffer, UNITS_TEXT_MAX, "%llu%s", (unsigned long long)(value / unit->factor),
		unit->name);
	return buffer;
}

char *size_format(char buffer[UNITS_TEXT_MAX], size_t bytes)
{
	return format(buffer, bytes, size_units);
}

char *duration_format(char buffer[UNITS_TEXT_MAX], int64_t ns)
{
	return format(buffer, (uint64_t)ns, duration_units);
}

static char *human(
	char buffer[UNITS_TEXT_MAX], double value, const char *const *names, unsigned count)
{
	unsigned i = 0;

	/* 999.5 would be printed as 1000 of this unit. */
	while (i + 1 < count && fabs(value) >= 999.5) {
		value /= 1000;
		i++;
	}
	int decimals = fabs(value) < 9.995 ? 2 : fabs(value) < 99.95 ? 1 : 0;
	snprintf(buffer, UNITS_TEXT_MAX, "%.*f %s", decimals, value, names[i]);
	return buffer;
}

char *time_human(char buffer[UNITS_TEXT_MAX], double ns)
{
	static const char *const names[] = {"ns", "µs", "ms", "s"};
	return human(buffer, ns, names, 4);
}

char *rate_human(char buffer[UNITS_TEXT_MAX], double per_second)
{
	static const char *const names[] = {"/s", "k/s", "M/s", "G/s"};
	return human(buffer, per_second, names, 4);
}

char *bandwidth_human(char buffer[UNITS_TEXT_MAX], double bytes_per_second)
{
	static const char *const names[] = {"B/s", "kB/s", "MB/s", "GB/s"};
	return human(buffer, bytes_per_second, names, 4);
}
