/* The axes of a cell as text, as JSON and as a struct: one table says which there are. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/internal.h"
#include "result/own.h"

/* The axes that are text. */
static const struct text_axis {
	const char *name;
	size_t offset;
} text_axes[] = {
	{"workload", offsetof(struct result_axes, workload)},
	{"subject", offsetof(struct result_axes, subject)},
	{"exec", offsetof(struct result_axes, exec)},
	{"placement", offsetof(struct result_axes, placement)},
	{"touch", offsetof(struct result_axes, touch)},
	{"wait", offsetof(struct result_axes, wait)},
	{"idle", offsetof(struct result_axes, idle)},
	{NULL, 0},
};

static const struct text_axis *text_axis_find(const char *name)
{
	for (const struct text_axis *text = text_axes; text->name; text++)
		if (strcmp(name, text->name) == 0)
			return text;
	return NULL;
}

static void param_put(struct result_axes *axes, const char *key, const char *value)
{
	struct result_param *param = axes->params;

	while (param < axes->params + axes->param_count && strcmp(param->key, key) != 0)
		param++;
	if (param == axes->params + RESULT_PARAMS_MAX || strlen(key) >= sizeof(param->key) ||
		strlen(value) >= sizeof(param->value))
		return;
	if (param == axes->params + axes->param_count)
		axes->param_count++;
	snprintf(param->key, sizeof(param->key), "%s", key);
	snprintf(param->value, sizeof(param->value), "%s", value);
}

void result_axes_put(void *axes_, const char *axis, const char *value)
{
	struct result_axes *axes = axes_;
	const struct text_axis *text = text_axis_find(axis);

	if (text)
		snprintf((char *)axes + text->offset, RESULT_AXIS_MAX, "%s", value);
	else if (strcmp(axis, "size") == 0)
		axes->size_bytes = strtoull(value, NULL, 10);
	else if (strcmp(axis, "gap") == 0)
		axes->gap_ns = strtoll(value, NULL, 10);
	else if (strcmp(axis, "senders") == 0)
		axes->senders = (unsigned)strtoul(value, NULL, 10);
	else
		param_put(axes, axis, value);
}

const char *result_axis(
	const struct result_axes *axes, const char *name, char text[RESULT_AXIS_MAX])
{
	const struct text_axis *text_axis = text_axis_find(name);
	int64_t number = 0;

	for (unsigned i = 0; i < axes->param_count; i++)
		if (strcmp(axes->params[i].key, name) == 0)
			return axes->params[i].value;
	if (text_axis) {
		const char *value = (const char *)axes + text_axis->offset;
		return value[0] ? value : NULL;
	}
	if (strcmp(name, "size") == 0)
		number = (int64_t)axes->size_bytes;
	else if (strcmp(name, "gap") == 0)
		number = axes->gap_ns;
	else if (strcmp(name, "senders") == 0)
		number = axes->senders;
	snprintf(text, RESULT_AXIS_MAX, "%" PRId64, number);
	return number ? text : NULL;
}

/* Whether all of the text is a number, and which. */
static bool is_number(const char *text, int64_t *ret)
{
	char *end;

	*ret = strtoll(text, &end, 10);
	return *text && !*end;
}

int64_t result_axis_number(const struct result_axes *axes, const char *name, int64_t missing)
{
	char text[RESULT_AXIS_MAX];
	const char *value = result_axis(axes, name, text);
	int64_t number;

	return value && is_number(value, &number) ? number : missing;
}

static void params_json(const struct result_axes *axes, json_t *json)
{
	int64_t number;

	for (unsigned i = 0; i < axes->param_count; i++) {
		const struct result_param *param = &axes->params[i];
		if (is_number(param->value, &number))
			json_put_integer(json, param->key, number);
		else
			json_put_string(json, param->key, param->value);
	}
}

/* What has no member of its own; what is neither text nor integer stays in the JSON alone. */
static void params_read(const json_t *json, struct result_axes *ret)
{
	char text[RESULT_AXIS_MAX];
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)json, key, value) {
		if (text_axis_find(key) || strcmp(key, "size") == 0 || strcmp(key, "gap") == 0 ||
			strcmp(key, "senders") == 0)
			continue;
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		if (json_is_integer(value))
			result_axes_put(ret, key, text);
		else if (json_is_string(value))
			result_axes_put(ret, key, json_string_value(value));
	}
}

json_t *result_axes_json(const struct result_axes *axes)
{
	json_t *json = own(json_object());

	for (const struct text_axis *text = text_axes; text->name; text++) {
		const char *value = (const char *)axes + text->offset;
		if (value[0])
			json_put_string(json, text->name, value);
	}
	if (axes->size_bytes)
		json_put_integer(json, "size", (int64_t)axes->size_bytes);
	if (axes->gap_ns)
		json_put_integer(json, "gap", axes->gap_ns);
	if (axes->senders)
		json_put_integer(json, "senders", axes->senders);
	params_json(axes, json);
	return json;
}

void result_axes_read(struct json_reader *reader, const json_t *json, struct result_axes *ret)
{
	*ret = (struct result_axes){0};
	for (const struct text_axis *text = text_axes; text->name; text++)
		result_axes_put(ret, text->name, json_read_string(reader, json, text->name, ""));
	int64_t size = json_read_integer(reader, json, "size", 0);
	int64_t gap = json_read_integer(reader, json, "gap", 0);
	int64_t senders = json_read_integer(reader, json, "senders", 0);
	if (size < 0 || gap < 0 || senders < 0 || senders > RESULT_SIDES_MAX)
		json_reader_fail(reader, "'size', 'gap' or 'senders' is out of range");
	if (!ret->workload[0] || !ret->subject[0])
		json_reader_fail(reader, "'axes' has no 'workload' or no 'subject'");
	ret->size_bytes = (size_t)size;
	ret->gap_ns = gap;
	ret->senders = (unsigned)senders;
	params_read(json, ret);
}
