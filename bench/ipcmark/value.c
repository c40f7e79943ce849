#include "ipcmark/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { SECONDS_MAX = 7 * 24 * 3600 };

static const char *const idle_policy_names[] = {"unset", "auto", "held", "free"};

int value_unsigned(const char *what, const char *text, unsigned min, unsigned max, unsigned *ret)
{
	char *end;

	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || number < min || number > max)
		return fail(
			-EINVAL, "%s: '%s' is not a number from %u to %u", what, text, min, max);
	*ret = (unsigned)number;
	return 0;
}

int value_seed(const char *what, const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long number = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)text[0]) || *end || errno)
		return fail(-EINVAL, "%s: '%s' is not a number of up to 64 bits", what, text);
	*ret = number;
	return 0;
}

int value_seconds(const char *what, const char *text, double *ret_seconds)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"min", 60}, {"h", 3600}};
	char *end;

	double number = strtod(text, &end);
	/* strtod() would also take "inf", "nan" and hexadecimal numbers. */
	bool good = strspn(text, "0123456789.") == (size_t)(end - text) && end > text;
	for (unsigned i = 0; good && i < sizeof(units) / sizeof(units[0]); i++) {
		double seconds = number * units[i].seconds;
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (!(seconds > 0 && seconds <= SECONDS_MAX))
			return fail(-EINVAL, "%s: '%s' is not in the range of 1 ns to a week", what,
				text);
		*ret_seconds = seconds;
		return 0;
	}
	return fail(
		-EINVAL, "%s: '%s' is not a duration (examples: 30, 0.5, 500ms, 2min)", what, text);
}

int value_bool(const char *what, const char *text, bool *ret)
{
	static const char *const names[] = {"no", "yes", "false", "true", "0", "1"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = i % 2;
			return 0;
		}
	}
	return fail(-EINVAL, "%s: '%s' is neither yes nor no", what, text);
}

int value_idle(const char *what, const char *text, enum idle_policy *ret)
{
	for (unsigned i = 1; i < sizeof(idle_policy_names) / sizeof(idle_policy_names[0]); i++) {
		if (strcmp(text, idle_policy_names[i]) == 0) {
			*ret = (enum idle_policy)i;
			return 0;
		}
	}
	return fail(-EINVAL, "%s: '%s' is none of held, free, auto", what, text);
}
