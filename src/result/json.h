#pragma once
/*
 * Reading and writing JSON with messages that say where something is wrong.
 *
 * A reader is sticky: after the first error every call returns its default, so that a parser reads
 * all members and looks at `r` once. A member that is missing or null has the default; one of the
 * wrong type, or missing from a need_ call, is -EINVAL.
 */
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

struct json_reader {
	const char *file; /* the path, for messages */
	char where[224];  /* the place in it: "cell 'pingpong/pipe/…', run 2" */
	int r;
};

/* The place that later messages name. */
void json_reader_at(struct json_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Records -EINVAL with the file, the place and the text, unless there is an error already. */
void json_reader_fail(struct json_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

double json_read_number(
	struct json_reader *reader, const json_t *object, const char *key, double missing);
double json_need_number(struct json_reader *reader, const json_t *object, const char *key);
int64_t json_read_integer(
	struct json_reader *reader, const json_t *object, const char *key, int64_t missing);
const char *json_read_string(
	struct json_reader *reader, const json_t *object, const char *key, const char *missing);
const char *json_need_string(struct json_reader *reader, const json_t *object, const char *key);
int json_read_boolean(
	struct json_reader *reader, const json_t *object, const char *key, int missing);

/* NULL when it is missing and not needed, or on an error. */
json_t *json_read_array(struct json_reader *reader, const json_t *object, const char *key);
json_t *json_need_array(struct json_reader *reader, const json_t *object, const char *key);
json_t *json_need_object(struct json_reader *reader, const json_t *object, const char *key);

/* A file of at most 1 GiB. -EINVAL with the line when it is not JSON; *ret is a new reference. */
int json_load_path(const char *path, json_t **ret);

/* Sets a member; a NULL text or a number that is not finite is left out, as NaN is no JSON.
 * Bytes that are not UTF-8 become '?'. */
void json_put_string(json_t *object, const char *key, const char *value);
void json_put_number(json_t *object, const char *key, double value);
void json_put_integer(json_t *object, const char *key, int64_t value);
/* Takes the reference. */
void json_put(json_t *object, const char *key, json_t *value);

/* Writes the value on one line, with 15 significant digits. */
void json_write(FILE *out, const json_t *value);

/* An array with one line per element. */
void json_write_lines(FILE *out, const json_t *array);

static inline void json_freep(json_t **value)
{
	json_decref(*value);
}
