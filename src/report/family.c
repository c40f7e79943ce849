#include "report/family.h"

#include <stdlib.h>
#include <string.h>

#include "result/own.h"

static const struct {
	const char *workload;
	enum view_family family;
} families[] = {
	{"fib", VIEW_POOL},
	{"map_tiny", VIEW_POOL},
	{"batch", VIEW_POOL},
	{"submit", VIEW_POOL},
	{"submit_idle", VIEW_POOL},
	{"fetch", VIEW_POOL},
	{"uncontended", VIEW_LOCK},
	{"contended", VIEW_LOCK},
	{"handover", VIEW_LOCK},
	{"notify", VIEW_LOCK},
	{"barrier", VIEW_LOCK},
	{"value_add", VIEW_LOCK},
	{"spawn", VIEW_SPAWN},
	{"ticket", VIEW_SCENARIO},
	{"producer_consumer", VIEW_SCENARIO},
	{"terminal", VIEW_SCENARIO},
	{"status", VIEW_SCENARIO},
	{"talk", VIEW_SCENARIO},
};

enum view_family family_of_axes(const struct result_axes *axes)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strcmp(axes->workload, families[i].workload) == 0)
			return families[i].family;
	return VIEW_TRANSPORT;
}

/* How a param reads in a heading, %s being its value. */
static const struct {
	const char *key, *text, *one; /* one: of the value 1, where that differs */
	enum { COUNT, DURATION, SIZE, LOCK } kind;
	bool zero_is_auto;
} params[] = {
	{"n", "n = %s", NULL, COUNT, false},
	{"tasks", "%s tasks", "%s task", COUNT, false},
	{"chunk", "chunks of %s", NULL, COUNT, true},
	{"workers", "%s workers", "%s worker", COUNT, false},
	{"contenders", "%s contenders", "%s contender", COUNT, false},
	{"section", "sections of %s", NULL, DURATION, false},
	{"resident", "%s resident", NULL, SIZE, false},
	{"receivers", "%s receivers", "%s receiver", COUNT, false},
	{"buyers", "%s buyers", "%s buyer", COUNT, false},
	{"tickets", "%s tickets", "%s ticket", COUNT, false},
	{"consumers", "%s consumers", "%s consumer", COUNT, false},
	{"connections", "%s connections", "%s connection", COUNT, false},
	{"lock", "%s lock", NULL, LOCK, false},
	{"end", "ended by %s", NULL, COUNT, false},
};
enum { PARAM_COUNT = sizeof(params) / sizeof(params[0]) };

static size_t find_param(const char *key)
{
	size_t i = 0;

	while (i < PARAM_COUNT && strcmp(params[i].key, key) != 0)
		i++;
	return i;
}

char *family_value(char buffer[VIEW_TEXT_MAX], const struct result_param *param)
{
	size_t i = find_param(param->key);
	char *end;
	long long value = strtoll(param->value, &end, 10);

	snprintf(buffer, VIEW_TEXT_MAX, "%s", param->value);
	if (i == PARAM_COUNT || *end || !param->value[0] || value < 0)
		return buffer;
	if (params[i].zero_is_auto && value == 0)
		snprintf(buffer, VIEW_TEXT_MAX, "auto");
	else if (params[i].kind == DURATION)
		view_duration(buffer, value);
	else if (params[i].kind == SIZE)
		view_size(buffer, (size_t)value);
	return buffer;
}

static void put_param(FILE *out, const struct result_param *param)
{
	char value[VIEW_TEXT_MAX];
	size_t i = find_param(param->key);

	family_value(value, param);
	if (i == PARAM_COUNT) {
		fprintf(out, "%s=%s", param->key, value);
		return;
	}
	if (params[i].kind == LOCK)
		snprintf(value, sizeof(value), "%s",
			strcmp(param->value, "off") == 0 ? "no" : "with");
	const char *text =
		params[i].one && strcmp(value, "1") == 0 ? params[i].one : params[i].text;
	if (params[i].zero_is_auto && strcmp(value, "auto") == 0)
		text = "automatic chunks";
	const char *hole = strstr(text, "%s");
	if (hole)
		fprintf(out, "%.*s%s%s", (int)(hole - text), text, value, hole + 2);
	else
		fputs(text, out);
}

