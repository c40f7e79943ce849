#include "harness/param.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

static const char *const lock_choices[] = {"on", "off", NULL};
static const char *const end_choices[] = {"sentinel", "join", NULL};

/* The upper ends are those of the members' contracts, or more than anybody measures. */
const struct param param_table[PARAM_COUNT] = {
	[PARAM_GAP] = {"gap", PARAM_KIND_DURATION, 1, 10 * NS_PER_S, NULL, NULL},
	[PARAM_SENDERS] = {"senders", PARAM_KIND_COUNT, 1, 32, NULL, NULL},
	[PARAM_RECEIVERS] = {"receivers", PARAM_KIND_COUNT, 1, 32, NULL, NULL},
	[PARAM_N] = {"n", PARAM_KIND_COUNT, 0, 1000000000, NULL, NULL},
	[PARAM_TASKS] = {"tasks", PARAM_KIND_COUNT, 1, 10000000, NULL, NULL},
	[PARAM_CHUNK] = {"chunk", PARAM_KIND_COUNT, 0, 10000000, "auto", NULL},
	[PARAM_WORKERS] = {"workers", PARAM_KIND_COUNT, 1, 64, NULL, NULL},
	[PARAM_CONTENDERS] = {"contenders", PARAM_KIND_COUNT, 1, 32, NULL, NULL},
	[PARAM_SECTION] = {"section", PARAM_KIND_DURATION, 0, NS_PER_S, NULL, NULL},
	[PARAM_RESIDENT] = {"resident", PARAM_KIND_SIZE, 0, (int64_t)64 << 30, NULL, NULL},
	[PARAM_BUYERS] = {"buyers", PARAM_KIND_COUNT, 1, 10000, NULL, NULL},
	[PARAM_TICKETS] = {"tickets", PARAM_KIND_COUNT, 1, 10000000, NULL, NULL},
	[PARAM_CONSUMERS] = {"consumers", PARAM_KIND_COUNT, 1, 1000, NULL, NULL},
	[PARAM_CONNECTIONS] = {"connections", PARAM_KIND_COUNT, 1, 10000, NULL, NULL},
	[PARAM_LOCK] = {"lock", PARAM_KIND_CHOICE, 0, 1, NULL, lock_choices},
	[PARAM_END] = {"end", PARAM_KIND_CHOICE, 0, 1, NULL, end_choices},
};

static int out_of_range(enum param_key key, const char *text)
{
	const struct param *param = &param_table[key];
	char min[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];

	if (param->choices)
		return fail(-EINVAL, "'%s' is no value of the axis %s", text, param->key);
	return fail(-EINVAL, "%s=%s is not within %s … %s", param->key, text,
		param_format(key, param->min, min), param_format(key, param->max, max));
}

int param_parse(enum param_key key, const char *text, int64_t *ret_value)
{
	const struct param *param = &param_table[key];
	int64_t value = -1;
	size_t bytes = 0;
	char *end;
	int r = 0;

	if (param->zero && strcmp(text, param->zero) == 0) {
		*ret_value = 0;
		return 0;
	}
	switch (param->kind) {
	case PARAM_KIND_COUNT:
		value = strtoll(text, &end, 10);
		/* Only digits: strtoll() takes blanks and signs, too. */
		if (!*text || strspn(text, "0123456789") != strlen(text))
			value = -1;
		break;
	case PARAM_KIND_SIZE:
		r = size_parse(text, &bytes);
		value = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
		break;
	case PARAM_KIND_DURATION:
		r = duration_parse(text, &value);
		break;
	case PARAM_KIND_CHOICE:
		for (unsigned i = 0; param->choices[i]; i++)
			if (strcmp(param->choices[i], text) == 0)
				value = i;
		break;
	}
	if (r < 0)
		return trace(r);
	if (value < param->min || value > param->max)
		return out_of_range(key, text);
	*ret_value = value;
	return 0;
}

char *param_format(enum param_key key, int64_t value, char text[UNITS_TEXT_MAX])
{
	const struct param *param = &param_table[key];

	assert(value >= 0);
	if (param->zero && value == 0)
		snprintf(text, UNITS_TEXT_MAX, "%s", param->zero);
	else if (param->kind == PARAM_KIND_SIZE)
		size_format(text, (size_t)value);
	else if (param->kind == PARAM_KIND_DURATION)
		duration_format(text, value);
	else
		param_value(key, value, text);
	return text;
}

char *param_value(enum param_key key, int64_t value, char text[UNITS_TEXT_MAX])
{
	const struct param *param = &param_table[key];

	if (param->kind == PARAM_KIND_CHOICE)
		snprintf(text, UNITS_TEXT_MAX, "%s", param->choices[value]);
	else
		snprintf(text, UNITS_TEXT_MAX, "%" PRId64, value);
	return text;
}

int param_find(const char *key)
{
	for (int i = 0; i < PARAM_COUNT; i++)
		if (strcmp(param_table[i].key, key) == 0)
			return i;
	return -1;
}

char *param_default(const char *list, unsigned i, char text[UNITS_TEXT_MAX])
{
	for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
		size_t n = strcspn(list, " ");
		assert(n < UNITS_TEXT_MAX);
		if (i-- == 0) {
			memcpy(text, list, n);
			text[n] = '\0';
			return text;
		}
		list += n;
	}
	return NULL;
}
