/* The axes of a cell as text, as JSON and as a struct: one table says which there are. */
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

void result_axes_put(void *axes_, const char *axis, const char *value)
{
	struct result_axes *axes = axes_;

	for (const struct text_axis *text = text_axes; text->name; text++)
		if (strcmp(axis, text->name) == 0)
			snprintf((char *)axes + text->offset, RESULT_AXIS_MAX, "%s", value);
	if (strcmp(axis, "size") == 0)
		axes->size_bytes = strtoull(value, NULL, 10);
	else if (strcmp(axis, "gap") == 0)
		axes->gap_ns = strtoll(value, NULL, 10);
	else if (strcmp(axis, "senders") == 0)
		axes->senders = (unsigned)strtoul(value, NULL, 10);
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
}