char *family_params(char buffer[VIEW_LABEL_MAX], const struct result_axes *axes, const char *but)
{
	FILE *out = own(fmemopen(buffer, VIEW_LABEL_MAX, "w"));
	const char *comma = "";

	buffer[0] = '\0';
	/* In the order of the table, which is that of reading; then those that it does not know. */
	for (size_t p = 0; p <= PARAM_COUNT; p++)
		for (unsigned i = 0; i < axes->param_count; i++) {
			const struct result_param *param = &axes->params[i];
			if (find_param(param->key) != p || (but && strcmp(param->key, but) == 0))
				continue;
			fputs(comma, out);
			put_param(out, param);
			comma = ", ";
		}
	fclose(out);
	buffer[VIEW_LABEL_MAX - 1] = '\0';
	return buffer;
}

static int compare_values(const char *a, const char *b)
{
	char *a_end, *b_end;
	long long x = strtoll(a, &a_end, 10), y = strtoll(b, &b_end, 10);

	if (*a && *b && !*a_end && !*b_end)
		return (x > y) - (x < y);
	return strcmp(a, b);
}

/* The next param that counts; param_count at the end. */
static unsigned skip(const struct result_axes *axes, unsigned i, const char *but)
{
	while (i < axes->param_count && but && strcmp(axes->params[i].key, but) == 0)
		i++;
	return i;
}

int family_compare_params(const struct result_axes *a, const struct result_axes *b, const char *but)
{
	unsigned i = skip(a, 0, but), j = skip(b, 0, but);
	int order;

	while (i < a->param_count && j < b->param_count) {
		order = strcmp(a->params[i].key, b->params[j].key);
		if (!order)
			order = compare_values(a->params[i].value, b->params[j].value);
		if (order)
			return order;
		i = skip(a, i + 1, but);
		j = skip(b, j + 1, but);
	}
	return (i < a->param_count) - (j < b->param_count);
}

double family_tasks(const struct result_axes *axes)
{
	int64_t tasks =
		family_of_axes(axes) == VIEW_POOL ? result_axis_number(axes, "tasks", 1) : 1;

	return tasks > 0 ? (double)tasks : 1;
}

struct estimate family_task_time(const struct view_row *row)
{
	struct estimate time = row->summary->time;
	double tasks = family_tasks(&row->summary->cell->axes);

	time.value /= tasks;
	time.low /= tasks;
	time.high /= tasks;
	return time;
}

char *family_per(char buffer[VIEW_TEXT_MAX], const struct view_group *group)
{
	const char *unit = group->unit && group->unit[0] ? group->unit : "round";

	if (group->throughput)
		snprintf(buffer, VIEW_TEXT_MAX, "%.60ss a second", unit);
	else
		snprintf(buffer, VIEW_TEXT_MAX, "per %.60s",
			result_axis_number(group->axes, "tasks", 0) > 0 &&
					family_of_axes(group->axes) == VIEW_POOL
				? "task"
				: unit);
	return buffer;
}

const char *family_exec(const struct result_axes *axes)
{
	return strcmp(axes->exec, "process") == 0  ? "processes"
	       : strcmp(axes->exec, "thread") == 0 ? "threads"
						   : axes->exec;
}

char *family_factor(char buffer[VIEW_TEXT_MAX], double factor)
{
	int digits = factor < 0.1 ? 3 : factor < 10 ? 2 : factor < 100 ? 1 : 0;

	snprintf(buffer, VIEW_TEXT_MAX, "%.*f ×", digits, factor);
	return buffer;
}

unsigned family_count_held(const char *words, const struct result_axes *axes, unsigned *ret_all)
{
	unsigned held = 0;

	*ret_all = 0;
	for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
		char word[64], text[RESULT_AXIS_MAX];
		size_t length = strcspn(words, " ");
		snprintf(word, sizeof(word), "%.*s", (int)length, words);
		words += length;
		char *value = strchr(word, '=');
		*ret_all += 1;
		if (!value)
			continue;
		*value++ = '\0';
		const char *found = result_axis(axes, word, text);
		held += found && strcmp(found, value) == 0;
	}
	return held;
}
