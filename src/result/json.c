#include "result/json.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "result/own.h"

void json_reader_at(struct json_reader *reader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reader->where, sizeof(reader->where), format, arguments);
	va_end(arguments);
}

void json_reader_fail(struct json_reader *reader, const char *format, ...)
{
	char text[256];
	va_list arguments;

	if (reader->r < 0)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	reader->r = fail(-EINVAL, "%s: %s%s%s", reader->file, reader->where,
		reader->where[0] ? ": " : "", text);
}

/* The member if it is there and of the type; NULL otherwise. */
static json_t *member(struct json_reader *reader, const json_t *object, const char *key,
	bool needed, bool (*is)(const json_t *), const char *type)
{
	json_t *value = json_object_get(object, key);

	if (reader->r < 0)
		return NULL;
	if (!value || json_is_null(value)) {
		if (needed)
			json_reader_fail(reader, "'%s' is missing", key);
		return NULL;
	}
	if (!is(value)) {
		json_reader_fail(reader, "'%s' is not %s", key, type);
		return NULL;
	}
	return value;
}

static bool is_number(const json_t *value)
{
	return json_is_number(value);
}

static bool is_integer(const json_t *value)
{
	return json_is_integer(value);
}

static bool is_string(const json_t *value)
{
	return json_is_string(value);
}

static bool is_boolean(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_array(const json_t *value)
{
	return json_is_array(value);
}

static bool is_object(const json_t *value)
{
	return json_is_object(value);
}

double json_read_number(
	struct json_reader *reader, const json_t *object, const char *key, double missing)
{
	json_t *value = member(reader, object, key, false, is_number, "a number");
	return value ? json_number_value(value) : missing;
}

double json_need_number(struct json_reader *reader, const json_t *object, const char *key)
{
	return json_number_value(member(reader, object, key, true, is_number, "a number"));
}

int64_t json_read_integer(
	struct json_reader *reader, const json_t *object, const char *key, int64_t missing)
{
	json_t *value = member(reader, object, key, false, is_integer, "an integer");
	return value ? json_integer_value(value) : missing;
}

const char *json_read_string(
	struct json_reader *reader, const json_t *object, const char *key, const char *missing)
{
	json_t *value = member(reader, object, key, false, is_string, "a string");
	return value ? json_string_value(value) : missing;
}

const char *json_need_string(struct json_reader *reader, const json_t *object, const char *key)
{
	json_t *value = member(reader, object, key, true, is_string, "a string");
	return value ? json_string_value(value) : "";
}

int json_read_boolean(
	struct json_reader *reader, const json_t *object, const char *key, int missing)
{
	json_t *value = member(reader, object, key, false, is_boolean, "true or false");
	return value ? json_is_true(value) : missing;
}

json_t *json_read_array(struct json_reader *reader, const json_t *object, const char *key)
{
	return member(reader, object, key, false, is_array, "an array");
}

json_t *json_need_array(struct json_reader *reader, const json_t *object, const char *key)
{
	return member(reader, object, key, true, is_array, "an array");
}

json_t *json_need_object(struct json_reader *reader, const json_t *object, const char *key)
{
	return member(reader, object, key, true, is_object, "an object");
}

int json_load_path(const char *path, json_t **ret)
{
	_cleanup_(fclosep) FILE *file = fopen(path, "re");
	json_error_t error;

	if (!file)
		return fail(-errno, "%s: cannot be opened: %s", path, strerror(errno));
	json_t *value = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (!value && ferror(file))
		return fail(-EIO, "%s: cannot be read", path);
	if (!value)
		return fail(-EINVAL, "%s: line %d: not JSON: %s", path, error.line, error.text);
	*ret = value;
	return 0;
}

void json_put(json_t *object, const char *key, json_t *value)
{
	own(value);
	if (json_object_set_new(object, key, value) < 0)
		own(NULL);
}

void json_put_string(json_t *object, const char *key, const char *value)
{
	if (!value)
		return;
	json_t *string = json_string(value);
	if (!string) {
		_cleanup_(freep) char *ascii = own_string(value);
		for (char *c = ascii; *c; c++)
			if (*c & 0x80)
				*c = '?';
		string = json_string(ascii);
	}
	json_put(object, key, string);
}

void json_put_number(json_t *object, const char *key, double value)
{
	if (isfinite(value))
		json_put(object, key, json_real(value));
}

void json_put_integer(json_t *object, const char *key, int64_t value)
{
	json_put(object, key, json_integer(value));
}

void json_write(FILE *out, const json_t *value)
{
	/* An error of the stream is seen by whoever closes it. */
	json_dumpf(value, out, JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY);
}

void json_write_lines(FILE *out, const json_t *array)
{
	size_t index;
	json_t *value;

	fputs("[", out);
	json_array_foreach (array, index, value) {
		fputs(index ? ",\n  " : "\n  ", out);
		json_write(out, value);
	}
	fputs("]", out);
}
